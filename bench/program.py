"""Programs that the bench starts: found free ports, started in folders of their own, measured and ended by pid.

What a system costs is the CPU time (user and system, with reaped children) and the memory (PSS: shared pages counted
once) of the trees below the programs it was started with. Nothing is ended that was not started here: a pid is only
signalled while it still has the start time it was seen with.
"""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache" / "bench"
TICK = os.sysconf("SC_CLK_TCK")
PATIENCE = 30.0


class Unavailable(Exception):
    """A system cannot run here; the text says why."""


class Process(NamedTuple):
    """A row of /proc: ``begun`` tells a pid from a later one of the same number; ``cpu`` in seconds."""

    pid: int
    parent: int
    begun: int
    cpu: float


def free_port() -> int:
    """A port of loopback that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> "subprocess.Popen[bytes]":
    """In a session of its own, output to ``log``."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=cwd,
            start_new_session=True,
            env={**os.environ, **(env or {})},
        )


def stop(program: "subprocess.Popen[bytes]") -> None:
    """SIGTERM; whatever of its tree is left after ten seconds is killed."""
    below = tree([program.pid])
    if program.poll() is None:
        program.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(10)
    for process in left(below):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    program.wait()


def left(seen: Sequence[Process]) -> list[Process]:
    """Those of them that still are the processes they were."""
    return [process for process in seen if (now := _read(process.pid)) is not None and now.begun == process.begun]


def run(command: Sequence[str], seconds: float, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """A program to its end; its output. Errors: Unavailable with its last words."""
    try:
        ended = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=seconds, check=False, env={**os.environ, **(env or {})}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]}: {error}") from None
    if ended.returncode:
        words = (ended.stderr or ended.stdout).strip().splitlines()
        raise Unavailable(f"{Path(command[0]).name}: {words[-1] if words else ended.returncode}")
    return ended.stdout


def wait_for_port(port: int, program: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until somebody listens. Errors: Unavailable."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and program.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise Unavailable(f"does not listen: {log.read_text(errors='replace')[-600:]}")


def wait_for_path(path: Path, program: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until it is there. Errors: Unavailable."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and program.poll() is None:
        if path.exists():
            return
        time.sleep(0.02)
    raise Unavailable(f"never made {path.name}: {log.read_text(errors='replace')[-600:]}")


def wait_for_words(words: str, times: int, program: "subprocess.Popen[bytes]", log: Path) -> None:
    """Until its log has them that often. Errors: Unavailable."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and program.poll() is None:
        if log.read_text(errors="replace").count(words) >= times:
            return
        time.sleep(0.05)
    raise Unavailable(f"never said {words!r}: {log.read_text(errors='replace')[-600:]}")


def tree(roots: Sequence[int]) -> list[Process]:
    """The programs and all that descends from them."""
    found = {p.pid: p for entry in os.scandir("/proc") if entry.name.isdigit() and (p := _read(int(entry.name)))}
    children: dict[int, list[int]] = {}
    for process in found.values():
        children.setdefault(process.parent, []).append(process.pid)
    wanted, mine = [pid for pid in roots if pid in found], []
    while wanted:
        pid = wanted.pop()
        mine.append(found[pid])
        wanted += children.get(pid, [])
    return mine


def _read(pid: int) -> Process | None:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return Process(pid, int(words[1]), int(words[19]), sum(map(int, words[11:15])) / TICK)


def part(pid: int) -> str:
    """What a process is within its system, in a word."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "ended"
    _, child, role = line.partition("posthouse.app.child ")
    if child:
        return role.split()[0]
    if " posthouse serve" in line:
        return "supervisor"
    return "celery" if "celery" in line else name


class Meter:
    """What a system costs between ``with`` and its end: CPU seconds by part, and the highest sum of PSS, sampled each second."""

    def __init__(self, roots: Sequence[int]) -> None:
        self._roots = roots
        self._done = threading.Event()
        self.peak_mb = 0.0
        self.cpu: dict[str, float] = {}

    def __enter__(self) -> Self:
        self._before = self._spent()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._sampler.join()
        after = self._spent()
        self.cpu = {name: round(after[name] - self._before[name], 2) for name in after if after[name] > self._before[name]}

    def _spent(self) -> Counter[str]:
        spent: Counter[str] = Counter()
        for process in tree(self._roots):
            spent[part(process.pid)] += process.cpu  # type: ignore[assignment]  # seconds are no integers
        return spent

    def _sample(self) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, sum(_pss(process.pid) for process in tree(self._roots)) / 1e6)
            if self._done.wait(1.0):
                return


def _pss(pid: int) -> int:
    """Bytes; 0 where we may not look."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
