"""``python -m bench`` (`make bench`): Posthouse and its peers side by side, in interleaved rounds, in one go.

Results go to ``bench/results`` as JSON and as a page. What cannot run here (no root, no npm, no disk) is named and
left out; the rest runs. docs/performance.md says what is measured and how to read it.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from bench import alone, keys, lanes, machine, plan, profiling, program, report, side_by_side
from bench.peers.bullmq import BullMq
from bench.peers.celery import Celery
from bench.peers.postfix import Postfix
from bench.posthouse import Posthouse
from bench.program import Unavailable
from bench.report import Record
from bench.system import System

RESULTS = Path(__file__).parent / "results"
SYSTEMS: tuple[Callable[[], System], ...] = (Posthouse, Postfix, Celery, BullMq)
NAMES = ("posthouse", "postfix", "celery", "bullmq")
DISK_NEEDED = 2 * 2**30
OUR_OWN = {"alone": alone.alone, "lanes": lanes.lanes, "fairness": lanes.fairness}


class Bench:
    """One run: the systems that can be had, the plan, and the record it fills."""

    def __init__(self, chosen: plan.Plan, record: Record, home: Path) -> None:
        self._plan = chosen
        self._record = record
        self._home = home
        self._begun = time.monotonic()
        self._systems: list[System] = []

    def prepare(self, only: list[str]) -> None:
        """Fetch what the systems need; those that cannot be had are named."""
        for make in SYSTEMS:
            system = make()
            if system.name not in only:
                continue
            self._record.titles[system.name] = system.title
            self._record.durability[system.name] = system.durability
            try:
                self._record.versions[system.name] = system.prepare()
                self._systems.append(system)
            except Unavailable as reason:
                self._record.missing[system.name] = str(reason)
                _say(f"  {system.title}: NOT RUN: {reason}")
        self._begun = time.monotonic()

    def rounds(self) -> None:
        """All rounds; each begins with another system, so that nobody always follows the same."""
        for number in range(self._plan.rounds):
            _say(f"round {number + 1} of {self._plan.rounds}")
            self._record.signing.append(keys.signing(self._plan.signing_seconds))
            turn = number % max(len(self._systems), 1)
            for system in self._systems[turn:] + self._systems[:turn]:
                self._side_by_side(system)
            for scenario, measured in OUR_OWN.items():
                self._ours(scenario, measured)
        self._record.seconds = time.monotonic() - self._begun

    def _side_by_side(self, system: System) -> None:
        if "throughput" not in self._plan.scenarios:
            return

        def work(folder: Path) -> None:
            figures, parts = side_by_side.throughput(system, folder, self._plan)
            self._record.add(system.name, figures)
            self._record.parts.setdefault(system.name, []).append(parts)
            _say(
                f"  {system.title:20} {figures['rate']:7.0f} msg/s  {figures['cpu']:6.2f} CPU-s per 1,000  "
                f"{figures['memory']:5.0f} MB"
            )

        self._within("throughput", system, work)

    def _ours(self, scenario: str, measured: Callable[..., dict[str, float]]) -> None:
        system = next((one for one in self._systems if isinstance(one, Posthouse)), None)
        if scenario not in self._plan.scenarios or system is None:
            return

        def work(folder: Path) -> None:
            figures = measured(system, folder, self._plan)
            self._record.add(system.name, figures)
            _say(f"  {scenario:20} " + "  ".join(f"{name} {value:.4g}" for name, value in figures.items()))

        self._within(scenario, system, work)

    def _within(self, scenario: str, system: System, work: Callable[[Path], None]) -> None:
        """In a folder of its own that is gone afterwards; troubles are noted, and the next one has its turn."""
        if time.monotonic() - self._begun > self._plan.budget_seconds:
            self._trouble(f"{scenario} of {system.title}: left out, the time was used up")
            return
        folder = Path(tempfile.mkdtemp(dir=self._home))
        folder.chmod(0o755)  # Postfix's user must get to its queue
        begun = time.monotonic()
        try:
            work(folder)
        except Unavailable as reason:
            self._trouble(f"{scenario} of {system.title}: {reason}{_kept(folder)}")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        _say(f"    ({time.monotonic() - begun:.0f} s)")

    def _trouble(self, words: str) -> None:
        self._record.troubles.append(words)
        _say(f"  TROUBLE {words}")


def _kept(folder: Path) -> str:
    """The last lines of Posthouse's log, which goes with the folder."""
    log = folder / "posthouse" / "serve.log"
    lines = log.read_text(errors="replace").splitlines()[-3:] if log.exists() else []
    return f" [serve.log: {' / '.join(lines)}]" if lines else ""


def _say(words: str) -> None:
    print(words, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Posthouse and its peers side by side.")
    amount = parser.add_mutually_exclusive_group()
    amount.add_argument("--quick", action="store_true", help="one short round, to try it out; two minutes")
    amount.add_argument("--full", action="store_true", help="the counts the claims are stated with; most of an hour")
    parser.add_argument("--rounds", type=int, metavar="N", help="3 where not said, 1 with --quick")
    parser.add_argument("--only", metavar="NAME,…", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--scenario", metavar="NAME,…", help=f"of {', '.join(plan.SCENARIOS)}")
    parser.add_argument("--profile", action="store_true", help="py-spy looks on; then nothing is measured")
    a = parser.parse_args()
    a.only = _among(parser, a.only, NAMES)
    a.scenario = _among(parser, a.scenario, plan.SCENARIOS)
    if a.rounds is not None and a.rounds < 1:
        parser.error("--rounds must be 1 or more")
    return a


def _among(parser: argparse.ArgumentParser, text: str | None, known: tuple[str, ...]) -> list[str]:
    names = text.split(",") if text else list(known)
    if strangers := set(names) - set(known):
        parser.error(f"there is no {', '.join(sorted(strangers))}; there are {', '.join(known)}")
    return names


def _disk() -> str | None:
    """/var/tmp, which is a disk by custom; else wherever temporary files go."""
    return "/var/tmp" if os.access("/var/tmp", os.W_OK) else None


def _plan(a: argparse.Namespace) -> plan.Plan:
    if a.quick:
        chosen = plan.quick()
        chosen = replace(chosen, rounds=a.rounds or 1, budget_seconds=chosen.budget_seconds * (a.rounds or 1))
    else:
        chosen = (plan.full if a.full else plan.default)(a.rounds or 3)
    return replace(chosen, scenarios=tuple(a.scenario))


def main() -> int:
    """Exit code 1 where nothing could be measured."""
    a = _options()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))  # so that what was started is ended
    chosen = _plan(a)
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S") + ("-quick" if a.quick else "")
    # Not in our own folder: Postfix's user must get there, and a socket's path has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="posthouse-bench-", dir=_disk(), ignore_cleanup_errors=True) as place:
        home = Path(place)
        home.chmod(0o755)
        if shutil.disk_usage(home).free < DISK_NEEDED:
            _say(f"Less than 2 GB are free under {home.parent}: nothing is run.")
            return 1
        program.CACHE.mkdir(parents=True, exist_ok=True)
        if a.profile:
            RESULTS.mkdir(exist_ok=True)
            page = profiling.profile(home, RESULTS, stamp, short=a.quick)
            _say(page.read_text() + f"\nwritten to {page}")
            return 0
        record = Record(machine.describe(home), asdict(chosen))
        if record.machine["fileSystem"] in {"tmpfs", "ramfs"}:
            record.troubles.append("the data stood in memory: an fsync cost nothing, so durability is not in these figures")
        bench = Bench(chosen, record, home)
        bench.prepare(a.only)
        bench.rounds()
    page = report.write(record, RESULTS, stamp)
    _say(f"\n{page.read_text()}\nwritten to {page}")
    return 0 if record.figures else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Unavailable as unavailable:
        sys.exit(str(unavailable))
