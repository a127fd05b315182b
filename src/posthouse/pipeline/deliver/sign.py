"""From stored content to the signed bytes that are handed over.

Everything that varies was fixed by the first attempt (its time, the keyset), so every attempt makes the
same bytes; their digest is recorded with each attempt and a digest that differs is a bug.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from posthouse.mail import dkim
from posthouse.mail.dkim import SigningKey
from posthouse.mail.mime import compose
from posthouse.mail.return_path import token
from posthouse.model import ids
from posthouse.model.content import Content
from posthouse.model.queue import LeasedDelivery
from posthouse.store.seal import Sealer


def message_id(message: UUID, header_domain: str) -> str:
    """``<…@header-from domain>``: the same on every attempt and for every recipient."""
    return f"<{ids.letters(message.int)}@{header_domain}>"


def wire_bytes(delivery: LeasedDelivery, content: Content, keys: Sequence[SigningKey]) -> bytes:
    """The whole message of a delivery as it is handed over."""
    return signed_bytes(content, message_id(delivery.message, delivery.header_domain), delivery.first_attempt_at, keys)


def signed_bytes(content: Content, message_id: str, date: datetime, keys: Sequence[SigningKey]) -> bytes:
    """Signatures, head, body. ``date``: of the first attempt."""
    head = compose.finish(content, date=date, message_id=message_id, extra=b"")
    signatures = dkim.sign(head, content.body_digest, keys, date) if keys else b""
    return b"".join((signatures, head, b"\r\n", content.body))


def digest(data: bytes) -> bytes:
    """SHA-256 of what was handed over."""
    return hashlib.sha256(data).digest()


def return_path(sealer: Sealer, delivery: LeasedDelivery, domain: str) -> str:
    """``b+<token>@domain``: says which delivery a returned message is about; the same on every attempt."""
    local = token(sealer.token_key, delivery.tenant, delivery.environment, delivery.message, delivery.position)
    return f"{local}@{domain}"
