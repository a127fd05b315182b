"""What JSON stands for the suppression list: the bodies that are read, and the entries as they are shown."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, field

from posthouse.doors.api.shared.fields import AddressText, Instant, Line, StreamName
from posthouse.model.views.suppressions import SuppressionId

MOST: Final = 1000
CauseName = Literal["hard_bounce", "complaint", "legal", "manual", "imported", "unsubscribe", "engagement", "frequency"]
Addresses = Annotated[list[AddressText], Meta(min_length=1, max_length=MOST)]
Reason = Annotated[Line, Meta(min_length=1)]
DomainText = Annotated[str, Meta(min_length=1, max_length=255, examples=["google.com"])]


class NewSuppression(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An address to be entered. Left out, the cause is manual and the stream all. ``security``: security mail too."""

    address: AddressText
    cause: CauseName | None = None
    stream: StreamName | None = None
    reason: Line | None = None
    security: bool | None = None
    until: Instant | None = None


class SuppressionBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One address, or many that are entered alike, or entries of their own. What stands beside ``entries`` fills what they leave
    out.
    """

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
