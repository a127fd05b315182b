"""The embedded server: durable, alone in its directory, back after every kind of death, and never somebody else's killer."""

# ruff: noqa: ASYNC240 - a test may look at files while the loop waits

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import namedtuple
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from posthouse.store.postgres import launch
from posthouse.store.postgres.cluster import ClusterRefused
from posthouse.store.postgres.embedded import EmbeddedPostgres, NotEnoughDisk, ServerFailed, join
from posthouse.store.postgres.launch import CannotRun, ProcessIdentity
from posthouse.store.postgres.ownership import DirectoryInUse, DirectoryUnusable

STARTS = """
import asyncio, os, sys
from pathlib import Path
from posthouse.store.postgres.embedded import EmbeddedPostgres
async def main():
    server = EmbeddedPostgres(Path(sys.argv[1]), random=os.urandom)
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def server_of(folder: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, random=os.urandom)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    made = server_of(tmp_path / "var")
    await made.start()
    yield made
    await made.stop()


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def started_by_another(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    process = await asyncio.to_thread(
        lambda: subprocess.Popen([sys.executable, "-c", STARTS, str(folder)], stdout=subprocess.PIPE)
    )
    assert process.stdout is not None
    return process, int(await asyncio.to_thread(process.stdout.readline))


async def until(claim: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while True:
            if claim():
                return
            await asyncio.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return not Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True


async def test_it_starts_stops_and_keeps_what_it_was_told(tmp_path: Path) -> None:
    first, second = server_of(tmp_path), server_of(tmp_path)
    dsn = await first.start()
    await ask(dsn, "create table kept as select 7 as n")
    await first.stop()
    assert first.pid is None
    assert await second.start() == dsn
    assert await ask(dsn, "select n from kept") == 7
    await second.stop()


async def test_only_our_own_files_are_opened_and_those_to_nobody(server: EmbeddedPostgres, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    for name in ("", "cluster", "socket"):
        assert (tmp_path / "var" / "postgres" / name).stat().st_mode & 0o077 == 0
    assert (tmp_path / "var" / "postgres" / "password").stat().st_mode & 0o777 == 0o600


async def test_nobody_comes_in_without_the_password_or_over_the_network(server: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await ask(server.dsn.replace("posthouse:", "posthouse:not", 1), "select 1")
    assert await ask(server.dsn, "select current_setting('listen_addresses')") == ""
    assert await ask(server.dsn, "select bool_and(auth_method = 'scram-sha-256') from pg_hba_file_rules")
    assert (
        await ask(
            server.dsn,
            "select count(*) from pg_settings where name in ('fsync', 'data_checksums', 'full_page_writes') and setting = 'on'",
        )
        == 3
    )


async def test_the_log_never_holds_what_rows_hold(server: EmbeddedPostgres, tmp_path: Path) -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await ask(
            server.dsn,
            "do $$ begin create table a (b text primary key); insert into a values ('x@secret.example'), "
            "('x@secret.example'); end $$",
        )
    assert "secret.example" not in (tmp_path / "var" / "postgres" / "server.log").read_text()


async def test_a_second_owner_is_told_who_the_first_is(server: EmbeddedPostgres, tmp_path: Path) -> None:
    with pytest.raises(DirectoryInUse, match=f"pid {os.getpid()}"):
        await server_of(tmp_path / "var").start()
    assert await ask(server.dsn, "select 1") == 1


async def test_another_process_may_join_what_runs(server: EmbeddedPostgres, tmp_path: Path) -> None:
    assert join(tmp_path / "var") == server.dsn
    await server.stop()
    assert join(tmp_path / "var") is None
    assert join(tmp_path / "nowhere") is None


async def test_a_killed_server_comes_back_with_all_it_acknowledged(server: EmbeddedPostgres) -> None:
    await ask(server.dsn, "create table kept as select 7 as n")
    watching, before = asyncio.create_task(server.watch()), server.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    await until(lambda: server.pid not in (None, before) and join(server._data_dir) is not None)
    assert await ask(server.dsn, "select n from kept") == 7
    await server.stop()
    await watching


async def test_the_server_ends_with_a_killed_supervisor_and_the_next_one_starts(tmp_path: Path) -> None:
    process, pid = await started_by_another(tmp_path)
    process.kill()
    await asyncio.to_thread(process.communicate)
    successor = server_of(tmp_path)
    assert await ask(await successor.start(), "select 1") == 1
    await until(lambda: is_gone(pid))
    await successor.stop()


async def test_a_live_orphan_is_ended_before_a_new_server_starts(tmp_path: Path) -> None:
    process, pid = await started_by_another(tmp_path)
    os.kill(pid, signal.SIGSTOP)  # it cannot end when its supervisor does
    process.kill()
    await asyncio.to_thread(process.communicate)
    heard: list[str] = []
    successor = EmbeddedPostgres(tmp_path, random=os.urandom, progress=heard.append)
    starting = asyncio.create_task(successor.start())
    await until(lambda: heard)
    os.kill(pid, signal.SIGCONT)
    assert await ask(await starting, "select 1") == 1
    assert str(pid) in heard[0]
    await successor.stop()


async def test_a_stranger_with_the_old_pid_is_left_alone_and_nothing_waits_for_it(tmp_path: Path) -> None:
    first = server_of(tmp_path)
    await first.start()
    note = tmp_path / "postgres" / "cluster" / "postmaster.pid"
    lines = note.read_text().splitlines()
    await first.stop()
    stranger = await asyncio.create_subprocess_exec("sleep", "600")
    try:
        note.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        (tmp_path / "postgres" / "socket" / ".s.PGSQL.5432.lock").write_text(f"{stranger.pid}\n")
        assert join(tmp_path) is None
        second = server_of(tmp_path)
        assert await ask(await second.start(), "select 1") == 1
        await second.stop()
        assert stranger.returncode is None
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_long_path_gets_a_short_socket_folder_that_is_remembered(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90)
    server = server_of(deep)
    dsn = await server.start()
    assert await ask(dsn, "select 1") == 1
    assert join(deep) == dsn
    await server.stop()
    folder = Path((deep / "postgres" / "socket_folder").read_text())
    assert folder.stat().st_mode & 0o777 == 0o700
    again = server_of(deep)
    assert await again.start() == dsn
    await again.stop()
    folder.rmdir()


async def test_another_major_version_is_refused_in_one_sentence(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "cluster"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("13\n")
    with pytest.raises(ClusterRefused, match="made by Postgres 13"):
        await server_of(tmp_path).start()


async def test_too_little_disk_is_refused_and_the_directory_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 199_000_000))
    for _ in range(2):
        with pytest.raises(NotEnoughDisk, match="200 MB"):
            await server_of(tmp_path).start()


async def test_a_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DirectoryUnusable, match="cannot be used"):
        await server_of(tmp_path / "file" / "var").start()


async def test_settings_that_do_not_parse_are_told_in_the_servers_words(tmp_path: Path) -> None:
    server = server_of(tmp_path)
    await server.start()
    await server.stop()
    (tmp_path / "postgres" / "cluster" / "conf.d" / "own.conf").write_text("shared_buffers = lots\n")
    with pytest.raises(ServerFailed, match="configuration file"):
        await server_of(tmp_path).start()


async def test_an_operators_own_settings_win_but_the_server_stays_off_the_network(tmp_path: Path) -> None:
    server = server_of(tmp_path)
    await server.start()
    await server.stop()
    (tmp_path / "postgres" / "cluster" / "conf.d" / "own.conf").write_text("shared_buffers = 64MB\nlisten_addresses = '*'\n")
    again = server_of(tmp_path)
    dsn = await again.start()
    assert await ask(dsn, "show shared_buffers") == "64MB"
    assert await ask(dsn, "show listen_addresses") == ""
    await again.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
async def test_where_namespaces_are_refused_root_runs_it_as_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_works", refusing_namespaces(launch._works))
    with pytest.raises(CannotRun, match="no ordinary user may enter"):
        await server_of(tmp_path).start()


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that an ordinary user may pass through."""
    with tempfile.TemporaryDirectory(prefix="posthouse-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


Works = Callable[[ProcessIdentity, Path, Path], bool]


def refusing_namespaces(works: Works) -> Works:
    return lambda guise, folder, program: not guise.namespace and works(guise, folder, program)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
async def test_the_other_user_gets_the_postgres_folder_and_nothing_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "_works", refusing_namespaces(launch._works))
    with open_folder() as folder:
        server = server_of(folder)
        assert await ask(await server.start(), "select 1") == 1
        await server.stop()
        assert (folder / "postgres").stat().st_uid != 0
        assert (folder.stat().st_uid, folder.stat().st_mode & 0o777) == (0, 0o711)
