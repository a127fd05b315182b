"""Where the secret key of an embedded database lies, and how it is created: once, beside the data.

``<data dir>/secret.key`` (0600) is what POSTHOUSE_SECRET_KEY would hold. It is on disk before anything is
sealed with it, and it is never replaced: a lost key is a reason to stop, not to make another.
"""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from posthouse.store.postgres.refusal import StoreRefusal

FILE: Final = "secret.key"
_BYTES: Final = 32


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
