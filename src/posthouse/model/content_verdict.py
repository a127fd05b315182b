"""The verdict of the primary-purpose test on a mail, and the findings behind it (P1).

16 CFR 316.3: mail with both kinds of content is commercial if a reader would take its subject for advertising, or if the
transactional content does not stand, in whole or substantial part, at the beginning. 15 U.S.C. 7702(17) names the kinds of mail
that are transactional.
"""

from enum import StrEnum

import msgspec


class ContentKind(StrEnum):
    """What a mail is taken for.

    ``mixed_allowed``: some promotion beside a message that is transactional all the same; ``unknown``: no rules for its language.
    """

    TRANSACTIONAL = "transactional"
    MIXED_ALLOWED = "mixed_allowed"
    COMMERCIAL = "commercial"
    UNKNOWN = "unknown"


class ContentPurpose(StrEnum):
    """The kinds of mail that 15 U.S.C. 7702(17)(A) calls transactional: (i) to (v)."""

    CONFIRMATION = "confirmation"
    SAFETY = "safety"
    CHANGE = "change"
    BALANCE = "balance"
    ONGOING = "ongoing"


class ContentFinding(msgspec.Struct, frozen=True):
    """A rule that fired. ``part``: subject or text; ``position``: characters from the beginning of that part."""

    rule: str
    part: str
    position: int
    excerpt: str
    weight: float
    message: str


class ContentVerdict(msgspec.Struct, frozen=True):
    """The result of the primary-purpose test.

    ``share``: the promotional part of the text, 0 to 1. ``purpose``: what the mail is about, None where nothing was recognised.
    ``reason``: why it is commercial, in words; '' for any other kind.
    """

    kind: ContentKind
    language: str | None = None
    share: float = 0.0
    purpose: ContentPurpose | None = None
    findings: tuple[ContentFinding, ...] = ()
    reason: str = ""
