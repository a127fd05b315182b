"""From a claimed delivery and its stored content to the parcel that is handed over.

Everything that varies was fixed by the first attempt (its time, the keyset), so every attempt makes the
same bytes; their digest is kept with each attempt and a digest that differs is a bug.
"""

import hashlib
from collections.abc import Sequence
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
    """The whole message as it is handed over: signatures, head, body."""
    head = compose.finish(
        content, date=delivery.first_attempt_at, message_id=message_id(delivery.message, delivery.header_domain), extra=b""
    )
    signatures = dkim.sign(head, content.body_digest, keys, delivery.first_attempt_at) if keys else b""
    return b"".join((signatures, head, b"\r\n", content.body))


def digest(data: bytes) -> bytes:
    """SHA-256 of what was handed over."""
    return hashlib.sha256(data).digest()


def return_path(sealer: Sealer, delivery: LeasedDelivery, domain: str) -> str:
    """``b+<token>@domain``: says which delivery a returned mail is about; the same on every attempt."""
    local = token(sealer.token_key, delivery.tenant, delivery.environment, delivery.message, delivery.position)
    return f"{local}@{domain}"
