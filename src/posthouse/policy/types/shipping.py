"""Where a parcel is: ``shipping_update`` and ``delivery_update``, one mail for each change of status.

Why these numbers: a parcel moves in hours, so five minutes are soon enough and thirty too late; a carrier's
status repeats for days, so its key lives seven. After three days the status is history. The same news twice
looks like two parcels: ``hold``.
"""

from datetime import timedelta
from typing import Final

from posthouse.model.message_type import InDoubtRule, Lane, MessageClass, MessageType, Tracking


def _update(name: str) -> MessageType:
    return MessageType(
        name=name,
        message_class=MessageClass.TRANSACTIONAL,
        lane=Lane.ROUTINE,
        target=timedelta(minutes=5),
        limit=timedelta(minutes=30),
        dedupe_window=timedelta(days=7),
        expires_after=timedelta(hours=72),
        waits=tuple(timedelta(seconds=seconds) for seconds in (60, 300, 900, 3600, 7200, 14400)),
        tracking=Tracking.MAY,
        in_doubt=InDoubtRule.HOLD,
    )


SHIPPING_UPDATE: Final = _update("shipping_update")
DELIVERY_UPDATE: Final = _update("delivery_update")
