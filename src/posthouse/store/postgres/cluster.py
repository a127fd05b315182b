"""The files of an embedded Postgres: where they are, how they are created, and what they show of the running server.

``<data dir>/postgres/`` (0700) holds ``cluster`` (Postgres' own), ``password`` (0600), ``socket`` and
``server.log``. A socket's path has at most 107 bytes; where ours would be longer the sockets live in a folder
made for that under the system's temporary one, whose name stands in ``socket_folder``.

Known sharp edges: ``posthouse.conf`` is written at every start; an operator's own settings belong in
``cluster/conf.d/*.conf``, which is read after it.
"""

import base64
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

import msgspec

from posthouse.store.postgres.binaries import PgBinaries
from posthouse.store.postgres.launch import ProcessIdentity, give, give_all, is_postmaster, start
from posthouse.store.postgres.ownership import DirectoryUnusable
from posthouse.store.postgres.refusal import StoreRefusal

USER: Final = "posthouse"
_PORT: Final = 5432
_LONGEST: Final = 107 - len(f"/.s.PGSQL.{_PORT}")
_LOG_LIMIT: Final = 10_000_000
_SETTINGS: Final = """\
# Written by Posthouse at every start; put your own settings into conf.d/*.conf.
shared_buffers = 128MB
max_connections = 100
max_locks_per_transaction = 256
wal_compression = on
max_wal_size = 2GB
checkpoint_timeout = 10min
autovacuum_naptime = 10s
fsync = on
full_page_writes = on
synchronous_commit = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# The log must not hold what rows hold: no details, no statements.
log_error_verbosity = terse
log_min_error_statement = panic
log_checkpoints = off
"""


class ClusterRefused(StoreRefusal):
    """The cluster on disk cannot be used by these programs."""


class Postmaster(msgspec.Struct, frozen=True):
    """What ``postmaster.pid`` says; it may be stale. ``status``: starting, ready, stopping."""

    pid: int
    socket_folder: str
    status: str


class Cluster(msgspec.Struct, frozen=True):
    """The files under ``folder``, an absolute path."""

    folder: Path

    @property
    def data(self) -> Path:
        """Postgres' data directory, its ``-D``."""
        return self.folder / "cluster"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.folder / "server.log"

    @property
    def postmaster_file(self) -> Path:
        """Postgres' own note of its pid; survives a kill."""
        return self.data / "postmaster.pid"

    def dsn(self, socket_folder: str, database: str = USER) -> str:
        """How to connect, the password included: a secret."""
        password = (self.folder / "password").read_text().strip()
        return f"postgresql://{USER}:{password}@/{database}?host={quote(socket_folder, safe='')}&port={_PORT}"


def at(data_dir: Path) -> Cluster:
    """The cluster of a data directory, whether it exists or not."""
    return Cluster(data_dir.resolve() / "postgres")


def postmaster(cluster: Cluster) -> Postmaster | None:
    """What the pid file says, None where there is none or it is being written."""
    try:
        lines = cluster.postmaster_file.read_text().splitlines()
        return Postmaster(int(lines[0]), lines[4], lines[7].strip())
    except (FileNotFoundError, IndexError, ValueError):
        return None


def forget_postmaster(cluster: Cluster, said: Postmaster) -> None:
    """Remove the note and the socket's lock of a server that is gone."""
    cluster.postmaster_file.unlink(missing_ok=True)
    Path(said.socket_folder, f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)


def answering(cluster: Cluster) -> str | None:
    """The socket folder of a running server of this cluster: the pid is a postmaster of it, and its socket answers."""
    running = postmaster(cluster)
    if running is None or running.status != "ready" or not is_postmaster(running.pid, cluster.data):
        return None
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(f"{running.socket_folder}/.s.PGSQL.{_PORT}")
        except OSError:
            return None
    return running.socket_folder


def prepare(cluster: Cluster, binaries: PgBinaries, guise: ProcessIdentity, random: Callable[[int], bytes]) -> bool:
    """Make the cluster if it is not there yet (True), and bring our settings up to date.

    Errors: ClusterRefused where it was made by another major version, or initdb fails.
    """
    made = not cluster.data.exists()
    give_all(cluster.folder, guise)
    if made:
        _make(cluster, binaries, guise, random)
    else:
        _same_version(cluster, binaries)
    try:
        _write(cluster.data / "posthouse.conf", _SETTINGS, guise)
        if cluster.log.exists() and cluster.log.stat().st_size > _LOG_LIMIT:
            cluster.log.replace(cluster.log.with_suffix(".log.1"))
    except OSError as problem:
        raise DirectoryUnusable(f"The Postgres files in {cluster.folder} cannot be written: {problem.strerror}.") from problem
    return made


def server_command(cluster: Cluster, binaries: PgBinaries, socket_folder: str) -> list[str | Path]:
    """The server: on its socket only, whatever its configuration files say."""
    fixed = {"listen_addresses": "", "unix_socket_directories": socket_folder, "unix_socket_permissions": "0700", "port": _PORT}
    options = [word for name, value in fixed.items() for word in ("-c", f"{name}={value}")]
    return [binaries.postgres, "-D", cluster.data, *options]


def socket_folder(cluster: Cluster, guise: ProcessIdentity) -> str:
    """A folder (0700) short enough for sockets; the one used before if it is still ours."""
    own, note = cluster.folder / "socket", cluster.folder / "socket_folder"
    if len(os.fsencode(own)) <= _LONGEST:
        if not own.exists():
            own.mkdir(mode=0o700)
            give(own, guise)
        return str(own)
    before = Path(note.read_text()) if note.exists() else None
    if before is None or not _is_ours(before, cluster.folder):
        # A short path is the point; mkdtemp makes it 0700 and ours.
        before = Path(tempfile.mkdtemp(prefix="posthouse-", dir="/tmp"))
        give(before, guise)
        _write(note, str(before), guise)
    return str(before)


def _make(cluster: Cluster, binaries: PgBinaries, guise: ProcessIdentity, random: Callable[[int], bytes]) -> None:
    """Initdb beside the final place, then one rename: a cluster is there whole or not at all."""
    fresh, password = cluster.folder / "cluster.new", cluster.folder / "password"
    shutil.rmtree(fresh, ignore_errors=True)
    _write(password, base64.urlsafe_b64encode(random(24)).decode(), guise)
    command: list[str | Path] = [
        binaries.initdb,
        "-D",
        fresh,
        "--username",
        USER,
        "--pwfile",
        password,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--data-checksums",
        *_locale(binaries.major),
    ]
    with open_log(cluster) as log:
        code = start(command, guise, cluster.folder, log.fileno()).wait()
    if code != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise ClusterRefused(f"Postgres could not make its files in {cluster.folder}: {last_log_error(cluster)}")
    (fresh / "conf.d").mkdir(mode=0o700)
    give(fresh / "conf.d", guise)
    with (fresh / "postgresql.conf").open("a") as conf:
        conf.write("\ninclude 'posthouse.conf'\ninclude_dir 'conf.d'\n")
    fresh.rename(cluster.data)


def open_log(cluster: Cluster) -> IO[bytes]:
    """The server's log, to append to; never through a link."""
    return os.fdopen(os.open(cluster.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "ab")


def last_log_error(cluster: Cluster) -> str:
    """The last line of the server's log that says why it ended."""
    try:
        lines = cluster.log.read_bytes()[-4096:].decode("utf-8", "replace").splitlines()
    except OSError:
        return "it left no log"
    relevant = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line] or lines
    return relevant[-1].strip() if relevant else "it said nothing"


def _locale(major: int) -> list[str]:
    return ["--locale=C", *(["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else [])]


def _same_version(cluster: Cluster, binaries: PgBinaries) -> None:
    try:
        major = (cluster.data / "PG_VERSION").read_text().strip()
    except OSError as problem:
        raise ClusterRefused(f"{cluster.data} is no Postgres cluster that can be read: {problem.strerror}.") from problem
    if major != str(binaries.major):
        raise ClusterRefused(
            f"The database in {cluster.data} was made by Postgres {major} and the programs here are {binaries.major}; "
            f"run it with Postgres {major}, or dump it there and load it here."
        )


def _is_ours(folder: Path, like: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    return folder.is_dir() and not folder.is_symlink() and status.st_uid == like.stat().st_uid and status.st_mode & 0o777 == 0o700


def _write(path: Path, text: str, guise: ProcessIdentity) -> None:
    """Replace a file of ours, 0600 from its first byte."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    give(path, guise)
