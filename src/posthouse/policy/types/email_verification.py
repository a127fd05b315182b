"""Proof that an address is somebody's: the mail that ends a sign-up.

Why these numbers: the reader has just signed up and is waiting, but may also come back tomorrow, so the link
lives a day and the waits stretch to an hour. A fresh mailbox behind greylisting is the usual case here, hence
the tries at 15 s, 60 s and 5 min. A second copy does no harm: ``again``.
"""

from datetime import timedelta
from typing import Final

from posthouse.model.message_type import InDoubtRule, Keep, Lane, MessageClass, MessageType, Tracking

EMAIL_VERIFICATION: Final = MessageType(
    name="email_verification",
    message_class=MessageClass.AUTHENTICATION,
    lane=Lane.INSTANT,
    target=timedelta(seconds=30),
    limit=timedelta(minutes=2),
    dedupe_window=timedelta(hours=1),
    expires_after=timedelta(hours=24),
    waits=tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900, 3600)),
    tracking=Tracking.NEVER,
    in_doubt=InDoubtRule.AGAIN,
    keep=Keep.BRIEF,
    auto_submitted=True,
)
