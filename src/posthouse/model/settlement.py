"""A settlement: what becomes of a leased delivery, and the row of history about its attempt."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from posthouse.model.queue import LeasedDelivery
from posthouse.model.suppression import SoftBounce, SuppressionEntry


class AttemptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One row of history; words as in the contract.

    ``digest``: SHA-256 of the bytes handed over; ``keyset``: what signed them.
    """

    route: str
    adapter: str
    host: str
    remote_id: str
    outcome: str
    reason: str
    stage: str
    reply_code: int | None
    enhanced_code: str | None
    reply: str
    tls: str
    started_at: datetime
    duration_ms: float
    digest: bytes | None
    keyset: int | None = None


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a leased delivery. ``due`` None and not ``ready``: it is final and leaves the queue.

    ``event`` None: its state does not change. For the address may follow: ``suppression``, it is suppressed;
    ``soft_end``, one more soft bounce is counted; ``delivered_lookup``, the lookup key of a mailbox that had soft
    bounces in a row, and no longer.
    """

    delivery: LeasedDelivery
    attempt: AttemptRecord | None
    event: str | None
    event_id: UUID
    event_data: dict[str, Any] | None
    at: datetime
    due: datetime | None = None
    ready: bool = False
    route: int = 0
    tries: int = 0
    refusals: int = 0
    flags: int = 0
    suppression: SuppressionEntry | None = None
    soft_end: SoftBounce | None = None
    delivered_lookup: bytes | None = None

    @property
    def has_consequences(self) -> bool:
        """True where something follows for the address."""
        return self.suppression is not None or self.soft_end is not None or self.delivered_lookup is not None

    @property
    def final(self) -> bool:
        """True where the row leaves the queue."""
        return self.due is None and not self.ready
