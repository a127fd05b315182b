"""What JSON stands for the suppression list: the bodies that are read, and the entries as they are shown."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from posthouse.doors.api.shared.fields import AddressText, Instant, Line, StreamName

MOST: Final = 1000
CauseName = Literal["hard_bounce", "complaint", "legal", "manual", "imported", "unsubscribe", "engagement", "frequency"]
Addresses = Annotated[list[AddressText], Meta(min_length=1, max_length=MOST)]
Reason = Annotated[Line, Meta(min_length=1)]
DomainText = Annotated[str, Meta(min_length=1, max_length=255, examples=["google.com"])]
SuppressionId = Annotated[str, Meta(pattern="^sup_[0-9a-z]{26}$", examples=["sup_01k9p2m4x7c8v5b3n6q1w0e9rt"])]


class NewSuppression(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An address to be entered. Left out, the cause is manual and the stream all. ``security``: security mail too."""

    address: AddressText
    cause: CauseName | None = None
    stream: StreamName | None = None
    reason: Line | None = None
    security: bool | None = None
    until: Instant | None = None


class SuppressionBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One address, or many that are entered alike, or entries of their own. What stands beside ``entries`` fills what they leave out."""

    address: AddressText | None = None
    addresses: Addresses | None = None
    entries: Annotated[list[NewSuppression], Meta(min_length=1, max_length=MOST)] | None = None
    cause: CauseName | None = None
    stream: StreamName | None = None
    reason: Line | None = None
    security: bool | None = None
    until: Instant | None = None


class RemovalBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Which entries leave the list: of these addresses (of one cause or stream, or all), or by their ids; and why."""

    address: AddressText | None = None
    addresses: Addresses | None = None
    ids: Annotated[list[SuppressionId], Meta(min_length=1, max_length=MOST)] | None = None
    cause: CauseName | None = None
    stream: StreamName | None = None
    reason: Line | None = None


class LiftBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Why it is lifted; kept on record."""

    reason: Reason


class UndoBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Whose hard bounces of which window were wrong: a mailbox provider's, or those of addresses at a site; and why."""

    from_: Instant = field(name="from")
    to: Instant
    reason: Reason
    provider: DomainText | None = None
    site: DomainText | None = None


class Undone(Struct, frozen=True, rename="camel"):
    """``removed``: entries that left the list; ``waiting``: deliveries that waited because of them and go now."""

    removed: int
    waiting: int


class EraseBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Who is to be forgotten, live and test, and why. There is no way back."""

    address: AddressText
    reason: Reason


class RulesBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to change of what the list goes by."""

    soft_limit: (
        Annotated[int, Meta(ge=3, le=5, description="Soft bounces in a row, over 72 hours, that make an address hard.")] | None
    ) = None
    legal_passes_security: (
        Annotated[bool, Meta(description="Whether security mail passes a legal block; never an erasure.")] | None
    ) = None


class SuppressionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """An entry. ``address`` null: erased. ``stream`` null: all. ``liftableBy``: who may lift it."""

    id: SuppressionId
    address: str | None
    cause: str
    stream: str | None
    reason: str
    source: str
    actor: str
    since: datetime
    until: datetime | None
    liftable: bool
    liftable_by: Literal["tenant", "operator", "nobody"]
    security: bool
    provider: str
    provisional_until: datetime | None


class SuppressionDetail(SuppressionView, frozen=True, kw_only=True, rename="camel"):
    """An entry with its evidence: the reply or report, and the message it was about."""

    evidence: dict[str, Any] | None


class SuppressionPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of entries, newest first."""

    data: list[SuppressionView]
    next_cursor: str | None


class SuppressionsAdded(Struct, frozen=True, rename="camel"):
    """The entries as they stand, in the order given; ``added``: how many of them are new."""

    data: list[SuppressionView]
    added: int


class SuppressionsRemoved(Struct, frozen=True, rename="camel"):
    """What was taken off; ``refused``: what is the law's and stays."""

    removed: list[SuppressionView]
    refused: list[SuppressionView]
