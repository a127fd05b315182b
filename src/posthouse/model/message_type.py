"""What a message type is: the promises that come with saying what a message is for (T1)."""

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

import msgspec


class MessageClass(StrEnum):
    """Why somebody writes; decides suppression, tracking and how long content is kept."""

    AUTHENTICATION = "authentication"
    SECURITY = "security"
    TRANSACTIONAL = "transactional"
    COMMERCIAL = "commercial"


class Lane(IntEnum):
    """A queue class with reserved capacity; the smaller number is served first."""

    INSTANT = 0
    PROMPT = 1
    ROUTINE = 2
    BULK = 3


class InDoubtRule(StrEnum):
    """What is worse, a second copy or none (D5)."""

    AGAIN = "again"
    HOLD = "hold"


class Tracking(StrEnum):
    """Whether opens and clicks may be tracked: never, off unless asked for, or may."""

    NEVER = "never"
    OFF = "off"
    MAY = "may"


class Keep(IntEnum):
    """How long content is kept (O5); leads the content's partition key."""

    BRIEF = 0  # authentication: 7 days
    STANDARD = 1  # 90 days
    RECORD = 2  # orders and receipts: 400 days


class MessageType(msgspec.Struct, frozen=True, kw_only=True):
    """A row of table T1. ``waits``: pauses before the 2nd, 3rd … attempt; the last repeats.

    ``target`` and ``limit`` run from the triggering event to acceptance by the next hop;
    None where the type promises nothing. ``expires_after`` counts from acceptance. ``parent``: of a tenant's own type the
    built-in one that it behaves as; its other cells are that one's.
    """

    name: str
    message_class: MessageClass
    lane: Lane
    target: timedelta | None
    limit: timedelta | None
    dedupe_window: timedelta
    expires_after: timedelta
    waits: tuple[timedelta, ...]
    tracking: Tracking
    in_doubt: InDoubtRule
    keep: Keep = Keep.STANDARD
    auto_submitted: bool = False
    parent: str | None = None

    @property
    def built_in(self) -> str:
        """The name in table T1: what counts where names must be few."""
        return self.parent or self.name


class OwnType(msgspec.Struct, frozen=True):
    """A message type that a tenant made. ``parent``: a built-in type. ``description``: '' for none."""

    id: UUID
    name: str
    parent: str
    description: str
    created_at: datetime


class TypeUses(msgspec.Struct, frozen=True):
    """What would be left without its type: templates with an active version of it, credentials that are not revoked."""

    templates: tuple[str, ...]
    credentials: tuple[UUID, ...]
