"""A suppression: why an address is not written to, since when, and on what evidence."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import msgspec


class Cause(StrEnum):
    """Why an address is on the list; the word in the API, and the reason a caller is answered."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    LEGAL = "legal"
    MANUAL = "manual"
    IMPORTED = "imported"
    UNSUBSCRIBE = "unsubscribe"
    ENGAGEMENT = "engagement"
    FREQUENCY = "frequency"
    PROVISIONAL = "provisional"
    SIMULATED = "simulated"


class SuppressionAnswer(StrEnum):
    """What the matrix answers, the strongest first."""

    BLOCK = "block"
    DEFER = "defer"
    PASS = "pass"  # noqa: S105 - no password


class SuppressionFact(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the list. ``stream`` None: all. ``security``: it binds security mail too. ``id``: ``sup_…``, or ''."""

    cause: Cause
    stream: str | None = None
    security: bool = False
    id: str = ""


class ListedAddress(msgspec.Struct, frozen=True):
    """What is known of an address. ``stream`` is that of the flow that is checked; ``counted``: it has soft bounces in a row."""

    entries: tuple[SuppressionFact, ...] = ()
    held_until: datetime | None = None
    legal_passes_security: bool = False
    stream: str = ""
    counted: bool = False


NOT_LISTED: Final = ListedAddress()


class Ruling(msgspec.Struct, frozen=True):
    """The answer for one cause and class, why, and whether operations are alerted."""

    answer: SuppressionAnswer
    why: str
    alarm: bool = False


class SuppressionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An address to add to the list.

    ``lookup``: its hash. ``stream`` None: all. ``source``: where it came from (smtp, report, hook, api …).

        ``evidence`` is plain JSON: the reply or report, delivery and message ids. ``provider``: the registrable domain of who
        answered (``policy.recipients.bounce_brake.provider_of``), '' where a person added it. ``until`` None: for good. ``id``
        None: a new one.
    """

    address: str
    lookup: bytes
    cause: Cause
    source: str
    stream: str | None = None
    reason: str = ""
    evidence: dict[str, Any] | None = None
    actor: str = ""
    provider: str = ""
    security: bool = False
    until: datetime | None = None
    id: UUID | None = None


class Suppression(msgspec.Struct, frozen=True):
    """A stored entry. ``address`` None: erased. ``held_until``: provisional until then. Order as in the statements."""

    id: UUID
    address: str | None
    provider: str
    cause: str
    stream: str | None
    reason: str
    source: str
    evidence: dict[str, Any] | None
    actor: str
    security: bool
    since: datetime
    until: datetime | None
    held_until: datetime | None
    created: bool = False


class SuppressionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries.

    ``lookup``: of this address; ``provisional``: those that are held, or those that are not; ``before``: older than this id.
    """

    lookup: bytes | None = None
    cause: str | None = None
    stream: str | None = None
    source: str | None = None
    provider: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    provisional: bool | None = None
    before: UUID | None = None
    limit: int = 50


class SuppressionRule(msgspec.Struct, frozen=True, rename="camel"):
    """What a tenant set for its suppressions.

    ``soft_limit``: soft bounces in a row that make an address hard, 3 to 5. ``legal_passes_security``: see the matrix.
    """

    soft_limit: int = 5
    legal_passes_security: bool = False


class SoftBounce(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that ended undelivered, as far as it counts against its mailbox.

    ``reason`` None: that of its last attempt, to be looked up.

        ``id``: of the suppression that it may become.
    """

    tenant: int
    environment: int
    lookup: bytes
    address: str
    message: UUID
    position: int
    reason: str | None
    reply: str
    id: UUID


class SoftBounceRule(msgspec.Struct, frozen=True):
    """When soft bounces in a row make a mailbox hard; ``policy.recipients.soft_bounces.RULE`` is the one in use.

    ``is_mailbox_reason``: whether a reason counts at all. ``is_hard``: whether so many, from the first to the last, are enough;
    its last argument is the tenant's own limit, None where it set none.
    """

    is_mailbox_reason: Callable[[str], bool]
    is_hard: Callable[[int, datetime, datetime, int | None], bool]


class AnswerCounts(msgspec.Struct, frozen=True):
    """How many answers a provider gave, and how many of them were hard bounces."""

    attempts: int = 0
    hard: int = 0

    @property
    def share(self) -> float:
        """The share of hard bounces; 0 where there was no answer."""
        return self.hard / self.attempts if self.attempts else 0.0


class BounceBrake(msgspec.Struct, frozen=True):
    """Why a brake is put on: the last fifteen minutes against the seven days before."""

    window: AnswerCounts
    base: AnswerCounts
