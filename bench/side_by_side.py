"""Scenario *throughput*: every system accepts and delivers at once, as fast as it can, and before that at 50 a second.

Saturated, "accept to sink" is mostly the queue that a fast accept builds up, so it says how long the last in a rush
waits; the light load says what the path itself costs. CPU runs from before the load until a second after the last mail.
"""

import time
from pathlib import Path

from bench import measure, program
from bench.mailbox import Mailbox
from bench.measure import Figures
from bench.pace import Row
from bench.plan import Plan
from bench.program import Unavailable
from bench.system import Load, System

WARM = 50  # the first mails of a fresh process measure its imports and connections


def throughput(system: System, folder: Path, plan: Plan) -> tuple[Figures, dict[str, float]]:
    """Figures, and CPU seconds per 1,000 by part of the system. Errors: Unavailable."""
    mailbox = Mailbox(folder)
    try:
        system.start(folder, mailbox.port)
        warm = _offered(system, mailbox, Load(WARM, plan.light_rate, "warm"), folder, plan)
        light = _offered(system, mailbox, Load(plan.light_count, plan.light_rate, "light"), folder, plan)
        load = Load(plan.letters[system.name], 0, "rush")
        with program.Meter(system.roots()) as meter:
            rush = _offered(system, mailbox, load, folder, plan)
            time.sleep(1.0)  # what comes after the 250: settling, logs, removing
    finally:
        system.stop()
        seen = mailbox.close()
    missing = measure.lost(warm + light + rush, seen)
    if missing:
        raise Unavailable(f"{missing} of {WARM + plan.light_count + load.count} were accepted and did not arrive in time")
    arrived = [seen[row[0]] for row in rush]
    each = 1000 / load.count
    figures = {
        "rate": measure.per_second(arrived, min(row[2] for row in rush)),
        "cpu": sum(meter.cpu.values()) * each,
        "memory": meter.peak_mb,
        **measure.quantiles("accept", measure.accept_ms(rush)),
        **measure.quantiles("whole", measure.whole_ms(rush, seen, answered=True)),
        **measure.quantiles("light_accept", measure.accept_ms(light)),
        **measure.quantiles("light_whole", measure.whole_ms(light, seen)),
    }
    return figures, {name: round(spent * each, 3) for name, spent in sorted(meter.cpu.items(), key=lambda one: -one[1])}


def _offered(system: System, mailbox: Mailbox, load: Load, folder: Path, plan: Plan) -> list[Row]:
    """Offer it and wait until it has arrived."""
    before, out = mailbox.taken(), folder / f"{load.run}.jsonl"
    rows = measure.offer(system.generator(load, out), load, out, plan.stall_seconds)
    mailbox.wait(before + load.count, plan.stall_seconds + load.count / 50)
    return rows
