"""Scenarios *lanes* and *fairness*: what a reset waits behind a newsletter, and what a tenant waits beside a greedy one.

Both backlogs are built up with ``--roles api``, which is faster. In *lanes* a feeder then keeps it at its depth while it drains,
so the queue is deep from the first to the last measured reset; that feeder comes through the same door, and what a reset waits
there is shown apart. The bulk rate without resets is the mean of a time before them and one after. In *fairness* nobody feeds:
only mails that were sent while the other tenant's backlog was not yet gone are counted, and not the first ones after the start,
which find everything cold: a flood meets a system that runs.
"""

import time
from pathlib import Path

from bench import measure
from bench.backlog import Backlog, resets
from bench.mailbox import Mailbox
from bench.measure import Figures
from bench.pace import Row
from bench.plan import Plan
from bench.posthouse import Posthouse
from bench.program import Unavailable
from bench.system import Load


def lanes(system: Posthouse, folder: Path, plan: Plan) -> Figures:
    """Resets beside bulk. Errors: Unavailable."""
    mailbox = Mailbox(folder)
    backlog = Backlog(system, mailbox, "newsletter")
    try:
        system.start(folder, mailbox.port, "api")
        backlog.fill(plan.bulk_depth)
        system.again()
        with backlog.kept(plan.bulk_depth, folder):
            before = _window(plan.bulk_seconds)
            sent = resets(system, Load(plan.resets, plan.reset_rate, "reset"), folder, system.key, plan.stall_seconds)
            after = _window(plan.bulk_seconds)
    finally:
        system.stop()
        seen = mailbox.close()
    if missing := measure.lost(sent, seen):
        raise Unavailable(f"{missing} resets did not arrive")
    bulk = [at for recipient, at in seen.items() if recipient.startswith("bulk")]
    beside = (min(row[2] for row in sent), max(row[3] for row in sent))
    without = (_rate(bulk, before) + _rate(bulk, after)) / 2
    return {
        **measure.quantiles("reset", measure.whole_ms(sent, seen)),
        **measure.quantiles("reset_accept", measure.accept_ms(sent)),
        **measure.quantiles("reset_after", measure.whole_ms(sent, seen, answered=True)),
        "bulk_alone": without,
        "bulk_beside": _rate(bulk, beside),
        "bulk_kept": _rate(bulk, beside) / without if without else 0.0,
        "bulk_least": backlog.least,
    }


def fairness(system: Posthouse, folder: Path, plan: Plan) -> Figures:
    """One tenant's resets beside another's backlog of resets, and then without it. Errors: Unavailable."""
    mailbox = Mailbox(folder)
    backlog = Backlog(system, mailbox, "password_reset")

    def sent(count: int, run: str) -> list[Row]:
        return resets(system, Load(count, plan.reset_rate, run), folder, system.second_key, plan.stall_seconds)

    try:
        system.start(folder, mailbox.port, "api", second=True)
        backlog.fill(plan.fairness_depth)
        system.again()
        sent(plan.fairness_warm, "warm")
        crowded = sent(plan.fairness_count, "beside")
        mailbox.wait(backlog.accepted + plan.fairness_warm + plan.fairness_count, plan.stall_seconds + backlog.accepted / 100)
        time.sleep(2.0)
        quiet = sent(plan.fairness_count, "single")
        mailbox.wait(backlog.accepted + plan.fairness_warm + 2 * plan.fairness_count, 10)
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


def _window(seconds: float) -> tuple[int, int]:
    begun = time.monotonic_ns()
    time.sleep(seconds)
    return begun, time.monotonic_ns()


def _rate(times: list[int], window: tuple[int, int]) -> float:
    return sum(window[0] <= at < window[1] for at in times) / ((window[1] - window[0]) / 1e9)
