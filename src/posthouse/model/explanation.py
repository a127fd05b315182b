"""What would happen to a message, and why, without sending it: for a dry run and ``posthouse explain``."""

from datetime import datetime

import msgspec


class TemplateUsed(msgspec.Struct, frozen=True, rename="camel"):
    """The version that makes the mail, and the language chosen from it."""

    name: str
    version: int
    locale: str | None


class TrackingUsed(msgspec.Struct, frozen=True):
    """Whether opens and clicks would be tracked."""

    opens: bool
    clicks: bool


class RecipientRoutes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One recipient: the routes that may be tried, in order; none for who is suppressed. ``suppression``: the entry behind it."""

    recipient: str
    routes: tuple[str, ...]
    reason: str | None
    suppression: str | None


class PolicyFinding(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that fired. ``position`` counts characters in the visible text of the ``part``."""

    rule: str
    part: str
    position: int
    excerpt: str
    weight: float
    message: str


class PolicyVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of the primary-purpose test.

    ``kind``: transactional, mixed_allowed, commercial or unknown; ``reason``: why commercial.

        ``share``: the promotional part of what is visible, 0 to 1. ``purpose``: which of the FTC's kinds of
    transactional mail it is.
    """

    kind: str
    reason: str
    share: float
    language: str | None
    purpose: str | None
    findings: tuple[PolicyFinding, ...]


class ContentPreview(msgspec.Struct, frozen=True):
    """What readers would see. ``bytes``: the whole mail on the wire, before signatures."""

    subject: str
    html: str | None
    text: str | None
    bytes: int


class Explanation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The terms on which a message would be accepted. ``waits_seconds``: pauses after the 1st, 2nd … attempt; the last repeats.

    ``deadline``: by which its lane is ordered; ``send_at``: when it becomes due, None for now.
    """

    type: str
    message_class: str = msgspec.field(name="class")
    stream: str
    lane: str
    from_: str = msgspec.field(name="from")
    reply_to: tuple[str, ...]
    send_at: datetime | None
    deadline: datetime
    expires_at: datetime
    waits_seconds: tuple[float, ...]
    in_doubt: str
    dedupe_window_seconds: float
    tracking: TrackingUsed
    template: TemplateUsed | None
    ways: tuple[RecipientRoutes, ...]
    policy: PolicyVerdict | None
    preview: ContentPreview
