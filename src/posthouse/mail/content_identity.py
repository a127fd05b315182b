"""The identity of a message's content, as 32 bytes: the same over HTTP and SMTP, whatever its MIME structure.

The contract's "same content" for messages that come whole: header-from, subject, decoded text, HTML and attachments.
Line endings, trailing newlines, the folding of the subject, transfer encodings, boundaries, the order of
attachments and their media types do not count; Date and Message-ID are never given to it.

Every part goes in with its length before it, so no part can be mistaken for the end of another.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from posthouse.model.letter import Attachment

_SIZE: Final = 32


def identity(header_from: str, subject: str, text: str | None, html: str | None, attachments: Iterable[Attachment]) -> bytes:
    """The digest of the content; None and '' are the same: nothing. Text is decoded, attachments are their bytes."""
    files = sorted(digest([item.filename.encode("utf-8", "replace"), item.content]) for item in attachments)
    fields = (header_from, " ".join(subject.split()), _settled(text), _settled(html))
    return digest([*(part.encode("utf-8", "replace") for part in fields), *files])


def digest(parts: Iterable[bytes]) -> bytes:
    """BLAKE2b (RFC 7693), 32 bytes, of the parts, each with its length before it."""
    state = hashlib.blake2b(digest_size=_SIZE)
    for part in parts:
        state.update(len(part).to_bytes(8, "big"))
        state.update(part)
    return state.digest()


def _settled(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
