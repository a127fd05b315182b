"""A person changes the list: enters, takes off, takes a window back, brings a file, carries one away. Each is on record.

Who may do what is ``policy.recipients.suppress.lifted_by``: a tenant takes off whatever it answers for itself, a legal block only the
operator, on the command line. Every change is written into ``audit`` in its own transaction: who, what, why, and of which
address, as its hash, so that an erasure need not rewrite history.

Files are comma-separated values (RFC 4180) with a header line: ``address``, and where wanted ``cause``, ``stream``, ``reason``,
``security``, ``until``; the files of others that say ``email`` are understood too. They are read a line and written a chunk at a
time. A line that is no entry is told of by number and stops nothing.

Known sharp edges: a file that breaks off has entered what came before; bringing it again enters the rest.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model import ids
from posthouse.model.audit import AuditEntry
from posthouse.model.suppression import Cause, Suppression, SuppressionEntry, SuppressionRule
from posthouse.model.time_format import iso_millis
from posthouse.policy.recipients.suppress import lifted_by
from posthouse.store.postgres.database import Database, Session
from posthouse.store.recipients import bounce_brakes, suppression_file, suppression_rule, suppressions
from posthouse.store.recipients.suppression_lookup import PREFIX, AddressKey
from posthouse.store.tenants import audit
from posthouse.telemetry import metrics

MANUAL_CAUSES: Final = frozenset(Cause) - {Cause.PROVISIONAL, Cause.SIMULATED}  # what a person or a file may say
COLUMNS: Final = ("address", "cause", "stream", "reason", "security", "until", "since", "source", "actor", "id")
REJECTED_SHOWN: Final = 100  # rejected lines that are named one by one
_NAMES: Final = {"email": "address", "e-mail": "address", "email address": "address", "recipient": "address", "type": "cause"}
_CAUSES: Final = {
    "bounce": Cause.HARD_BOUNCE, "bounced": Cause.HARD_BOUNCE, "hard": Cause.HARD_BOUNCE, "hardbounce": Cause.HARD_BOUNCE,
    "spam": Cause.COMPLAINT, "spam_report": Cause.COMPLAINT, "spamcomplaint": Cause.COMPLAINT, "complained": Cause.COMPLAINT,
    "unsubscribed": Cause.UNSUBSCRIBE, "import": Cause.IMPORTED,
}  # fmt: skip


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """Whose list, and who changes it. ``actor``: a credential's id, or ``cli:`` and a user; ``source``: api, cli; ``operator``: not a tenant."""

    database: Database
    key: AddressKey
    tenant: int
    environment: int
    actor: str
    source: str
    operator: bool
    now: Callable[[], datetime]
    new_id: Callable[[datetime], UUID]


class SuppressionToAdd(msgspec.Struct, frozen=True, kw_only=True):
    """An address as somebody enters it; parsed already."""

    address: str
    cause: Cause = Cause.MANUAL
    stream: str | None = None
    reason: str = ""
    security: bool = False
    until: datetime | None = None


class RemovalResult(msgspec.Struct, frozen=True):
    """``refused``: entries that are there, but not the caller's to take off."""

    gone: tuple[Suppression, ...]
    refused: tuple[Suppression, ...] = ()


class UndoResult(msgspec.Struct, frozen=True):
    """A window taken back; ``waiting`` deliveries are due at once."""

    gone: tuple[Suppression, ...]
    waiting: int


class RejectedLine(msgspec.Struct, frozen=True):
    """A line of a file that is no entry, and why."""

    line: int
    message: str


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. ``known``: they were on the list already; ``told``: the first rejected lines."""

    read: int
    added: int
    known: int
    rejected: int
    told: tuple[RejectedLine, ...]


async def add(desk: Desk, asked: Sequence[SuppressionToAdd]) -> list[Suppression]:
    """Enter addresses; what was there already stays, and is answered as it is."""
    now = desk.now()
    entries = [_new(desk, each, now) for each in asked]
    async with desk.database.transaction() as session:
        made = await suppressions.add(session, desk.tenant, desk.environment, entries, now, desk.new_id)
        for entry, found in zip(entries, made, strict=True):
            if found.created:
                await _record(desk, session, "suppression added", found, found.reason)
                metrics.SUPPRESSIONS_ADDED.labels(entry.cause.value, entry.source).inc()
    return made


async def remove(desk: Desk, entries: Sequence[UUID], reason: str, *, action: str = "suppression removed") -> RemovalResult:
    """Take entries off for a reason; those of the law only where the operator does it."""
    spared = () if desk.operator else tuple(cause for cause in Cause if lifted_by(cause) != "tenant")
    async with desk.database.transaction() as session:
        gone = await suppressions.remove(session, desk.tenant, desk.environment, entries, spared, desk.now())
        for each in gone:
            await _record(desk, session, action, each, reason)
        left = [await suppressions.get(session, desk.tenant, desk.environment, each) for each in entries] if spared else []
    return RemovalResult(tuple(gone), tuple(each for each in left if each is not None))


async def remove_addresses(
    desk: Desk, addresses: Sequence[str], reason: str, *, cause: str | None = None, stream: str | None = None
) -> RemovalResult:
    """The same for every entry of these addresses, or only of one cause or stream."""
    lookups = [desk.key.of(address) for address in addresses]
    async with desk.database.session() as session:
        found = await suppressions.ids_of(session, desk.tenant, desk.environment, lookups, cause=cause, stream=stream)
    return await remove(desk, found, reason)


async def undo(desk: Desk, name: str, begin: datetime, end: datetime, reason: str, *, is_site: bool = False) -> UndoResult:
    """A provider (or the receiver of a domain: ``is_site``) was wrong about everybody: what it made us enter in that window leaves the list."""
    now = desk.now()
    async with desk.database.transaction() as session:
        place = (desk.tenant, desk.environment, name)
        gone, waiting = await bounce_brakes.take_back(session, place, begin, end, now, is_site=is_site)
        for each in gone:
            await _record(desk, session, "suppression undone", each, reason)
        data = {"from": begin, "to": end, "entries": len(gone), "waiting": waiting, "reason": reason}
        await _write(desk, session, "suppressions undone", f"{'site' if is_site else 'provider'}/{name}", data)
    return UndoResult(tuple(gone), waiting)


async def rule(desk: Desk, *, soft_limit: int | None = None, legal_passes_security: bool | None = None) -> SuppressionRule:
    """What the list goes by, with what is given set anew."""
    async with desk.database.transaction() as session:
        before = await suppression_rule.rule(session, desk.tenant, desk.environment)
        legal = before.legal_passes_security if legal_passes_security is None else legal_passes_security
        chosen = SuppressionRule(soft_limit or before.soft_limit, legal)
        if chosen != before:
            await suppression_rule.set_rule(session, desk.tenant, desk.environment, chosen)
            data = {"before": msgspec.to_builtins(before), "after": msgspec.to_builtins(chosen)}
            await _write(desk, session, "suppression rules set", "suppressions", data)
    return chosen


async def import_csv(
    desk: Desk, lines: Iterable[str], given: SuppressionToAdd, name: str, progress: Callable[[int, int], None]
) -> ImportResult:
    """A file's lines, entered; ``given`` says what a line leaves out; ``progress`` hears of lines read and entries added."""
    read = added = rejected = 0
    told: list[RejectedLine] = []
    chunk: dict[tuple[bytes, str, str | None], SuppressionEntry] = {}
    async with desk.database.session() as session:
        await suppression_file.begin(session)
        try:
            for number, found in _entries(lines, given):
                read += 1
                if isinstance(found, SuppressionToAdd):
                    new = _new(desk, found, desk.now(), {"file": name, "line": number})
                    chunk[new.lookup, new.cause.value, new.stream] = new
                else:
                    rejected += 1
                    told += [RejectedLine(number, found)] if len(told) < REJECTED_SHOWN else []
                if len(chunk) >= suppression_file.CHUNK:
                    added += await _load(desk, session, chunk)
                    progress(read, added)
            added += await _load(desk, session, chunk)
        finally:
            await suppression_file.end(session)
        counts = {"read": read, "added": added, "rejected": rejected}
        await _write(desk, session, "suppressions imported", f"file/{name}", counts)
    metrics.SUPPRESSIONS_ADDED.labels(given.cause.value, "import").inc(added)
    return ImportResult(read=read, added=added, known=read - rejected - added, rejected=rejected, told=tuple(told))


async def export_csv(desk: Desk, write: Callable[[Sequence[str]], object], progress: Callable[[int], None]) -> int:
    """Every entry that has an address, as rows for a file (``COLUMNS`` first); how many. The export itself is on record."""
    count = 0
    write(COLUMNS)
    async with desk.database.session() as session:
        async for each in suppression_file.every(session, desk.tenant, desk.environment):
            write(_row(each))
            count += 1
            if count % suppression_file.CHUNK == 0:
                progress(count)
        await _write(desk, session, "suppressions exported", "suppressions", {"entries": count})
    return count


async def _load(desk: Desk, session: Session, chunk: dict[tuple[bytes, str, str | None], SuppressionEntry]) -> int:
    entries = list(chunk.values())
    chunk.clear()
    return await suppression_file.load(session, desk.tenant, desk.environment, entries, desk.now()) if entries else 0


def _new(desk: Desk, asked: SuppressionToAdd, now: datetime, evidence: dict[str, Any] | None = None) -> SuppressionEntry:
    return SuppressionEntry(
        id=desk.new_id(now), address=asked.address, lookup=desk.key.of(asked.address), cause=asked.cause, stream=asked.stream,
        reason=asked.reason, source="import" if evidence else desk.source, evidence=evidence, actor=desk.actor,
        security=asked.security, until=asked.until,
    )  # fmt: skip


def _entries(lines: Iterable[str], given: SuppressionToAdd) -> Iterator[tuple[int, SuppressionToAdd | str]]:
    """Line numbers with what stands there, or why it is no entry. Blank lines are passed over."""
    reader = csv.reader(lines)
    header: list[str] | None = None
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            yield reader.line_num, f"is no line of comma-separated values: {fault}"
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _header(cells)
            if header != ["address"] or "@" not in cells[0]:
                continue
        yield reader.line_num, _entering(dict(zip(header, cells, strict=False)), given)


def _header(cells: Sequence[str]) -> list[str]:
    """The columns a first line names; a first line that is an address already names none."""
    if "@" in cells[0]:
        return ["address"]
    plain = [cell.strip().strip("\ufeff").lower() for cell in cells]
    return [_NAMES.get(name, name) for name in plain]


def _entering(cells: dict[str, str], given: SuppressionToAdd) -> SuppressionToAdd | str:
    said = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    mailbox = parse_mailbox(said.get("address", ""))
    if isinstance(mailbox, AddressFault):
        return f"address {mailbox.message}"
    word = said.get("cause", "").lower().replace(" ", "_").replace("-", "_")
    cause = _CAUSES.get(word) or (Cause(word) if word in {each.value for each in MANUAL_CAUSES} else None)
    if word and cause is None:
        return f"cause must be one of {', '.join(sorted(MANUAL_CAUSES))}"
    try:
        until = datetime.fromisoformat(said["until"]) if "until" in said else given.until
    except ValueError:
        return "until must be a time such as 2026-11-22T10:00:00Z"
    return SuppressionToAdd(
        address=mailbox.address, cause=cause or given.cause, stream=said.get("stream", given.stream), reason=said.get("reason", given.reason)[:1024].replace("\0", ""),
        security=said.get("security", str(given.security)).lower() in {"true", "1", "yes"},
        until=until.replace(tzinfo=UTC) if until is not None and until.tzinfo is None else until,
    )  # fmt: skip


def _row(each: Suppression) -> tuple[str, ...]:
    def moment(at: datetime | None) -> str:
        return iso_millis(at) if at else ""

    return (
        each.address or "", each.cause, each.stream or "", each.reason, "true" if each.security else "false", moment(each.until),
        moment(each.since), each.source, each.actor, ids.text(PREFIX, each.id),
    )  # fmt: skip


async def _record(desk: Desk, session: Session, action: str, each: Suppression, reason: str) -> None:
    data = {
        "cause": each.cause, "stream": each.stream, "source": each.source, "since": each.since, "reason": reason,
        "lookup": desk.key.of(each.address).hex() if each.address else None,
        "environment": "live" if desk.environment else "test",
    }  # fmt: skip
    await _write(desk, session, action, f"suppression/{ids.text(PREFIX, each.id)}", data)


async def _write(desk: Desk, session: Session, action: str, subject: str, data: dict[str, Any]) -> None:
    now = desk.now()
    await audit.write(session, desk.tenant, AuditEntry(desk.new_id(now), now, desk.actor, action, subject, data))
