"""The one table of transitions, and everything that writes a state of a delivery, compared with it."""

import re
from typing import Final

import pytest

from posthouse.model.delivery import (
    IN_QUEUE,
    KEY_FREED,
    KEY_FREED_EVENTS,
    STATE_EVENTS,
    TRANSITIONS,
    DeliveryState,
    message_status,
)
from posthouse.model.event import EventType
from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.policy.recipients.feedback import consequence
from tests.house.test_borders import constants
from tests.house.tree import product

S = DeliveryState
NEW: Final = None
# The statements that write a state as text: module, state, and the states that it may come from.
WRITES: Final[dict[tuple[str, DeliveryState], tuple[DeliveryState | None, ...]]] = {
    ("store/messages/accept.py", S.QUEUED): (NEW,),
    ("store/messages/accept.py", S.SUPPRESSED): (NEW,),
    ("store/messages/cancel.py", S.CANCELLED): (S.QUEUED,),
    ("store/messages/resend.py", S.QUEUED): (S.IN_DOUBT, S.FAILED),
    ("store/recipients/erasure.py", S.SUPPRESSED): (S.QUEUED, S.DEFERRED, S.IN_DOUBT),
}


def written_states() -> set[tuple[str, DeliveryState]]:
    """Every state that stands as text in a statement that writes events."""
    found = set()
    for module in product():
        place = module.place.removeprefix("src/posthouse/")
        for _, text in constants(module):
            if place.startswith("store/") and "insert into event" in text:
                states = re.findall(r"'message\.(\w+)'", text)
                found |= {(place, S(state)) for state in states if state in set(S)}
    return found


def test_every_statement_that_writes_a_state_is_known() -> None:
    assert written_states() == set(WRITES)


def test_what_statements_write_is_in_the_table() -> None:
    changes = {(place, before, after) for (place, after), befores in WRITES.items() for before in befores if before is not NEW}
    assert {change for change in changes if change[2] not in TRANSITIONS[change[1]]} == set()


def test_no_module_of_the_store_lists_the_states_as_text() -> None:
    words = {f"message.{state}" for state in S}
    listed = [
        f"{module.place}:{line}"
        for module in product()
        if module.room == "store"
        for line, text in constants(module)
        if text in words
    ]
    assert listed == []


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("kind", FeedbackKind)
def test_feedback_of_any_kind_changes_a_delivery_only_as_the_table_allows(kind: FeedbackKind, state: DeliveryState) -> None:
    event = consequence(Feedback(kind=kind, suppresses=True), state).event  # an illegal change raises
    if event in STATE_EVENTS:
        assert S(event.removeprefix("message.")) in TRANSITIONS[state]


def test_the_table_names_every_state_and_no_state_follows_itself() -> None:
    assert set(TRANSITIONS) == set(S)
    assert not [state for state, followers in TRANSITIONS.items() if state in followers]


def test_what_leads_out_of_the_queue_never_leads_back_but_by_a_resend() -> None:
    back = {state for state, followers in TRANSITIONS.items() if followers & IN_QUEUE and state not in IN_QUEUE}
    assert back == {S.IN_DOUBT, S.FAILED}


def test_the_events_of_states_are_event_types() -> None:
    assert set(STATE_EVENTS) <= {event.value for event in EventType}
    assert {event.removeprefix("message.") for event in KEY_FREED_EVENTS} == KEY_FREED


def test_a_messages_status_is_the_first_in_the_contracts_order() -> None:
    assert message_status([S.DELIVERED, S.BOUNCED, S.DEFERRED]) is S.DEFERRED
