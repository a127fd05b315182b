"""The return path of a delivery, and the delivery behind a return path. (VERP, RFC 5321 section 4.4; our own signed token)

``b+`` and 45 letters: message, position, tenant and environment under a truncated HMAC-SHA256. Base32 in lower
case, so it survives hops that fold the case of a local part. A token that was altered, or signed with another
key, is nothing at all: a forged bounce changes no state.

Known sharp edges: eight octets of MAC are enough against guessing by mail, not for anything more precious.
The token is stable for ever; whether a delivery still takes feedback is for others to say.
"""

import hmac
from base64 import b32decode, b32encode
from binascii import Error
from typing import Final
from uuid import UUID

import msgspec

PREFIX: Final = "b+"
LENGTH: Final = 47
_MAC_OCTETS: Final = 8
_CLEAR_OCTETS: Final = 20
_TENANTS: Final = 1 << 23
_POSITIONS: Final = 1 << 8


class ReturnPath(msgspec.Struct, frozen=True):
    """The delivery behind a token."""

    tenant: int
    environment: int
    message: UUID
    position: int


def token(key: bytes, tenant: int, environment: int, message: UUID, position: int) -> str:
    """The local part for one delivery. Raises ValueError beyond 2^23 tenants or 256 positions."""
    if not (0 <= tenant < _TENANTS and 0 <= position < _POSITIONS and environment in (0, 1)):
        raise ValueError("a return path holds 23 bits of tenant, one of environment and 8 of position")
    clear = message.bytes + bytes((position,)) + (tenant << 1 | environment).to_bytes(3, "big")
    return PREFIX + b32encode(clear + _mac(key, clear)).decode().rstrip("=").lower()


def read(key: bytes, local_part: str) -> ReturnPath | None:
    """The delivery whose token this is, or None for anything else; compares in constant time."""
    if len(local_part) != LENGTH or not local_part.isascii() or not local_part.lower().startswith(PREFIX):
        return None
    letters = local_part[len(PREFIX) :].upper()
    try:
        data = b32decode(letters + "===")
    except Error:
        return None
    if b32encode(data).decode().rstrip("=") != letters:  # the spare bit must be zero: one token, one form
        return None
    clear, mac = data[:_CLEAR_OCTETS], data[_CLEAR_OCTETS:]
    if not hmac.compare_digest(mac, _mac(key, clear)):
        return None
    where = int.from_bytes(clear[17:], "big")
    return ReturnPath(where >> 1, where & 1, UUID(bytes=clear[:16]), clear[16])


def _mac(key: bytes, clear: bytes) -> bytes:
    return hmac.digest(key, clear, "sha256")[:_MAC_OCTETS]
