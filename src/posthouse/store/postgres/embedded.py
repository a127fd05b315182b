"""The embedded Postgres: started as our child, watched, restarted, stopped, and never confused with another server.

Owns ``<data dir>`` by a lock, takes the programs from ``binaries``, the files from ``cluster``, and what
``launch`` knows of users and signals. The server listens on a socket in a folder of its own (0700) with a
generated password, and is interrupted by the kernel when we die, so that a successor finds the place free.

A pid that stands in a file is only believed where that process is a postmaster with our ``-D``; nothing else
is ever signalled. Recovery after a crash takes as long as it takes.

Known sharp edges: ``start`` and ``watch`` fork, so they belong on the main thread's loop (see ``launch``).
For production the documentation recommends a Postgres of one's own.
"""

import asyncio
import shutil
import signal
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import asyncpg

from posthouse.store.postgres import cluster as files
from posthouse.store.postgres.binaries import PgBinaries, find
from posthouse.store.postgres.launch import ProcessIdentity, choose, interrupt, is_postmaster, start
from posthouse.store.postgres.ownership import Ownership
from posthouse.store.postgres.refusal import StoreRefusal

ROOM_NEEDED: Final = 200_000_000  # bytes
_TICK: Final = 0.01  # seconds between looks at a server that starts or stops
_WATCH: Final = 0.1
_TELL_EVERY: Final = 5.0
_LINGERING: Final = ("still in use", "postmaster.pid", "lock file")  # backends of a killed postmaster go within moments
_LINGER: Final = 60.0
_CREATE: Final = f"create database {files.USER}"


class ServerFailed(StoreRefusal):
    """The server ended while starting; the text has the last error of its log."""


class NotEnoughDisk(StoreRefusal):
    """Less than ``ROOM_NEEDED`` is free."""


def ignore_progress(_: str) -> None:
    """A progress callback that does nothing."""


class EmbeddedPostgres:
    """One server for one data directory. ``random`` gives n random bytes; ``binaries`` overrides the search."""

    def __init__(
        self,
        data_dir: Path,
        *,
        random: Callable[[int], bytes],
        binaries: Path | None = None,
        progress: Callable[[str], None] = ignore_progress,
    ) -> None:
        self._data_dir = data_dir
        self._cluster = files.at(data_dir)
        self._random = random
        self._own_binaries = binaries
        self._progress = progress
        self._guise = ProcessIdentity()
        self._binaries: PgBinaries | None = None
        self._ownership: Ownership | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets = ""
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The server's pid while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def dsn(self) -> str:
        """How to connect; stays the same over restarts. A secret."""
        return self._cluster.dsn(self._sockets)

    async def start(self) -> str:
        """Own the directory, make the cluster if there is none, run it, and answer the DSN.

        Errors: StoreRefusal's kinds, one sentence each: directory in use or unusable, no disk, no programs,
        nobody to run as, another major version, the server's own last words.
        """
        self._ownership = Ownership.take(self._data_dir.resolve())
        started = False
        try:
            self._check_disk()
            await self._prepare()
            await self._run()
            await self._ensure_database()
            started = True
        finally:
            if not started:
                await self.stop()
        return self.dsn

    async def watch(self) -> None:
        """Start the server again whenever it ends by itself, for ever; ends when ``stop`` is called."""
        pause = _WATCH
        while True:
            await asyncio.sleep(pause)
            if self._stopping:
                return
            if self.pid is not None:
                pause = _WATCH
                continue
            self._progress("Postgres ended by itself; starting it again")
            try:
                await self._run()
            except (StoreRefusal, OSError) as problem:
                pause = min(pause * 2, 5.0)
                self._progress(f"Postgres does not start: {problem}")

    async def stop(self, grace: timedelta = timedelta(seconds=20)) -> None:
        """End the server, by SIGINT (with a checkpoint), then SIGQUIT, then SIGKILL, and release the directory."""
        self._stopping = True
        process, self._process = self._process, None
        if process is not None:
            await _end(process, grace.total_seconds())
        if self._ownership is not None:
            self._ownership.release()

    def _check_disk(self) -> None:
        if shutil.disk_usage(self._data_dir).free < ROOM_NEEDED:
            raise NotEnoughDisk(f"Less than {ROOM_NEEDED // 1_000_000} MB are free at {self._data_dir}; Postgres is not started.")

    async def _prepare(self) -> None:
        folder = self._cluster.folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self._binaries = find(self._own_binaries)
        self._guise = choose(folder, self._binaries.postgres)
        await self._retire_orphan()
        if files.prepare(self._cluster, self._binaries, self._guise, self._random):
            self._progress(f"made a new database in {self._cluster.data}")
        self._sockets = files.socket_folder(self._cluster, self._guise)

    async def _run(self) -> None:
        """Start the server and wait until it answers; again while what a killed one left still goes away."""
        clock = asyncio.get_running_loop()
        began = clock.time()
        while True:
            try:
                await self._retire_orphan()
                return await self._launch()
            except ServerFailed as problem:
                if clock.time() - began > _LINGER or not any(word in str(problem) for word in _LINGERING):
                    raise
                await asyncio.sleep(_WATCH)

    async def _launch(self) -> None:
        assert self._binaries is not None  # noqa: S101 - start comes before
        command = files.server_command(self._cluster, self._binaries, self._sockets)
        with files.open_log(self._cluster) as log:
            process = start(command, self._guise, self._cluster.folder, log.fileno())
        self._process = process
        clock = asyncio.get_running_loop()
        began = reported = clock.time()
        while not self._is_ready(process.pid):
            if process.poll() is not None:
                raise ServerFailed(f"Postgres did not start: {files.last_log_error(self._cluster)}")
            if clock.time() - reported > _TELL_EVERY:
                reported = clock.time()
                self._progress(f"Postgres is recovering, {reported - began:.0f} s so far")
            await asyncio.sleep(_TICK)

    def _is_ready(self, pid: int) -> bool:
        said = files.postmaster(self._cluster)
        return said is not None and said.pid == pid and said.status == "ready"

    async def _retire_orphan(self) -> None:
        """What an earlier life left: a live server of ours is asked to end and waited for; a stale note is removed.

        Postgres takes any live pid in its note for itself and refuses to start, even if that pid is a zombie
        or was given to somebody else; its shared memory still protects what live backends use.
        """
        said = files.postmaster(self._cluster)
        if said is None:
            return
        waited = 0.0
        while is_postmaster(said.pid, self._cluster.data):
            if waited % _TELL_EVERY < _WATCH:
                self._progress(f"waiting for the Postgres of an earlier run to end (pid {said.pid})")
                interrupt(said.pid, self._cluster.data, signal.SIGINT if waited < 2 * _TELL_EVERY else signal.SIGQUIT)
            await asyncio.sleep(_WATCH)
            waited += _WATCH
        files.forget_postmaster(self._cluster, said)

    async def _ensure_database(self) -> None:
        try:
            connection = await asyncpg.connect(self.dsn)
        except asyncpg.InvalidCatalogNameError:
            connection = await asyncpg.connect(self._cluster.dsn(self._sockets, "postgres"))
            await connection.execute(_CREATE)
        await connection.close()


def join(data_dir: Path) -> str | None:
    """The DSN of a server that runs on this data directory now, whoever supervises it; None where none answers.

    Errors: StoreRefusal where its files belong to somebody else.
    """
    cluster = files.at(data_dir)
    try:
        folder = files.answering(cluster)
        return None if folder is None else cluster.dsn(folder)
    except PermissionError as problem:
        raise StoreRefusal(f"The Postgres files in {cluster.folder} belong to another user.") from problem


async def _end(process: "subprocess.Popen[bytes]", grace: float) -> None:
    clock = asyncio.get_running_loop()
    for how, patience in ((signal.SIGINT, grace), (signal.SIGQUIT, 6.0), (signal.SIGKILL, 60.0)):
        process.send_signal(how)
        until = clock.time() + patience
        while clock.time() < until:
            if process.poll() is not None:
                return
            await asyncio.sleep(_TICK)
