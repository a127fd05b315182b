"""Suppressions as comma-separated values (RFC 4180): rows read with what is wrong with each, and entries written as rows.

The first line is a header: ``address``, and optionally ``cause``, ``stream``, ``reason``, ``security``, ``until``. Other systems'
names of columns (``email``) and causes (``spam``) are understood; a file without a header has one address a line. A row that
cannot be added is reported by the number of its line and stops nothing.

Must never know: the database, and who imports.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model import ids
from posthouse.model.suppression import Cause, Suppression
from posthouse.store.recipients.suppression_lookup import PREFIX

MANUAL_CAUSES: Final = frozenset(Cause) - {Cause.PROVISIONAL, Cause.SIMULATED}  # what a person or a file may give
COLUMNS: Final = ("address", "cause", "stream", "reason", "security", "until", "since", "source", "actor", "id")
LONGEST_REASON: Final = 1024
_ALIASES: Final = {"email": "address", "e-mail": "address", "email address": "address", "recipient": "address", "type": "cause"}
_CAUSES: Final = {
    "bounce": Cause.HARD_BOUNCE, "bounced": Cause.HARD_BOUNCE, "hard": Cause.HARD_BOUNCE, "hardbounce": Cause.HARD_BOUNCE,
    "spam": Cause.COMPLAINT, "spam_report": Cause.COMPLAINT, "spamcomplaint": Cause.COMPLAINT, "complained": Cause.COMPLAINT,
    "unsubscribed": Cause.UNSUBSCRIBE, "import": Cause.IMPORTED,
}  # fmt: skip
_TRUE: Final = frozenset({"true", "1", "yes"})
_BYTE_ORDER_MARK: Final = "\ufeff"


class SuppressionToAdd(msgspec.Struct, frozen=True, kw_only=True):
    """An address to add to the list; parsed already. ``stream`` None: all; ``until`` None: for good."""

    address: str
    cause: Cause = Cause.MANUAL
    stream: str | None = None
    reason: str = ""
    security: bool = False
    until: datetime | None = None


def parse_rows(lines: Iterable[str], defaults: SuppressionToAdd) -> Iterator[tuple[int, SuppressionToAdd | str]]:
    """Line numbers with the entry to add, or why there is none. Blank lines are skipped; ``defaults`` fill what a row leaves
    out.
    """
    reader = csv.reader(lines)
    header: list[str] | None = None
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, f"is no line of comma-separated values: {error}"
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _header(cells)
            if header != ["address"] or "@" not in cells[0]:
                continue
        yield reader.line_num, _parse_row(dict(zip(header, cells, strict=False)), defaults)


def format_row(entry: Suppression) -> tuple[str, ...]:
    """The cells of an entry, in the order of ``COLUMNS``."""
    return (
        entry.address or "",
        entry.cause,
        entry.stream or "",
        entry.reason,
        "true" if entry.security else "false",
        _format_time(entry.until),
        _format_time(entry.since),
        entry.source,
        entry.actor,
        ids.text(PREFIX, entry.id),
    )


def _header(cells: Sequence[str]) -> list[str]:
    """The columns a first line names; a first line that is an address already names none."""
    if "@" in cells[0]:
        return ["address"]
    names = [cell.strip().strip(_BYTE_ORDER_MARK).lower() for cell in cells]
    return [_ALIASES.get(name, name) for name in names]


def _parse_row(cells: dict[str, str], defaults: SuppressionToAdd) -> SuppressionToAdd | str:
    values = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    mailbox = parse_mailbox(values.get("address", ""))
    if isinstance(mailbox, AddressFault):
        return f"address {mailbox.message}"
    cause = _parse_cause(values.get("cause", ""))
    if "cause" in values and cause is None:
        return f"cause must be one of {', '.join(sorted(MANUAL_CAUSES))}"
    try:
        until = datetime.fromisoformat(values["until"]) if "until" in values else defaults.until
    except ValueError:
        return "until must be a time such as 2026-11-22T10:00:00Z"
    return SuppressionToAdd(
        address=mailbox.address,
        cause=cause or defaults.cause,
        stream=values.get("stream", defaults.stream),
        reason=values.get("reason", defaults.reason)[:LONGEST_REASON].replace("\0", ""),
        security=values.get("security", str(defaults.security)).lower() in _TRUE,
        until=until.replace(tzinfo=UTC) if until is not None and until.tzinfo is None else until,
    )


def _parse_cause(text: str) -> Cause | None:
    word = text.lower().replace(" ", "_").replace("-", "_")
    if word in _CAUSES:
        return _CAUSES[word]
    return Cause(word) if word in {cause.value for cause in MANUAL_CAUSES} else None


def _format_time(at: datetime | None) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else ""
