"""Where the secret key of an embedded database lies, and how it is created: once, beside the data.

``<data dir>/secret.key`` (0600) is what POSTHOUSE_SECRET_KEY would hold. It is on disk before anything is
sealed with it, and it is never replaced: a lost key is a reason to stop, not to make another.
"""

import base64
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from posthouse.store.installation import secret_check
from posthouse.store.postgres.database import Database
from posthouse.store.postgres.refusal import StoreRefusal
from posthouse.store.seal import Sealer

FILE: Final = "secret.key"
LEAST: Final = 32  # bytes
SHORT: Final = f"it has fewer than {LEAST} bytes, so it can be guessed"
ROTATE: Final = "set POSTHOUSE_SECRET_KEY to new,old, with a new one from openssl rand -base64 32"
_SHORT: Final = f"POSTHOUSE_SECRET_KEY needs values of at least {LEAST} bytes each; openssl rand -base64 32 makes one."
_BYTES: Final = 32


def is_short(key: str) -> bool:
    """Whether a key, as it was given, has fewer than ``LEAST`` bytes: guessing it is cheap."""
    return len(key.encode("utf-8", "surrogatepass")) < LEAST


async def check_length(database: Database, keys: Sequence[str], random: Callable[[int], bytes]) -> None:
    """Errors: StoreRefusal where a short key would become the key of this database.

    A database that was sealed under a short one still opens with it, and may be rotated away from it (``new,old``).
    """
    if not any(map(is_short, keys)):
        return
    stored, sealer = await secret_check.stored_check(database), Sealer(tuple(keys), random)
    is_new = stored is None or (sealer.proves(stored) and stored != sealer.checks[0])
    if stored is None or (is_new and is_short(keys[0])):
        raise StoreRefusal(_SHORT)


def read_key(data_dir: Path) -> str | None:
    """The key beside the embedded database; None where there is none. Errors: StoreRefusal where it cannot be read."""
    path = data_dir / FILE
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise StoreRefusal(
            f"The secret key in {path} cannot be read; check who owns it and that it is the file Posthouse wrote."
        ) from None
    if not text:
        raise StoreRefusal(f"The secret key in {path} is empty; put the file back from your backup.")
    return text


def create_key(data_dir: Path, random: Callable[[int], bytes]) -> str:
    """A new key, synced to disk; the one that is there if another process was faster. Errors: StoreRefusal."""
    key = base64.urlsafe_b64encode(random(_BYTES)).decode()
    fresh = data_dir / f".{FILE}.{os.getpid()}"
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(f"{key}\n")
            file.flush()
            os.fsync(file.fileno())
        _publish(fresh, data_dir)
    except OSError as error:
        raise StoreRefusal(f"The secret key cannot be written to {data_dir}: {error.strerror}.") from None
    return read_key(data_dir) or key


def _publish(fresh: Path, data_dir: Path) -> None:
    """Give the file its final name, unless another process was faster, and sync the folder so that a power cut keeps the name."""
    try:
        (data_dir / FILE).hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    folder = os.open(data_dir, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
