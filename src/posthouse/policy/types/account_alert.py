"""Changes to an account that are no threat, and what comes without a type: ``account_alert``, ``transactional``.

Why these numbers: billing failed, a plan changed: a minute is what the reader expects, five are too many, and
three days cover a weekend's outage at their end. The same alert again after four hours is news. ``transactional``
is an account alert in everything but two cells: its key lives the usual 72 hours, because nothing is known of
what it repeats, and it does not call itself auto-generated, because a person may have written it. Tracking is
off unless asked for. A second copy does no harm: ``again``.
"""

from datetime import timedelta
from typing import Final

from posthouse.model.message_type import InDoubtRule, Lane, MessageClass, MessageType, Tracking


def _alert(name: str, dedupe_window: timedelta, *, auto_submitted: bool) -> MessageType:
    return MessageType(
        name=name,
        message_class=MessageClass.TRANSACTIONAL,
        lane=Lane.PROMPT,
        target=timedelta(minutes=1),
        limit=timedelta(minutes=5),
        dedupe_window=dedupe_window,
        expires_after=timedelta(hours=72),
        waits=tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200)),
        tracking=Tracking.OFF,
        in_doubt=InDoubtRule.AGAIN,
        auto_submitted=auto_submitted,
    )


ACCOUNT_ALERT: Final = _alert("account_alert", timedelta(hours=4), auto_submitted=True)
TRANSACTIONAL: Final = _alert("transactional", timedelta(hours=72), auto_submitted=False)
