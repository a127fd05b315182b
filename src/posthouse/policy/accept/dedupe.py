"""Was it asked before? A key, what it was first used for, and the clock give: new, same, or conflict (D1 to D4).

*Same content* is the contract's: header-from, recipients, subject, and template with version, locale and variables, or
else decoded text, HTML and attachments. Date, Message-ID, boundaries, times, tags and metadata are no part of it, nor is
the door: what ``mail.content_identity`` calls the same over HTTP and SMTP has one fingerprint.

Known sharp edges: what the *caller* gave counts. HTML sent over HTTP without a text has no text here, though one
is made for it; the same mail submitted over SMTP by a framework that made its own text is another content.
Recipients are a set: who moves from ``to`` to ``bcc`` is still written to once.

Must never know: how keys are stored, nor which of two racing requests was first (a unique constraint decides that).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

import msgspec

from posthouse.mail.content_identity import digest
from posthouse.model.delivery import KEY_FREED, DeliveryState
from posthouse.model.mailbox import Mailbox


class DedupeVerdict(StrEnum):
    """What a request under a key is."""

    NEW = "new"
    SAME = "same"
    CONFLICT = "conflict"


class KeyHolder(Protocol):
    """Who holds a key. ``freed``: every delivery of that message came to nothing (D4)."""

    @property
    def fingerprint(self) -> bytes:
        """Of the message the key was used for."""
        ...

    @property
    def expires_at(self) -> datetime:
        """When the key is free whatever became of it."""
        ...

    @property
    def freed(self) -> bool:
        """Whether it is free already."""
        ...


class TemplateContent(msgspec.Struct, frozen=True):
    """A content given as a template and what fills it; ``version`` is the one that was resolved."""

    name: str
    version: int | None
    locale: str | None
    variables: Mapping[str, Any]


_CANONICAL: Final = msgspec.json.Encoder(order="sorted")


def fingerprint(sender: Mailbox, recipients: Iterable[Mailbox], said: bytes | TemplateContent) -> bytes:
    """32 bytes that are equal when a request says the same to the same.

    ``said``: a template, or the identity of a message (``mail.content_identity.identity``, or the one it was submitted with).
    """
    people = sorted({mailbox.address for mailbox in recipients})
    parts = [b"to", *(address.encode() for address in people), b"from", sender.address.encode(), b"says"]
    return digest([*parts, *(_template_parts(said) if isinstance(said, TemplateContent) else (b"content", said))])


def judge(found: KeyHolder | None, fingerprint: bytes, now: datetime) -> DedupeVerdict:
    """New once the window is over (``expires_at`` itself is outside it) or where the first came to nothing."""
    if found is None or found.freed or now >= found.expires_at:
        return DedupeVerdict.NEW
    return DedupeVerdict.SAME if found.fingerprint == fingerprint else DedupeVerdict.CONFLICT


def freed(states: Iterable[DeliveryState]) -> bool:
    """True where every delivery of a message came to nothing, so that its key may be used again."""
    return all(state in KEY_FREED for state in states)


def _template_parts(said: TemplateContent) -> tuple[bytes, ...]:
    variables = {name: value for name, value in said.variables.items() if value is not None}
    version = "" if said.version is None else str(said.version)
    return b"template", said.name.encode(), version.encode(), (said.locale or "").encode(), _CANONICAL.encode(variables)
