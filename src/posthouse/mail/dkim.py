"""DKIM signatures, and the DNS records they need. (RFC 6376, RFC 8301, RFC 8463)

Relaxed/relaxed, SHA-256, RSA-2048 and Ed25519. The head is canonicalised once for all keys; the body comes as
a digest made at intake. Every field of ``SIGNED`` is named once for each instance and once more, so that no
second From or Subject can be added without breaking the signature. No ``l=`` (it lets anybody append);
``t=`` and ``x=`` bound a replay to seven days. Deterministic: the same input gives the same bytes.

This room never knows where keys are kept. Known sharp edge: ``head`` must be complete fields on CRLF lines;
the fields made here are put before it and do not sign one another.
"""

from binascii import b2a_base64
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

RSA: Final = "rsa-sha256"
ED25519: Final = "ed25519-sha256"
RSA_BITS: Final = 2048
VALID_FOR: Final = timedelta(days=7)
SIGNED: Final = (
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding", b"list-unsubscribe", b"list-unsubscribe-post",
    b"feedback-id", b"auto-submitted",
)  # fmt: skip
_FOLD: Final = b"\r\n "
_B_LINE: Final = 72
_PADDING: Final = padding.PKCS1v15()
_PREHASHED: Final = Prehashed(hashes.SHA256())


class SigningKey(msgspec.Struct, frozen=True):
    """A private key and the DNS name its public half stands at: ``<selector>._domainkey.<domain>``."""

    domain: str
    selector: str
    algorithm: str
    private: RSAPrivateKey | Ed25519PrivateKey


def generate(algorithm: str) -> tuple[bytes, str]:
    """A new key: the private half (RSA as PKCS#8 PEM, Ed25519 as 32 raw octets), and base64 for the ``p=`` tag."""
    if algorithm == ED25519:
        private = Ed25519PrivateKey.generate()
        return private.private_bytes_raw(), _base64(private.public_key().public_bytes_raw()).decode()
    if algorithm != RSA:
        raise ValueError(f"no such DKIM algorithm: {algorithm}")
    key = generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem, _base64(public).decode()


def load(domain: str, selector: str, algorithm: str, private: bytes) -> SigningKey:
    """The key that ``generate`` gave. Raises ValueError where the bytes are no such key, or RSA below 2048 bits.

    Whether its primes are prime is not proved again (30 ms): it comes sealed, so it is what was made.
    """
    if algorithm == ED25519:
        return SigningKey(domain, selector, algorithm, Ed25519PrivateKey.from_private_bytes(private))
    key = serialization.load_pem_private_key(private, password=None, unsafe_skip_rsa_key_validation=True)
    if algorithm != RSA or not isinstance(key, RSAPrivateKey) or key.key_size < RSA_BITS:
        raise ValueError("not an RSA key of at least 2048 bits")
    return SigningKey(domain, selector, algorithm, key)


def dns_record(public: str, algorithm: str) -> str:
    """The TXT record for a public key in base64 (RFC 6376 section 3.6.1, RFC 8463 section 4)."""
    return f"v=DKIM1; k={'ed25519' if algorithm == ED25519 else 'rsa'}; p={public}"


def sign(head: bytes, body_digest: bytes, keys: Sequence[SigningKey], at: datetime) -> bytes:
    """DKIM-Signature fields, RSA before Ed25519, each ending in CRLF, to be put before ``head``; ``at`` is aware."""
    canonical, counts = _canonical(head)
    hashed = sha256(canonical)
    begin = int(at.timestamp())
    middle = b" t=%d; x=%d;" % (begin, begin + int(VALID_FOR.total_seconds())) + _names(counts)
    middle += _FOLD + b"bh=" + _base64(body_digest) + b";" + _FOLD + b"b="
    fields: list[bytes] = []
    for key in sorted(keys, key=lambda key: key.algorithm == ED25519):
        value = _opening(key.algorithm, key.domain, key.selector) + middle
        digest = hashed.copy()
        digest.update(b"dkim-signature:" + value.replace(_FOLD, b" "))
        signature = _base64(_signature(key, digest.digest()))
        pieces = [signature[at : at + _B_LINE] for at in range(0, len(signature), _B_LINE)]
        fields += (b"DKIM-Signature: ", value, _FOLD.join(pieces), b"\r\n")
    return b"".join(fields)


def _canonical(head: bytes) -> tuple[bytes, tuple[int, ...]]:
    """The fields to sign under *relaxed* canonicalization, last instance first, and how many of each there are."""
    unfolded = head.replace(b"\t", b" ").replace(_FOLD, b" ")
    while b"  " in unfolded:
        unfolded = unfolded.replace(b"  ", b" ")
    values: dict[bytes, list[bytes]] = {name: [] for name in SIGNED}
    for line in unfolded.split(b"\r\n"):
        name, _, value = line.partition(b":")
        name = name.rstrip(b" ").lower()
        if name in values:
            values[name].append(b"%b:%b\r\n" % (name, value.strip(b" ")))
    lines = [line for fields in values.values() for line in reversed(fields)]  # RFC 6376 5.4.2: from the bottom up
    return b"".join(lines), tuple(map(len, values.values()))


@lru_cache(maxsize=256)
def _names(counts: tuple[int, ...]) -> bytes:
    """The ``h=`` tag, folded: each name once for each instance and once more."""
    names = [name for name, count in zip(SIGNED, counts, strict=True) for _ in range(count + 1)]
    lines, line = [], b"h="
    for name in names:
        if len(line) + len(name) >= _B_LINE:
            lines.append(line)
            line = b""
        line += name + b":"
    return _FOLD + _FOLD.join([*lines, line])[:-1] + b";"


@lru_cache(maxsize=1024)
def _opening(algorithm: str, domain: str, selector: str) -> bytes:
    return f"v=1; a={algorithm}; c=relaxed/relaxed;\r\n d={domain}; s={selector};".encode()


def _signature(key: SigningKey, digest: bytes) -> bytes:
    if isinstance(key.private, RSAPrivateKey):
        return key.private.sign(digest, _PADDING, _PREHASHED)
    return key.private.sign(digest)  # RFC 8463 section 3: PureEdDSA over the SHA-256 digest


def _base64(data: bytes) -> bytes:
    return b2a_base64(data, newline=False)
