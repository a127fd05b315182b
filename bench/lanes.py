"""Scenarios *lanes* and *fairness*: what a reset waits behind a newsletter, and what a tenant waits beside a greedy one.

Both backlogs are built up with ``--roles api``, which is faster. In *lanes* a feeder then keeps it at its depth while it drains,
so the queue is deep from the first to the last measured reset; that feeder comes through the same door, and what a reset waits
there is shown apart. The bulk rate without resets is the mean of a time before them and one after. In *fairness* nobody feeds:
only mails that were sent while the other tenant's backlog was not yet gone are counted.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import measure, program
from bench.mailbox import Mailbox
from bench.measure import Figures
from bench.pace import Row
from bench.plan import Plan
from bench.posthouse import Posthouse
from bench.program import Unavailable
from bench.system import Load


@dataclass
class Backlog:
    """What the feeder said at its end; ``least`` is the least depth while it was kept."""

    accepted: int = 0
    least: float = field(default=0)


def lanes(system: Posthouse, folder: Path, plan: Plan) -> Figures:
    """Resets beside bulk. Errors: Unavailable."""
    mailbox = Mailbox(folder)
    backlog = Backlog()
    try:
        system.start(folder, mailbox.port, "api")
        _fill(system, mailbox, backlog, plan.bulk_depth, "newsletter")
        system.again()
        with _kept(system, mailbox, backlog, plan.bulk_depth, "newsletter", folder):
            before = _window(plan.bulk_seconds)
            resets = _sent(system, Load(plan.resets, plan.reset_rate, "reset"), folder, plan, system.key)
            after = _window(plan.bulk_seconds)
    finally:
        system.stop()
        seen = mailbox.close()
    if missing := measure.lost(resets, seen):
        raise Unavailable(f"{missing} resets did not arrive")
    bulk = [at for recipient, at in seen.items() if recipient.startswith("bulk")]
    beside = (min(row[2] for row in resets), max(row[3] for row in resets))
    without = (_rate(bulk, before) + _rate(bulk, after)) / 2
    return {
        **measure.quantiles("reset", measure.whole_ms(resets, seen)),
        **measure.quantiles("reset_accept", measure.accept_ms(resets)),
        **measure.quantiles("reset_after", measure.whole_ms(resets, seen, answered=True)),
        "bulk_alone": without,
        "bulk_beside": _rate(bulk, beside),
        "bulk_kept": _rate(bulk, beside) / without if without else 0.0,
        "bulk_least": backlog.least,
    }


def fairness(system: Posthouse, folder: Path, plan: Plan) -> Figures:
    """One tenant's resets beside another's backlog of resets, and then without it. Errors: Unavailable."""
    mailbox = Mailbox(folder)
    backlog = Backlog()
    try:
        system.start(folder, mailbox.port, "api", second=True)
        _fill(system, mailbox, backlog, plan.fairness_depth, "password_reset")
        system.again()
        crowded = _sent(system, Load(plan.fairness_count, plan.reset_rate, "beside"), folder, plan, system.second_key)
        mailbox.wait(backlog.accepted + plan.fairness_count, plan.stall_seconds + backlog.accepted / 100)
        time.sleep(2.0)
        quiet = _sent(system, Load(plan.fairness_count, plan.reset_rate, "single"), folder, plan, system.second_key)
        mailbox.wait(backlog.accepted + 2 * plan.fairness_count, 10)
    finally:
        system.stop()
        seen = mailbox.close()
    if missing := measure.lost(crowded + quiet, seen):
        raise Unavailable(f"{missing} of the other tenant's mails did not arrive")
    gone = max(at for recipient, at in seen.items() if recipient.startswith("bulk"))
    beside = [row for row in crowded if row[2] < gone]
    alone = measure.percentile(measure.whole_ms(quiet, seen), 0.99)
    return {
        "neighbour_alone_p99": alone,
        **measure.quantiles("neighbour_beside", measure.whole_ms(beside, seen)),
        **measure.quantiles("neighbour_accept", measure.accept_ms(beside)),
        "neighbour_moved": measure.percentile(measure.whole_ms(beside, seen), 0.99) / alone,
        "neighbour_counted": len(beside),
    }


def _fill(system: Posthouse, mailbox: Mailbox, backlog: Backlog, depth: int, kind: str) -> None:
    said = program.run([*_feeder(system, mailbox, backlog, depth, kind), "--once"], 60 + depth / 200)
    _read(said, backlog)


@contextmanager
def _kept(system: Posthouse, mailbox: Mailbox, backlog: Backlog, depth: int, kind: str, folder: Path) -> Iterator[None]:
    """While the backlog has its depth; ``backlog`` is filled in at the end."""
    with (folder / "feeder.log").open("w") as errors:
        feeder = subprocess.Popen(
            _feeder(system, mailbox, backlog, depth, kind), cwd=program.ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert feeder.stdout is not None
    try:
        if feeder.stdout.readline().strip() != "deep":
            raise Unavailable(f"the feeder could not: {(folder / 'feeder.log').read_text()[-300:]}")
        yield
        feeder.terminate()
        _read(feeder.communicate(timeout=30)[0], backlog)
    finally:
        if feeder.poll() is None:
            feeder.kill()
        feeder.wait()
        feeder.stdout.close()


def _feeder(system: Posthouse, mailbox: Mailbox, backlog: Backlog, depth: int, kind: str) -> list[str]:
    return [
        sys.executable, "-m", "bench.feeder", "--port", str(system.port), "--key", system.key, "--depth", str(depth),
        "--counts", str(mailbox.counts), "--type", kind, "--begin", str(backlog.accepted),
    ]  # fmt: skip


def _read(said: str, backlog: Backlog) -> None:
    last = json.loads(said.strip().splitlines()[-1])
    backlog.accepted, backlog.least = last["accepted"], last["least"]


def _sent(system: Posthouse, load: Load, folder: Path, plan: Plan, key: str) -> list[Row]:
    out = folder / f"{load.run}.jsonl"
    return measure.offer(system.generator(load, out, key=key, connections=8), load, out, plan.stall_seconds)


def _window(seconds: float) -> tuple[int, int]:
    begun = time.monotonic_ns()
    time.sleep(seconds)
    return begun, time.monotonic_ns()


def _rate(times: list[int], window: tuple[int, int]) -> float:
    return sum(window[0] <= at < window[1] for at in times) / ((window[1] - window[0]) / 1e9)
