"""Where the time goes inside Posthouse: a load like *throughput* with py-spy looking on; no figure of it is a measurement.

Writes collapsed stacks (for flame graphs) and a list of the functions with the most samples, for each process of its own.
Postgres shows in "where the CPU goes" of the report, not here.
"""

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from bench import measure, program
from bench.mailbox import Mailbox
from bench.posthouse import Posthouse
from bench.program import Unavailable
from bench.system import Load

PIN = "py-spy==0.4.1"
COUNT = 12_000
WARM = 300
TOP = 25


def profile(folder: Path, results: Path, stamp: str, *, short: bool) -> Path:
    """The page that was written. Errors: Unavailable."""
    spy = _py_spy()
    count = COUNT // 4 if short else COUNT
    mailbox, system = Mailbox(folder), Posthouse()
    try:
        system.start(folder, mailbox.port)
        _carry(system, mailbox, folder, Load(WARM, 0, "warm"), WARM)
        watched = [
            (role, one.pid) for one in program.tree(system.roots()) if (role := program.part(one.pid)) in {"doors", "worker"}
        ]
        spies = [_watch(spy, pid, folder / f"{role}-{pid}.stacks", folder) for role, pid in watched]
        _carry(system, mailbox, folder, Load(count, 0, "rush"), count + WARM)
        for one in spies:
            one.send_signal(2)  # SIGINT: py-spy writes what it has
            one.wait(60)
    finally:
        system.stop()
        mailbox.close()
    return _page(watched, folder, results, stamp)


def _carry(system: Posthouse, mailbox: Mailbox, folder: Path, load: Load, until: int) -> None:
    out = folder / f"{load.run}.jsonl"
    measure.offer(system.generator(load, out), load, out, 60)
    mailbox.wait(until, 90)


def _watch(spy: str, pid: int, out: Path, folder: Path) -> "subprocess.Popen[bytes]":
    command = [
        spy,
        "record",
        "--pid",
        str(pid),
        "--format",
        "raw",
        "--output",
        str(out),
        "--rate",
        "200",
        "--native",
    ]
    return program.start(command, folder / "py-spy.log")


def _py_spy() -> str:
    """Beside our Python, on the path, or fetched into the cache."""
    beside = Path(sys.executable).parent / "py-spy"
    own = program.CACHE / "py-spy" / "bin" / "py-spy"
    found = next((str(path) for path in (beside, own) if path.exists()), None) or shutil.which("py-spy")
    if found:
        return found
    program.run([sys.executable, "-m", "venv", str(own.parents[1])], 120)
    program.run([str(own.parent / "python"), "-m", "pip", "-q", "--disable-pip-version-check", "install", PIN], 120)
    return str(own)


def _page(watched: list[tuple[str, int]], folder: Path, results: Path, stamp: str) -> Path:
    lines = [
        f"# Profile {stamp}",
        "",
        "Share of a process's samples: in the function itself, and with what it calls; `epoll_pwait` is waiting.",
        "",
    ]
    for role, pid in watched:
        stacks = folder / f"{role}-{pid}.stacks"
        if not stacks.exists():
            said = (folder / "py-spy.log").read_text(errors="replace")[-300:]
            raise Unavailable(f"py-spy wrote nothing (may this user trace processes?): {said}")
        shutil.copy(stacks, results / f"{stamp}-{role}-{pid}.stacks")
        lines += [f"## {role} {pid}", "", *_top(stacks), ""]
    page = results / f"{stamp}-profile.md"
    page.write_text("\n".join(lines))
    return page


def _top(stacks: Path) -> list[str]:
    own: Counter[str] = Counter()
    within: Counter[str] = Counter()
    for line in stacks.read_text(errors="replace").splitlines():
        stack, _, times = line.rpartition(" ")
        frames = stack.split(";")
        own[frames[-1]] += int(times)
        for frame in set(frames):
            within[frame] += int(times)
    total = sum(own.values()) or 1
    lines = [f"{total} samples.", "", "| itself | with callees | function |", "|---|---|---|"]
    lines += [
        f"| {100 * times / total:.1f} % | {100 * within[name] / total:.1f} % | `{name}` |" for name, times in own.most_common(TOP)
    ]
    lines += ["", "| with callees | function of ours |", "|---|---|"]
    mine = [(name, times) for name, times in within.most_common() if "posthouse/" in name]
    return lines + [f"| {100 * times / total:.1f} % | `{name}` |" for name, times in mine[:TOP]]
