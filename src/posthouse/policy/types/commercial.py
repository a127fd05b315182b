"""What the sender wants, not the reader: newsletters, promotions, onboarding, re-engagement.

Why these numbers: no promise of time at all; the bulk lane takes what the others leave. Three slow waits keep a
campaign from pressing a receiver that has said *later*. Twice is a complaint: ``hold``. These can never be
transactional, whatever a caller says (P2), and are refused on that stream.
"""

from datetime import timedelta
from typing import Final

from posthouse.model.message_type import InDoubtRule, Lane, MessageClass, MessageType, Tracking


def _commercial(name: str) -> MessageType:
    return MessageType(
        name=name,
        message_class=MessageClass.COMMERCIAL,
        lane=Lane.BULK,
        target=None,
        limit=None,
        dedupe_window=timedelta(hours=72),
        expires_after=timedelta(hours=72),
        waits=tuple(timedelta(seconds=seconds) for seconds in (900, 3600, 14400)),
        tracking=Tracking.MAY,
        in_doubt=InDoubtRule.HOLD,
    )


NEWSLETTER: Final = _commercial("newsletter")
PROMOTION: Final = _commercial("promotion")
ONBOARDING: Final = _commercial("onboarding")
REENGAGEMENT: Final = _commercial("reengagement")
