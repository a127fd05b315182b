"""The suppression list as people change it: added to, removed from, a window undone, a file imported or exported.

Who may remove what is ``policy.recipients.suppress.lifted_by``: a tenant removes whatever it answers for itself, a legal block
only the operator, on the command line. The audit trail has an address as its hash, so that an erasure need not rewrite it.

Known sharp edges: an import commits a chunk at a time, each with its row in the audit trail, so one that breaks off has added
what came before; importing the file again adds the rest.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

import msgspec

from posthouse.admin.audit import record_in_environment
from posthouse.admin.context import AdminContext
from posthouse.admin.suppression_csv import COLUMNS, MANUAL_CAUSES, SuppressionToAdd, format_row, parse_rows
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.suppression import Cause, Suppression, SuppressionEntry, SuppressionFilter, SuppressionRule
from posthouse.policy.accept.streams import unknown
from posthouse.policy.recipients.suppress import lifted_by
from posthouse.store.postgres.database import Session
from posthouse.store.recipients import bounce_brakes, suppression_file, suppression_rule, suppressions
from posthouse.store.recipients.suppression_lookup import PREFIX, AddressKey
from posthouse.store.tenants import streams
from posthouse.telemetry import metrics

REJECTED_SHOWN: Final = 100  # rejected rows that are named one by one
SHOWN_CAUSES: Final = sorted({*MANUAL_CAUSES, Cause.PROVISIONAL})  # what a list may be filtered by


class SuppressionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries to list; None: whatever it is. ``cause`` provisional: those that are provisional still, whatever their
    cause.
    """

    address: str | None = None
    cause: str | None = None
    stream: str | None = None
    source: str | None = None
    provider: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: UUID | None = None
    limit: int = 50


class RemovalResult(msgspec.Struct, frozen=True):
    """The entries that were removed. ``refused``: those that are on the list, but not the actor's to remove."""

    removed: tuple[Suppression, ...]
    refused: tuple[Suppression, ...] = ()


class UndoWindow(msgspec.Struct, frozen=True, kw_only=True):
    """Whose hard bounces between two moments were wrong: a mailbox provider's, or (``is_site``) those of addresses at a
    domain.
    """

    name: str
    begin: datetime
    end: datetime
    is_site: bool = False


class UndoResult(msgspec.Struct, frozen=True):
    """The entries that were removed; ``waiting`` deliveries are due at once."""

    removed: tuple[Suppression, ...]
    waiting: int


class RejectedRow(msgspec.Struct, frozen=True):
    """A row of a file that was not added, by the number of its line, and why."""

    line: int
    message: str


class ImportResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file. ``known``: rows that were on the list already; ``rejected_rows``: the first that were rejected."""

    read: int
    added: int
    known: int
    rejected: int
    rejected_rows: tuple[RejectedRow, ...] = msgspec.field(name="told")


class ImportFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file to import: its lines, its ``name`` for the record, and ``defaults`` for what a row leaves out."""

    lines: Iterable[str]
    name: str
    defaults: SuppressionToAdd


class _Counts(msgspec.Struct):
    """How many rows of a file were read, added and rejected so far."""

    read: int = 0
    added: int = 0
    rejected: int = 0

    def add(self, other: Self) -> None:
        """Count the other's too."""
        self.read += other.read
        self.added += other.added
        self.rejected += other.rejected


class _Chunk(msgspec.Struct):
    """Part of a file. Two rows of one address, cause and stream would collide in its one statement, so the later one counts."""

    entries: dict[tuple[bytes, str, str | None], SuppressionEntry] = msgspec.field(default_factory=dict)
    counts: _Counts = msgspec.field(default_factory=_Counts)


class _Change(msgspec.Struct, frozen=True):
    """What is done to entries: by whom, as the audit trail names it, and why. ``key`` hashes their addresses."""

    actor: Actor
    key: AddressKey
    action: str
    reason: str


async def list_entries(context: AdminContext, actor: Actor, query: SuppressionQuery) -> list[Suppression]:
    """Entries of the actor's tenant and environment, newest first."""
    is_provisional = query.cause == Cause.PROVISIONAL
    stored_filter = SuppressionFilter(
        lookup=(await context.address_key(actor)).of(query.address) if query.address else None,
        cause=None if is_provisional else query.cause,
        stream=query.stream,
        source=query.source,
        provider=query.provider,
        since=query.since,
        until=query.until,
        provisional=is_provisional if query.cause else None,
        before=query.before,
        limit=query.limit,
    )
    async with context.database(actor).session() as session:
        return await suppressions.list_entries(session, actor.tenant, actor.environment, stored_filter)


async def get_entry(context: AdminContext, actor: Actor, entry: UUID) -> Suppression | None:
    """One entry."""
    async with context.database(actor).session() as session:
        return await suppressions.get(session, actor.tenant, actor.environment, entry)


async def add(context: AdminContext, actor: Actor, additions: Sequence[SuppressionToAdd]) -> list[Suppression]:
    """Add addresses; an entry that is there already stays as it is, and is given as it is."""
    key, now = await context.address_key(actor), context.clock.now()
    entries = [_entry(context, actor, key, each) for each in additions]
    async with context.database(actor).transaction() as session:
        added = await suppressions.add(session, actor.tenant, actor.environment, entries, now, context.new_id)
        for entry, stored in zip(entries, added, strict=True):
            if stored.created:
                change = _Change(actor, key, "suppression added", stored.reason)
                await _record(context, session, change, stored)
                metrics.SUPPRESSIONS_ADDED.labels(entry.cause.value, entry.source).inc()
    return added


async def remove(
    context: AdminContext, actor: Actor, entries: Sequence[UUID], reason: str, *, action: str = "suppression removed"
) -> RemovalResult:
    """Remove entries for a reason; legal blocks only where the operator does it."""
    key = await context.address_key(actor)
    protected = () if actor.is_operator else tuple(cause for cause in Cause if lifted_by(cause) != "tenant")
    place = (actor.tenant, actor.environment)
    async with context.database(actor).transaction() as session:
        removed = await suppressions.remove(session, *place, entries, protected, context.clock.now())
        for each in removed:
            await _record(context, session, _Change(actor, key, action, reason), each)
        left = [await suppressions.get(session, *place, each) for each in entries] if protected else []
    return RemovalResult(tuple(removed), tuple(each for each in left if each is not None))


async def remove_addresses(
    context: AdminContext,
    actor: Actor,
    addresses: Sequence[str],
    reason: str,
    *,
    cause: str | None = None,
    stream: str | None = None,
) -> RemovalResult:
    """The same for every entry of these addresses, or only of one cause or stream."""
    key = await context.address_key(actor)
    lookups = [key.of(address) for address in addresses]
    async with context.database(actor).session() as session:
        entries = await suppressions.ids_of(session, actor.tenant, actor.environment, lookups, cause=cause, stream=stream)
    return await remove(context, actor, entries, reason)


async def undo(context: AdminContext, actor: Actor, window: UndoWindow, reason: str) -> UndoResult:
    """A provider, or the receiver of a domain, was wrong about everybody: remove what its hard bounces of that window added."""
    key, now = await context.address_key(actor), context.clock.now()
    async with context.database(actor).transaction() as session:
        provider = (actor.tenant, int(actor.environment), window.name)
        removed, waiting = await bounce_brakes.take_back(session, provider, window.begin, window.end, now, is_site=window.is_site)
        for each in removed:
            await _record(context, session, _Change(actor, key, "suppression undone", reason), each)
        data = {"from": window.begin, "to": window.end, "entries": len(removed), "waiting": waiting, "reason": reason}
        subject = f"{'site' if window.is_site else 'provider'}/{window.name}"
        await record_in_environment(context, session, actor, "suppressions undone", subject, data)
    return UndoResult(tuple(removed), waiting)


async def get_rule(context: AdminContext, actor: Actor) -> SuppressionRule:
    """What the list of the actor's environment goes by."""
    async with context.database(actor).session() as session:
        return await suppression_rule.rule(session, actor.tenant, actor.environment)


async def change_rule(
    context: AdminContext, actor: Actor, *, soft_limit: int | None = None, legal_passes_security: bool | None = None
) -> SuppressionRule:
    """Set what is given of it."""
    async with context.database(actor).transaction() as session:
        before = await suppression_rule.rule(session, actor.tenant, actor.environment)
        legal = before.legal_passes_security if legal_passes_security is None else legal_passes_security
        rule = SuppressionRule(soft_limit or before.soft_limit, legal)
        if rule != before:
            await suppression_rule.set_rule(session, actor.tenant, actor.environment, rule)
            data = {"before": msgspec.to_builtins(before), "after": msgspec.to_builtins(rule)}
            await record_in_environment(context, session, actor, "suppression rules set", "suppressions", data)
    return rule


async def import_csv(context: AdminContext, actor: Actor, file: ImportFile, progress: Callable[[int, int], None]) -> ImportResult:
    """Add the rows of a file; ``progress`` is called with how many rows were read and entries added so far.

    Each chunk has its row in the audit trail, so that an import that breaks off is on record as far as it came.
    """
    key = await context.address_key(actor)
    total, chunk = _Counts(), _Chunk()
    rejected_rows: list[RejectedRow] = []
    async with context.database(actor).session() as session:
        known = await streams.names(session, actor.tenant)
        await suppression_file.begin(session)
        try:
            for line, row in parse_rows(file.lines, file.defaults):
                chunk.counts.read += 1
                if isinstance(row, SuppressionToAdd) and row.stream is not None and row.stream not in known:
                    row = f"stream {unknown(row.stream, known)}"  # noqa: PLW2901 - a row that is rejected is its reason
                if isinstance(row, SuppressionToAdd):
                    entry = _entry(context, actor, key, row, {"file": file.name, "line": line})
                    chunk.entries[entry.lookup, entry.cause.value, entry.stream] = entry
                else:
                    chunk.counts.rejected += 1
                    rejected_rows += [RejectedRow(line, row)] if len(rejected_rows) < REJECTED_SHOWN else []
                if len(chunk.entries) >= suppression_file.CHUNK:
                    await _load(context, session, actor, file, chunk)
                    total.add(chunk.counts)
                    chunk = _Chunk()
                    progress(total.read, total.added)
            await _load(context, session, actor, file, chunk)
            total.add(chunk.counts)
        finally:
            await suppression_file.end(session)
    metrics.SUPPRESSIONS_ADDED.labels(file.defaults.cause.value, "import").inc(total.added)
    return ImportResult(
        read=total.read,
        added=total.added,
        known=total.read - total.rejected - total.added,
        rejected=total.rejected,
        rejected_rows=tuple(rejected_rows),
    )


async def export_csv(
    context: AdminContext, actor: Actor, write: Callable[[Sequence[str]], object], progress: Callable[[int], None]
) -> int:
    """Write every entry that has an address as a row (``COLUMNS`` first); how many. The export itself is on record."""
    count = 0
    write(COLUMNS)
    async with context.database(actor).session() as session:
        async for each in suppression_file.every(session, actor.tenant, actor.environment):
            write(format_row(each))
            count += 1
            if count % suppression_file.CHUNK == 0:
                progress(count)
        await record_in_environment(context, session, actor, "suppressions exported", "suppressions", {"entries": count})
    return count


async def _load(context: AdminContext, session: Session, actor: Actor, file: ImportFile, chunk: _Chunk) -> None:
    """Add a chunk and its row of the audit trail in one transaction; sets how many entries are new."""
    entries = list(chunk.entries.values())
    async with session.transaction():
        if entries:
            now = context.clock.now()
            chunk.counts.added = await suppression_file.load(session, actor.tenant, actor.environment, entries, now)
        await record_in_environment(
            context, session, actor, "suppressions imported", f"file/{file.name}", msgspec.to_builtins(chunk.counts)
        )


def _entry(
    context: AdminContext,
    actor: Actor,
    key: AddressKey,
    addition: SuppressionToAdd,
    evidence: dict[str, Any] | None = None,
) -> SuppressionEntry:
    return SuppressionEntry(
        id=context.new_id(context.clock.now()),
        address=addition.address,
        lookup=key.of(addition.address),
        cause=addition.cause,
        stream=addition.stream,
        reason=addition.reason,
        source="import" if evidence else actor.source,
        evidence=evidence,
        actor=actor.name,
        security=addition.security,
        until=addition.until,
    )


async def _record(context: AdminContext, session: Session, change: _Change, entry: Suppression) -> None:
    """The row about one entry, with its address as a hash."""
    data = {
        "cause": entry.cause,
        "stream": entry.stream,
        "source": entry.source,
        "since": entry.since,
        "reason": change.reason,
        "lookup": change.key.of(entry.address).hex() if entry.address else None,
    }
    await record_in_environment(context, session, change.actor, change.action, f"suppression/{ids.text(PREFIX, entry.id)}", data)
