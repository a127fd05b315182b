"""One load on one system, and the figures that come of it.

A figure is a number with a name; what the names mean, and which way is better, stands in ``FIGURES``. Percentiles are
nearest rank: with fewer than 100 values the p99 is the worst of them.
"""

import json
import math
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import program
from bench.pace import Row
from bench.program import Unavailable
from bench.system import Load

Figures = dict[str, float]


class Figure(NamedTuple):
    """How a figure is shown. ``more``: more is better."""

    words: str
    unit: str
    more: bool = False
    digits: int = 1


FIGURES: Mapping[str, Figure] = {
    "rate": Figure("accept + deliver", "msg/s", more=True, digits=0),
    "cpu": Figure("CPU per 1,000", "s", digits=2),
    "memory": Figure("peak memory (PSS)", "MB", digits=0),
    "accept_p50": Figure("accept p50, saturated", "ms"),
    "accept_p99": Figure("accept p99, saturated", "ms"),
    "whole_p50": Figure("accept to sink p50, saturated", "ms", digits=0),
    "whole_p99": Figure("accept to sink p99, saturated", "ms", digits=0),
    "light_accept_p50": Figure("accept p50 at 50/s", "ms"),
    "light_accept_p99": Figure("accept p99 at 50/s", "ms"),
    "light_whole_p50": Figure("first byte to sink p50 at 50/s", "ms"),
    "light_whole_p99": Figure("first byte to sink p99 at 50/s", "ms"),
    "api_rate": Figure("`--roles api`, c=32 closed loop", "req/s", more=True, digits=0),
    "api_p50": Figure("the same, p50", "ms"),
    "api_p99": Figure("the same, p99", "ms"),
    "open_p50": Figure("`--roles api`, open loop, p50 from when due", "ms"),
    "open_p99": Figure("the same, p99", "ms"),
    "open_rate": Figure("open loop: what was answered", "req/s", more=True, digits=0),
    "drain": Figure("draining a backlog", "msg/s", more=True, digits=0),
    "drain_cpu": Figure("draining: CPU per 1,000", "s", digits=2),
    "idle_p50": Figure("idle: first byte to sink, p50", "ms"),
    "idle_p99": Figure("the same, p99", "ms"),
    "reset_p50": Figure("reset beside bulk: first byte to sink, p50", "ms"),
    "reset_p99": Figure("the same, p99", "ms"),
    "reset_accept_p50": Figure("of that until the 202, p50", "ms"),
    "reset_accept_p99": Figure("of that until the 202, p99", "ms"),
    "reset_after_p50": Figure("of that from the 202 to the sink, p50", "ms"),
    "reset_after_p99": Figure("of that from the 202 to the sink, p99", "ms"),
    "bulk_alone": Figure("bulk rate without resets", "msg/s", more=True, digits=0),
    "bulk_beside": Figure("bulk rate with resets", "msg/s", more=True, digits=0),
    "bulk_kept": Figure("bulk rate kept", "x", more=True, digits=2),
    "bulk_least": Figure("least bulk depth meanwhile", "", more=True, digits=0),
    "neighbour_alone_p99": Figure("a tenant alone: p99", "ms"),
    "neighbour_beside_p50": Figure("beside another's backlog: p50", "ms"),
    "neighbour_beside_p99": Figure("beside another's backlog: p99", "ms"),
    "neighbour_accept_p50": Figure("of that until the 202, p50", "ms"),
    "neighbour_accept_p99": Figure("of that until the 202, p99", "ms"),
    "neighbour_moved": Figure("p99 moved by", "x", digits=2),
    "neighbour_counted": Figure("sends that met the backlog", "", more=True, digits=0),
}


def offer(command: tuple[list[str], dict[str, str]], load: Load, out: Path, stall: float) -> list[Row]:
    """Run a generator to its end; its rows. Errors: Unavailable, also where something was refused."""
    arguments, environment = command
    seconds = stall + (load.count / load.rate if load.rate else load.count / 20)
    program.run(arguments, seconds, env=environment)
    rows: list[Row] = [json.loads(line) for line in out.read_text().splitlines()]
    refused = sum(not row[4] for row in rows)
    if refused or len(rows) != load.count:
        raise Unavailable(f"{refused} of {load.count} were refused, {load.count - len(rows)} never answered")
    return rows


def begin(command: tuple[list[str], dict[str, str]], log: Path) -> "subprocess.Popen[bytes]":
    """A generator that runs beside others."""
    return program.start(command[0], log, command[1])


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank; NaN of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)] if ordered else math.nan


def quantiles(name: str, values: Sequence[float]) -> Figures:
    """Its p50 and p99."""
    return {f"{name}_p50": percentile(values, 0.5), f"{name}_p99": percentile(values, 0.99)}


def accept_ms(rows: Sequence[Row], *, due: bool = False) -> list[float]:
    """From the first byte of each, or from when it was due, to its answer."""
    return [(row[3] - row[1 if due else 2]) / 1e6 for row in rows]


def whole_ms(rows: Sequence[Row], seen: Mapping[str, int], *, answered: bool = False) -> list[float]:
    """From the first byte of each (or its answer) to the sink's 250; those that never came are left out, see ``lost``."""
    return [(seen[row[0]] - row[3 if answered else 2]) / 1e6 for row in rows if row[0] in seen]


def lost(rows: Sequence[Row], seen: Mapping[str, int]) -> int:
    """Accepted and never seen."""
    return sum(row[0] not in seen for row in rows)


def per_second(times: Sequence[int], first: int | None = None) -> float:
    """How many a second, from the first of them or from a moment before."""
    if len(times) < 2:
        return math.nan
    begun = min(times) if first is None else first
    return (len(times) - (first is None)) / ((max(times) - begun) / 1e9)
