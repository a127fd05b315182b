"""Is it a duplicate? A key, what it was first used for, and the clock give: new, same, or conflict (D1 to D4).

*Same content* is the contract's: From, recipients, subject, and template with version, locale and variables, or
else decoded text, HTML and attachments. Date, Message-ID, boundaries, times, tags and metadata are no part of it, nor is
the door: what ``mail.content_identity`` calls the same over HTTP and SMTP has one fingerprint.

Known sharp edges: what the *caller* gave counts. HTML sent over HTTP without a text has no text here, though one
is made for it; the same mail submitted over SMTP by a framework that made its own text is another content.
Recipients are a set: a recipient that moves from ``to`` to ``bcc`` changes nothing.

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
    """What a request with a key is, compared with the one that used the key before."""

    NEW = "new"
    SAME = "same"
    CONFLICT = "conflict"


class KeyHolder(Protocol):
    """The message that holds a key. ``freed``: every delivery of it failed (D4)."""

    @property
    def fingerprint(self) -> bytes:
        """The fingerprint of the message that the key was used for."""
        ...

    @property
    def expires_at(self) -> datetime:
        """When the key is free, whatever became of the message."""
        ...

    @property
    def freed(self) -> bool:
        """Whether it is free already."""
        ...


class TemplateContent(msgspec.Struct, frozen=True):
    """Content given as a template and its variables; ``version`` is the one that was resolved."""

    name: str
    version: int | None
    locale: str | None
    variables: Mapping[str, Any]


_CANONICAL: Final = msgspec.json.Encoder(order="sorted")


def fingerprint(sender: Mailbox, recipients: Iterable[Mailbox], content: bytes | TemplateContent) -> bytes:
    """32 bytes that are equal for requests with the same content to the same recipients.

    ``content``: a template, or the identity of a message (``mail.content_identity.identity``, or the one it was submitted with).
    """
    addresses = sorted({mailbox.address for mailbox in recipients})
    parts = [b"to", *(address.encode() for address in addresses), b"from", sender.address.encode(), b"says"]
    return digest([*parts, *(_template_parts(content) if isinstance(content, TemplateContent) else (b"content", content))])


def judge(holder: KeyHolder | None, fingerprint: bytes, now: datetime) -> DedupeVerdict:
    """New once the window is over (``expires_at`` itself is outside it) or where every delivery of the first failed."""
    if holder is None or holder.freed or now >= holder.expires_at:
        return DedupeVerdict.NEW
    return DedupeVerdict.SAME if holder.fingerprint == fingerprint else DedupeVerdict.CONFLICT


def is_freed(states: Iterable[DeliveryState]) -> bool:
    """True where every delivery of a message failed, so that its key may be used again."""
    return all(state in KEY_FREED for state in states)


def _template_parts(content: TemplateContent) -> tuple[bytes, ...]:
    variables = {name: value for name, value in content.variables.items() if value is not None}
    version = "" if content.version is None else str(content.version)
    return b"template", content.name.encode(), version.encode(), (content.locale or "").encode(), _CANONICAL.encode(variables)
