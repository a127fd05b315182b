"""A worker process as others see it: its row, its lease, and its marks."""

from datetime import datetime
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

import msgspec


class WorkerRow(msgspec.Struct, frozen=True):
    """``host`` is a boot of a machine: only there the file ``marks`` means anything."""

    id: int
    host: str
    marks: str
    pid: int
    lease_until: datetime


class Mark(IntEnum):
    """What is known of a marked attempt."""

    GONE = 1
    SENT = 2
    DELIVERED = 3


class MarkedDelivery(NamedTuple):
    """A delivery that may have left in this attempt."""

    message: UUID
    position: int
    number: int
