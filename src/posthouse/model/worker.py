"""A worker process as others see it: its row, its lease, and its marks."""

from datetime import datetime
from enum import IntEnum

import msgspec


class WorkerRow(msgspec.Struct, frozen=True):
    """A worker process as the database knows it. ``host`` is a boot of a machine: only there the file ``marks`` means
    anything.
    """

    id: int
    host: str
    marks: str
    pid: int
    lease_until: datetime


class Mark(IntEnum):
    """What is known of a marked attempt: it may have left, or the next hop's answer (a relay's, or a final one)."""

    MAY_HAVE_LEFT = 1
    SENT = 2
    DELIVERED = 3
