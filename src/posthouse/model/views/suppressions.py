"""The suppression list as the API and the command line show it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct


class Undone(Struct, frozen=True, rename="camel"):
    """A window that was undone. ``removed``: entries that were removed; ``waiting``: deliveries that waited because of them and
    are sent now.
    """

    removed: int
    waiting: int


SuppressionId = Annotated[str, Meta(pattern="^sup_[0-9a-z]{26}$", examples=["sup_01k9p2m4x7c8v5b3n6q1w0e9rt"])]


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
    """What was removed; ``refused``: legal blocks, which stay."""

    removed: list[SuppressionView]
    refused: list[SuppressionView]
