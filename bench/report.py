"""What a run comes to: medians, ratios, the claims and whether they hold; as JSON and as a page that can be read."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import FIGURES, Figures

OURS = "posthouse"
SIDE = (
    "rate", "cpu", "memory", "light_accept_p50", "light_accept_p99", "light_whole_p50", "light_whole_p99", "accept_p50",
    "accept_p99", "whole_p50", "whole_p99",
)  # fmt: skip
# Saturated times hang on how many letters and connections a system was given, and those differ: no ratio is made of them.
COMPARED = tuple(name for name in SIDE if not name.startswith(("accept_", "whole_")))
ALONE = tuple(name for name in FIGURES if name not in SIDE)


@dataclass
class Record:
    """Everything of one run: figures by system and round, what could not be had, and what was seen on the way."""

    machine: dict[str, Any]
    plan: dict[str, Any]
    titles: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    durability: dict[str, str] = field(default_factory=dict)
    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    parts: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    signing: list[dict[str, float]] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, system: str, figures: Figures) -> None:
        """One round's figures of a system."""
        mine = self.figures.setdefault(system, {})
        for name, value in figures.items():
            mine.setdefault(name, []).append(value)

    def median(self, system: str, name: str) -> float:
        """NaN where it was not measured."""
        values = self.figures.get(system, {}).get(name, [])
        return median(values) if values else math.nan

    def signature(self) -> float:
        """CPU seconds for 1,000 mails' two signatures, measured on one core alone (the stricter of the two)."""
        return median([one["rsa"] + one["ed25519"] for one in self.signing]) / 1000 if self.signing else math.nan


def claims(record: Record) -> list[tuple[str, float, str, float]]:
    """(what, measured, ``>=`` or ``<=``, goal), as far as they were measured."""

    def ours(name: str) -> float:
        return record.median(OURS, name)

    found = [
        ("times Postfix + OpenDKIM, accept and deliver", ours("rate") / record.median("postfix", "rate"), ">=", 4.0),
        ("times Celery, accept and deliver", ours("rate") / record.median("celery", "rate"), ">=", 11.0),
        ("CPU seconds per 1,000 (goal: 0.80 + signing)", ours("cpu"), "<=", 0.80 + record.signature()),
        ("draining, times Postfix's end-to-end rate", ours("drain") / record.median("postfix", "rate"), ">=", 5.0),
        ("`--roles api` requests/s at c=32", ours("api_rate"), ">=", 3500.0),
        ("`--roles api` p99 ms, open loop, from when due", ours("open_p99"), "<=", 15.0),
        ("idle p50 ms", ours("idle_p50"), "<=", 10.0),
        ("idle p99 ms", ours("idle_p99"), "<=", 30.0),
        ("reset beside bulk p99 ms", ours("reset_p99"), "<=", 60.0),
        ("bulk rate kept beside resets", ours("bulk_kept"), ">=", 0.8),
        ("neighbour's p99 moved by", ours("neighbour_moved"), "<=", 2.0),
    ]
    return [one for one in found if not math.isnan(one[1]) and not math.isnan(one[3])]


def write(record: Record, folder: Path, stamp: str) -> Path:
    """``<stamp>.json`` and ``<stamp>.md``; the latter's path."""
    folder.mkdir(parents=True, exist_ok=True)
    medians = {system: {name: record.median(system, name) for name in mine} for system, mine in record.figures.items()}
    whole = vars(record) | {
        "medians": medians,
        "ratios": _ratios(record),
        "signingSecondsPer1000": record.signature(),
        "claims": [{"claim": what, "measured": is_, "must": must, "goal": goal} for what, is_, must, goal in claims(record)],
    }
    (folder / f"{stamp}.json").write_text(json.dumps(_plain(whole), indent=1) + "\n")
    page = folder / f"{stamp}.md"
    page.write_text(f"# Bench {stamp}\n\n{markdown(record)}")
    return page


def markdown(record: Record) -> str:
    """The page."""
    parts = [_machine(record), _side_by_side(record), _alone(record), _claims(record), _parts(record), _remarks(record)]
    return "\n".join(part for part in parts if part)


def _ratios(record: Record) -> dict[str, dict[str, float]]:
    """Posthouse to each peer, so that more than 1 is better for Posthouse whichever way the figure runs."""
    found: dict[str, dict[str, float]] = {}
    for peer in record.figures:
        for name in COMPARED if peer != OURS else ():
            mine, theirs = record.median(OURS, name), record.median(peer, name)
            if mine > 0 and theirs > 0:
                found.setdefault(peer, {})[name] = mine / theirs if FIGURES[name].more else theirs / mine
    return found


def _machine(record: Record) -> str:
    m, rounds = record.machine, record.plan["rounds"]
    lines = [
        (
            f"{m['processor']}, {m['cores']} cores, {m['memoryGiB']} GiB; {m['system']}, kernel {m['kernel']}; Python "
            f"{m['python']}; {m['user']}."
        ),
        f"Data on {m['fileSystem']}, 8 KB fdatasync {m['fsyncMicroseconds']} us; load before the run: {m['loadBefore'][0]}.",
        (
            f"Median of {rounds} interleaved round{'s' if rounds > 1 else ''} (least to most in brackets); "
            f"{record.seconds:.0f} s in all."
        ),
        "",
    ]
    if record.signing:
        rsa, ed = (median([one[name] for one in record.signing]) for name in ("rsa", "ed25519"))
        busy = median([one["rsaAllCores"] for one in record.signing])
        lines += [
            (
                f"Raw signing in the same run, CPU a signature: RSA-2048 {rsa:.0f} us ({busy:.0f} us with every core at it),"
                f" Ed25519 {ed:.0f} us;"
            ),
            f"both for 1,000 mails: {record.signature():.2f} s.",
            "",
        ]
    return "\n".join(lines)


def _side_by_side(record: Record) -> str:
    systems = [name for name in record.figures if "rate" in record.figures[name]]
    if not systems:
        return ""
    ratios = _ratios(record)
    lines = [
        "## Side by side",
        "",
        "| | " + " | ".join(record.titles[name] for name in systems) + " |",
        "|---" * (len(systems) + 1) + "|",
    ]
    lines += [
        "| version | " + " | ".join(record.versions[name] for name in systems) + " |",
        "| durable | " + " | ".join(record.durability[name] for name in systems) + " |",
    ]
    for name in SIDE:
        cells = []
        for system in systems:
            ratio = ratios.get(system, {}).get(name)
            cells.append(_cell(record, system, name) + (f" **{ratio:.2g}x**" if ratio else ""))
        lines.append(f"| {_heading(name)} | " + " | ".join(cells) + " |")
    lines += ["", "Bold: how many times better Posthouse is (below 1: worse).", ""]
    return "\n".join(lines)


def _alone(record: Record) -> str:
    names = [name for name in ALONE if name in record.figures.get(OURS, {})]
    if not names:
        return ""
    lines = ["## Posthouse alone", "", "| | |", "|---|---|"]
    lines += [f"| {_heading(name)} | {_cell(record, OURS, name)} |" for name in names]
    return "\n".join([*lines, ""])


def _claims(record: Record) -> str:
    found = claims(record)
    if not found:
        return ""
    lines = ["## Claims", "", "| claim | measured | goal | |", "|---|---|---|---|"]
    for what, measured, must, goal in found:
        holds = measured >= goal if must == ">=" else measured <= goal
        lines.append(f"| {what} | {measured:,.2f} | {must} {goal:,.2f} | {'holds' if holds else '**misses**'} |")
    return "\n".join([*lines, ""])


def _parts(record: Record) -> str:
    lines = ["## Where the CPU goes", "", "CPU seconds per 1,000 mails by part, accept and deliver at once, last round.", ""]
    for system, rounds in record.parts.items():
        lines.append(f"- {record.titles[system]}: " + ", ".join(f"{name} {spent:.2f}" for name, spent in rounds[-1].items()))
    return "\n".join([*lines, ""]) if record.parts else ""


def _remarks(record: Record) -> str:
    lines = [f"- not run: {record.titles.get(name, name)}: {reason}" for name, reason in record.missing.items()]
    lines += [f"- {trouble}" for trouble in record.troubles]
    return "\n".join(["## Not measured, and troubles", "", *lines, ""]) if lines else ""


def _heading(name: str) -> str:
    figure = FIGURES[name]
    return f"{figure.words}, {figure.unit}" if figure.unit else figure.words


def _cell(record: Record, system: str, name: str) -> str:
    values: Sequence[float] = record.figures.get(system, {}).get(name, [])
    if not values:
        return "-"
    digits = FIGURES[name].digits
    spread = f" ({min(values):,.{digits}f}-{max(values):,.{digits}f})" if len(values) > 1 else ""
    return f"{median(values):,.{digits}f}{spread}"


def _plain(value: Any) -> Any:
    """JSON has no NaN, and nobody needs more than four digits."""
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value
