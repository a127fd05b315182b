"""Scenario *alone*: what only Posthouse is asked: how fast it accepts, drains, and how long one mail takes when nothing else
does.

First ``--roles api`` takes a closed loop of 32 connections and an open loop at a fixed rate; nothing delivers meanwhile. Then
all roles drain that backlog, and once it is gone single mails are sent at an easy pace.
"""

import time
from pathlib import Path

from bench import measure, program
from bench.mailbox import Mailbox
from bench.measure import Figures
from bench.pace import Row
from bench.plan import Plan
from bench.posthouse import Posthouse
from bench.program import Unavailable
from bench.system import Load

OPEN_LOOP_CONNECTIONS = 64


def alone(system: Posthouse, folder: Path, plan: Plan) -> Figures:
    """All of it on one data directory. Errors: Unavailable."""
    mailbox = Mailbox(folder)
    try:
        system.start(folder, mailbox.port, "api")
        accepted, rows = _accept(system, folder, plan)
        spent = _drain(system, mailbox, len(rows), plan)
        idle = _idle(system, mailbox, folder, plan, len(rows))
    finally:
        system.stop()
        seen = mailbox.close()
    if missing := measure.lost(rows + idle, seen):
        raise Unavailable(f"{missing} were accepted and did not arrive in time")
    return {
        **accepted,
        "drain": measure.per_second([seen[row[0]] for row in rows]),
        "drain_cpu": spent * 1000 / len(rows),
        **measure.quantiles("idle", measure.whole_ms(idle, seen)),
    }


def _accept(system: Posthouse, folder: Path, plan: Plan) -> tuple[Figures, list[Row]]:
    out = folder / "accept.jsonl"
    warm = Load(200, 0, "warm")
    rows = measure.offer(system.generator(warm, out), warm, out, plan.stall_seconds)
    load = Load(plan.accept_count, 0, "closed")
    closed = measure.offer(system.generator(load, out), load, out, plan.stall_seconds)
    time.sleep(1.0)
    load = Load(plan.open_count, plan.open_rate, "open")
    opened = measure.offer(system.generator(load, out, connections=OPEN_LOOP_CONNECTIONS), load, out, plan.stall_seconds)
    figures = {
        "api_rate": measure.per_second([row[3] for row in closed], min(row[2] for row in closed)),
        **measure.quantiles("api", measure.accept_ms(closed)),
        "open_rate": measure.per_second([row[3] for row in opened], min(row[2] for row in opened)),
        **measure.quantiles("open", measure.accept_ms(opened, due=True)),
    }
    return figures, rows + closed + opened


def _drain(system: Posthouse, mailbox: Mailbox, count: int, plan: Plan) -> float:
    """CPU seconds from ready to drained; what was done before it was ready is not in."""
    system.again()
    already = mailbox.taken()
    with program.Meter(system.roots()) as meter:
        mailbox.wait(count, plan.stall_seconds + count / 50)
    taken = mailbox.taken()
    return sum(meter.cpu.values()) * count / max(taken - already, 1)


def _idle(system: Posthouse, mailbox: Mailbox, folder: Path, plan: Plan, before: int) -> list[Row]:
    time.sleep(2.0)
    out = folder / "idle.jsonl"
    load = Load(plan.idle_count, plan.idle_rate, "idle")
    rows = measure.offer(system.generator(load, out, connections=4), load, out, plan.stall_seconds)
    mailbox.wait(before + load.count, 10)
    return rows
