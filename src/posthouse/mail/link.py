"""Our own links in a mail: click redirects, the picture that records an open, and unsubscribe links (RFC 8058).

A token is what it is for (one letter), whose delivery, and for a click the whole address it leads to, under an HMAC-SHA256 of 16
octets: a redirect goes nowhere but where the mail's author pointed, and what was altered by one letter is nothing at all. Base64
for addresses (RFC 4648 section 5), without padding. Unsubscribing by mail uses the same token, in base32, as a local part
``u+…``.

Known sharp edges: tokens never expire, because mails do not. A mail that goes to several people has the same body for all of
them, so it carries none of these.
"""

import hmac
from base64 import b32decode, b32encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

LONGEST: Final = 8192
UNSUBSCRIBE_PREFIX: Final = "u+"
_MAC: Final = 16
_SHORT_MAC: Final = 8
_CLEAR: Final = 20
_UNSUBSCRIBE_LENGTH: Final = 47


class LinkPurpose(StrEnum):
    """What a link does; its letter is the first of the token and of the path."""

    CLICK = "c"
    OPEN = "o"
    UNSUBSCRIBE = "u"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The delivery behind a link; ``target``: where a click goes, '' otherwise."""

    purpose: LinkPurpose
    tenant: int
    environment: int
    message: UUID
    position: int
    target: str = ""


def link_key(token_key: bytes) -> bytes:
    """The key of links, derived from that of return paths, so that a token of one is invalid as the other."""
    return hmac.digest(token_key, b"links", "sha256")


def write(key: bytes, link: Link) -> str:
    """The token. Errors: ValueError beyond 2^23 tenants or 256 positions."""
    clear = _clear(link) + link.target.encode()
    return urlsafe_b64encode(clear + _mac(key, link.purpose, clear)[:_MAC]).decode().rstrip("=")


def read(keys: tuple[bytes, ...], purpose: LinkPurpose, token: str) -> Link | None:
    """The link whose token this is, by any of the keys; None for anything else. Compares in constant time."""
    if not token.isascii() or len(token) > LONGEST:
        return None
    try:
        data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (Error, ValueError):
        return None
    if urlsafe_b64encode(data).decode().rstrip("=") != token or len(data) < _CLEAR + _MAC:
        return None  # one token, one form
    clear, mac = data[:-_MAC], data[-_MAC:]
    if not any(hmac.compare_digest(mac, _mac(key, purpose, clear)[:_MAC]) for key in keys):
        return None
    return _link(purpose, clear)


def write_address(key: bytes, link: Link) -> str:
    """The local part that unsubscribes the sender: in lower case, as local parts are often lowered."""
    clear = _clear(link)
    return (
        UNSUBSCRIBE_PREFIX
        + b32encode(clear + _mac(key, LinkPurpose.UNSUBSCRIBE, clear)[:_SHORT_MAC]).decode().rstrip("=").lower()
    )


def read_address(keys: tuple[bytes, ...], local_part: str) -> Link | None:
    """The link behind that local part."""
    if (
        len(local_part) != _UNSUBSCRIBE_LENGTH
        or not local_part.isascii()
        or not local_part.lower().startswith(UNSUBSCRIBE_PREFIX)
    ):
        return None
    letters = local_part[len(UNSUBSCRIBE_PREFIX) :].upper()
    try:
        data = b32decode(letters + "===")
    except Error:
        return None
    if b32encode(data).decode().rstrip("=") != letters:
        return None
    clear, mac = data[:_CLEAR], data[_CLEAR:]
    if not any(hmac.compare_digest(mac, _mac(key, LinkPurpose.UNSUBSCRIBE, clear)[:_SHORT_MAC]) for key in keys):
        return None
    return _link(LinkPurpose.UNSUBSCRIBE, clear)


def _clear(link: Link) -> bytes:
    if not (0 <= link.tenant < 1 << 23 and 0 <= link.position < 256 and link.environment in (0, 1)):
        raise ValueError("a link holds 23 bits of tenant, one of environment and 8 of position")
    return link.message.bytes + bytes((link.position,)) + (link.tenant << 1 | link.environment).to_bytes(3, "big")


def _link(purpose: LinkPurpose, clear: bytes) -> Link | None:
    where = int.from_bytes(clear[17:20], "big")
    try:
        target = clear[_CLEAR:].decode()
    except UnicodeDecodeError:
        return None
    return Link(
        purpose=purpose,
        tenant=where >> 1,
        environment=where & 1,
        message=UUID(bytes=clear[:16]),
        position=clear[16],
        target=target,
    )


def _mac(key: bytes, purpose: LinkPurpose, clear: bytes) -> bytes:
    return hmac.digest(key, purpose.value.encode() + clear, "sha256")
