"""What rests in the database is sealed: AES-256-GCM under keys made from POSTHOUSE_SECRET_KEY, compressed before.

HKDF-SHA256 (RFC 5869) makes one key per purpose: sealing, return-path tokens, the check value, the key's id. Each
sealed value has its own AES key (HMAC-SHA256 of what it is bound to, the *expand* step of HKDF), so random 96-bit
nonces stay far from their bound (NIST SP 800-38D 8.3) however many messages there are.

A sealed value is ``nonce(12) + ciphertext + tag(16)``. ``bound`` is authenticated, not stored: a value copied to
another row does not open. Two secret keys, new and old, rotate: new seals, either opens, found by its id.

Known sharp edges: a key's id is one byte, so two keys may share it; then both are tried. A ``Sealer`` keeps
compression contexts and must not be used by two threads at once. A return-path token made under the old key is
read with ``token_keys``. Short or guessable secrets stay guessable: HKDF does not stretch.
"""

import contextlib
import hmac
from collections.abc import Callable
from typing import Final

import msgspec
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from posthouse.store.postgres.refusal import StoreRefusal

_NONCE: Final = 12
_LEVEL: Final = 1
_LARGEST: Final = 256 * 1024 * 1024  # bytes after decompression; more was never stored


class WrongSecretKey(StoreRefusal):
    """The database was sealed with another secret key."""

    def __init__(self) -> None:
        super().__init__("POSTHOUSE_SECRET_KEY is not the key this database was sealed with.")


class SealBroken(Exception):
    """A sealed value does not open: another key, other bytes, or bound to something else."""


class _Key(msgspec.Struct, frozen=True):
    """What is made from one secret."""

    id: int
    sealing: bytes
    token: bytes
    check: bytes


class Sealer:
    """Seals, opens, packs. ``random``: n random bytes. Errors: ValueError without any secret."""

    def __init__(self, secret_keys: tuple[str, ...], random: Callable[[int], bytes]) -> None:
        """The first secret seals; the others only open."""
        if not secret_keys:
            raise ValueError("a sealer needs a secret key")
        self._keys = tuple(_derive(secret) for secret in secret_keys)
        self._random = random
        self._sealing = self._keys[0].sealing
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)
        self._decompressor = zstandard.ZstdDecompressor()
        self.key_id = self._keys[0].id
        self.token_key = self._keys[0].token

    @property
    def key_ids(self) -> tuple[int, ...]:
        """What is sealed under one of these may be opened."""
        return tuple(key.id for key in self._keys)

    @property
    def token_keys(self) -> tuple[bytes, ...]:
        """Keys of return-path tokens, the one for new tokens first."""
        return tuple(key.token for key in self._keys)

    @property
    def checks(self) -> tuple[bytes, ...]:
        """What proves each secret without revealing it, the new one first; kept in ``installation.secret_check``."""
        return tuple(key.check for key in self._keys)

    def proves(self, check: bytes) -> bool:
        """Whether one of our secrets made this check value."""
        return any(hmac.compare_digest(check, own) for own in self.checks)

    def seal(self, plain: bytes, bound: bytes) -> bytes:
        """Encrypt and authenticate under ``key_id``; ``bound`` (such as an id's bytes) is needed to open it again."""
        nonce = self._random(_NONCE)
        return nonce + AESGCM(hmac.digest(self._sealing, bound, "sha256")).encrypt(nonce, plain, bound)

    def open(self, sealed: bytes, key_id: int, bound: bytes) -> bytes:
        """The plain bytes. Errors: SealBroken."""
        for key in self._keys:
            if key.id == key_id:
                try:
                    return _opened(key, sealed, bound)
                except (InvalidTag, ValueError):
                    continue
        raise SealBroken(f"no secret key opens a value sealed under key id {key_id}")

    def resealed(self, sealed: bytes, key_id: int, bound: bytes) -> bytes | None:
        """The same under the first secret; None where it rests under that already. Errors: SealBroken."""
        if key_id == self.key_id:
            with contextlib.suppress(InvalidTag, ValueError):
                _opened(self._keys[0], sealed, bound)
                return None
        return self.seal(self.open(sealed, key_id, bound), bound)

    def pack(self, plain: bytes) -> bytes:
        """Compress (Zstandard, RFC 8878)."""
        return self._compressor.compress(plain)

    def unpack(self, packed: bytes) -> bytes:
        """Decompress what ``pack`` made. Errors: SealBroken."""
        try:
            return self._decompressor.decompress(packed, max_output_size=_LARGEST)
        except zstandard.ZstdError as problem:
            raise SealBroken("a sealed value is no packed one") from problem


def _opened(key: _Key, sealed: bytes, bound: bytes) -> bytes:
    return AESGCM(hmac.digest(key.sealing, bound, "sha256")).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)


def _derive(secret: str) -> _Key:
    def derive(purpose: bytes, length: int = 32) -> bytes:
        return HKDF(SHA256(), length, salt=b"posthouse", info=b"posthouse 1 " + purpose).derive(secret.encode())

    return _Key(derive(b"key id", 1)[0], derive(b"seal"), derive(b"return path"), derive(b"check"))
