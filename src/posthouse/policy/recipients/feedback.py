"""What feedback changes: a kind of feedback and a delivery's state give an event, a cause to suppress, or nothing.

Facts come in any order and more than once, so what a delivery ends as depends on which facts came and not on their order:
a state only rises (sent, delivered, bounced), a bounce beats a delivery, because it is what comes after it.
Feedback on a delivery that was never sent, or that we still attempt, is ignored. An automatic reply and a report of continued
attempts are events and change nothing.

Must never know: how feedback came, how it is stored.
"""

from typing import Any, Final

import msgspec

from posthouse.model.delivery import DeliveryState, check_transition
from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.suppression import Cause

_RANK: Final = {DeliveryState.IN_DOUBT: 0, DeliveryState.SENT: 0, DeliveryState.DELIVERED: 1, DeliveryState.BOUNCED: 2}
_NEW_STATES: Final = {
    FeedbackKind.DELIVERED: DeliveryState.DELIVERED,
    FeedbackKind.HARD: DeliveryState.BOUNCED,
    FeedbackKind.SOFT: DeliveryState.BOUNCED,
    FeedbackKind.BLOCKED: DeliveryState.BOUNCED,
}
_EVENTS: Final = {
    FeedbackKind.COMPLAINT: "message.complained",
    FeedbackKind.OPENED: "message.opened",
    FeedbackKind.CLICKED: "message.clicked",
    FeedbackKind.UNSUBSCRIBED: "message.unsubscribed",
    FeedbackKind.AUTO_REPLY: "message.auto_replied",
    FeedbackKind.DELAYED: "message.delayed",
}
_CAUSES: Final = {
    FeedbackKind.HARD: Cause.HARD_BOUNCE,
    FeedbackKind.COMPLAINT: Cause.COMPLAINT,
    FeedbackKind.UNSUBSCRIBED: Cause.UNSUBSCRIBE,
}
_AFTER_SENDING: Final = frozenset({*_RANK})


class Consequence(msgspec.Struct, frozen=True):
    """``event``: its type, None for none. ``cause``: the address is to be suppressed for it. ``soft``: it counts against the
    mailbox.
    """

    event: str | None = None
    cause: Cause | None = None
    soft: bool = False


NOTHING: Final = Consequence()


def consequence(feedback: Feedback, state: DeliveryState) -> Consequence:
    """What follows for a delivery in that state. Errors: IllegalTransition, where the ranks above contradict the table."""
    if state not in _AFTER_SENDING:
        return NOTHING
    cause = _CAUSES.get(feedback.kind)
    if feedback.kind is FeedbackKind.HARD and not feedback.suppresses:
        cause = None
    if feedback.kind in _EVENTS:
        return Consequence(_EVENTS[feedback.kind], cause)
    new_state = _NEW_STATES.get(feedback.kind)
    if new_state is None:
        return NOTHING
    rises = _RANK[new_state] > _RANK[state]
    if rises:
        check_transition(state, new_state)
    return Consequence(f"message.{new_state.value}" if rises else None, cause, soft=rises and feedback.kind is FeedbackKind.SOFT)


def data_of(feedback: Feedback, source: str, *, suppressed: bool) -> dict[str, Any]:
    """The event's data, in the contract's words; what is empty is left out."""
    data: dict[str, Any] = {"source": source}
    if feedback.kind in (FeedbackKind.HARD, FeedbackKind.SOFT, FeedbackKind.BLOCKED):
        data |= {"kind": feedback.kind.value, "reason": feedback.reason}
    if feedback.reply_code:
        data["replyCode"] = feedback.reply_code
    if feedback.enhanced_code:
        data["enhancedCode"] = feedback.enhanced_code
    if feedback.reply and feedback.kind is not FeedbackKind.AUTO_REPLY:  # its subject, which may quote ours and the code in it
        data["reply"] = feedback.reply
    if suppressed:
        data["suppressed"] = True
    if feedback.url:
        data["url"] = feedback.url
    if feedback.bot:
        data["bot"] = True
    return data
