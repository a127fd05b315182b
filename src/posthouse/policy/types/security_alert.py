"""Something happened to an account that its owner must know: a new device, a changed password.

Why these numbers: a delay defeats the purpose, so a minute is the target; but a late warning is still worth
having, so it is tried for three days. The same alarm again after four hours is a new alarm. Being warned twice
is better than not at all: ``again``. Never tracked. Its class alone passes a complaint.
"""

from datetime import timedelta
from typing import Final

from posthouse.model.message_type import InDoubtRule, Lane, MessageClass, MessageType, Tracking

SECURITY_ALERT: Final = MessageType(
    name="security_alert",
    message_class=MessageClass.SECURITY,
    lane=Lane.PROMPT,
    target=timedelta(minutes=1),
    limit=timedelta(minutes=5),
    dedupe_window=timedelta(hours=4),
    expires_after=timedelta(hours=72),
    waits=tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 7200)),
    tracking=Tracking.NEVER,
    in_doubt=InDoubtRule.AGAIN,
    auto_submitted=True,
)
