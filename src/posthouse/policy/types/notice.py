"""What a running relationship brings with it: subscription notices, notifications, digests.

Why these numbers: nobody waits for them, so within the hour is the promise and no limit is called unacceptable;
after three days they are stale. Four waits, soon four hours apart, spare the receiver. A digest twice is a
nuisance, none is hardly missed: ``hold``.
"""

from datetime import timedelta
from typing import Final

from posthouse.model.message_type import InDoubtRule, Lane, MessageClass, MessageType, Tracking


def _notice(name: str) -> MessageType:
    return MessageType(
        name=name,
        message_class=MessageClass.TRANSACTIONAL,
        lane=Lane.ROUTINE,
        target=timedelta(hours=1),
        limit=None,
        dedupe_window=timedelta(hours=72),
        expires_after=timedelta(hours=72),
        waits=tuple(timedelta(seconds=seconds) for seconds in (60, 300, 1800, 14400)),
        tracking=Tracking.MAY,
        in_doubt=InDoubtRule.HOLD,
    )


SUBSCRIPTION: Final = _notice("subscription")
NOTIFICATION: Final = _notice("notification")
DIGEST: Final = _notice("digest")
