"""What a send is answered."""

from typing import Annotated, Literal

import msgspec

from posthouse.model.explanation import Explanation
from posthouse.model.send_request import AcceptedDelivery, Warning

State = Literal["queued", "deferred", "sent", "delivered", "bounced", "suppressed", "expired", "failed", "in_doubt", "cancelled"]
MessageId = Annotated[str, msgspec.Meta(pattern="^msg_[0-9a-z]{26}$", examples=["msg_01k9p2m4x7c8v5b3n6q1w0e9rt"])]
Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"}, examples=["2026-11-22T10:00:30.000Z"])]


class SendReply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a send is answered. ``status`` is that of the message; ``deliverBy`` the type's target, where it has one."""

    id: MessageId
    status: State
    deliver_by: Time | None
    duplicate: bool
    deliveries: tuple[AcceptedDelivery, ...]
    warnings: tuple[Warning, ...]


class DryRunReply(SendReply, frozen=True, kw_only=True, rename="camel"):
    """What a dry run is answered: the reply it would get, and everything that would happen. The id is of no message."""

    explanation: Explanation
