"""The RSA-2048 key that the peers sign with, and what one signature costs here (Posthouse makes keys of its own)."""

import multiprocessing
import os
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

DOMAIN = "shop.example"
SELECTOR = "bench"


def write(path: Path) -> Path:
    """A new key as PEM that every reader here understands (PKCS#1: dkimpy and nodemailer both take it)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain))
    path.chmod(0o600)
    return path


def signing(seconds: float) -> dict[str, float]:
    """Microseconds of CPU for one signature through `cryptography`: RSA and Ed25519, alone and with every core at it."""
    cores = os.cpu_count() or 1
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        alone = pool.apply(_measure, (seconds,))
        together = pool.map(_measure, [seconds] * cores, chunksize=1)
    busy = [sum(pair) / cores for pair in zip(*together, strict=True)]
    return {"rsa": alone[0], "ed25519": alone[1], "rsaAllCores": busy[0], "ed25519AllCores": busy[1]}


def _measure(seconds: float) -> tuple[float, float]:
    digest = sha256(b"bench").digest()
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ed_key = Ed25519PrivateKey.generate()
    scheme, hashed = padding.PKCS1v15(), Prehashed(hashes.SHA256())
    return _each(lambda: rsa_key.sign(digest, scheme, hashed), seconds), _each(lambda: ed_key.sign(digest), seconds)


def _each(sign: Callable[[], bytes], seconds: float) -> float:
    sign()
    begun, until, times = time.process_time(), time.monotonic() + seconds / 2, 0
    while time.monotonic() < until:
        for _ in range(20):
            sign()
        times += 20
    return (time.process_time() - begun) / times * 1e6
