"""What money changed hands for: order confirmations, receipts, payments, refunds.

Why these numbers: buyers look for the confirmation while they still stand in the shop, so 30 s; the three quick
waits (10 s, 1 min, 5 min) are the three retries people expect, then the gaps widen to four hours for the rest of
three days. A second receipt makes people fear a second charge, none can be sent again from the order: ``hold``.
Kept 400 days, because a receipt of last year must still be readable.
"""

from datetime import timedelta
from typing import Final

from posthouse.model.message_type import InDoubtRule, Keep, Lane, MessageClass, MessageType, Tracking

_WAITS: Final = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 3600, 7200, 14400))


def _record(name: str, dedupe_window: timedelta) -> MessageType:
    return MessageType(
        name=name,
        message_class=MessageClass.TRANSACTIONAL,
        lane=Lane.PROMPT,
        target=timedelta(seconds=30),
        limit=timedelta(minutes=5),
        dedupe_window=dedupe_window,
        expires_after=timedelta(hours=72),
        waits=_WAITS,
        tracking=Tracking.MAY,
        in_doubt=InDoubtRule.HOLD,
        keep=Keep.RECORD,
    )


ORDER_CONFIRMATION: Final = _record("order_confirmation", timedelta(hours=24))
RECEIPT: Final = _record("receipt", timedelta(hours=72))
PAYMENT: Final = _record("payment", timedelta(hours=72))
REFUND: Final = _record("refund", timedelta(hours=72))
