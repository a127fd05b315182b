"""Taking back what a lost worker held: what it had not marked is ready again at once, what it had is in doubt.

Revoking comes first, so that a worker that was only stopped cannot let anything more leave; then the marks
are read: of what they say was answered *yes*, that is settled. Where they say nothing (another boot, another machine), everything it held is in doubt. What is in
doubt is settled by its type's rule, like any other outcome.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import structlog

from posthouse.model.clock import Clock
from posthouse.model.outcome import Diagnosis
from posthouse.model.queue import LeasedDelivery
from posthouse.model.route import RouteKind
from posthouse.model.settlement import Settlement
from posthouse.model.worker import Mark, MarkedDelivery, WorkerRow
from posthouse.net.entropy import Entropy
from posthouse.pipeline.deliver import settlement
from posthouse.policy import types
from posthouse.policy.recipients.soft_bounces import RULE
from posthouse.store.postgres.database import Database
from posthouse.store.queue import queue, settle, workers
from posthouse.store.queue.marks import FoundMarks, boot_id, discard
from posthouse.telemetry import metrics

log = structlog.get_logger()


class ReclaimParts(msgspec.Struct, frozen=True, kw_only=True):
    """``route_names`` in order; ``alert`` as in deliver."""

    database: Database
    clock: Clock
    entropy: Entropy
    route_names: tuple[str, ...]
    alert: Callable[[LeasedDelivery, str, Diagnosis], Awaitable[None]]


async def reclaim(parts: ReclaimParts, row: WorkerRow) -> int:
    """Take everything back from one worker and forget it, in one transaction; how many deliveries that were."""
    path = Path(row.marks)
    found = FoundMarks.revoke(path) if row.host == boot_id() else FoundMarks(None)
    async with parts.database.transaction() as session:
        await workers.forget(session, row.id)  # first: it waits for a claim that is under way and forbids another
        held = await queue.leased(session, row.id)
        marked = [
            (delivery, found.mark(MarkedDelivery(delivery.message, delivery.position, delivery.number))) for delivery in held
        ]
        untouched = [delivery for delivery, mark in marked if mark is None]
        heads = await queue.release(session, row.id, untouched) if untouched else []
        if heads:
            await queue.notify(session, heads)
        rows, ended = _settlements(parts, [(delivery, mark) for delivery, mark in marked if mark is not None])
        if rows:
            await settle.settle(session, row.id, rows, RULE)
    if row.host == boot_id():
        discard(path)
    for delivery, name, diagnosis in ended:
        await parts.alert(delivery, name, diagnosis)
    if held:
        doubtful = sum(mark is Mark.GONE for _, mark in marked)
        log.warning("deliveries taken back", worker=row.id, again=len(untouched), in_doubt=doubtful)
        metrics.RECLAIMED.labels("again").inc(len(untouched))
        metrics.RECLAIMED.labels("in_doubt").inc(doubtful)
    return len(held)


def _settlements(
    parts: ReclaimParts, marked: list[tuple[LeasedDelivery, Mark]]
) -> tuple[list[Settlement], list[tuple[LeasedDelivery, str, Diagnosis]]]:
    """What becomes of marked deliveries, and whom operations are told of."""
    now = parts.clock.now()
    rows, ended = [], []
    for delivery, mark in marked:
        said, attempt = settlement.lost(now) if mark is Mark.GONE else settlement.remembered(now, final=mark is Mark.DELIVERED)
        step = settlement.judge(
            said, delivery, types.BY_NAME[delivery.built_in], len(parts.route_names), now, parts.entropy.fraction()
        )
        name = _route(parts, delivery)
        rows.append(
            settlement.settlement(delivery, attempt, step, route=name, digest=None, now=now, event_id=parts.entropy.new_id(now))
        )
        if step.exhausted:
            ended.append((delivery, name, said.diagnosis))
    return rows, ended


def _route(parts: ReclaimParts, delivery: LeasedDelivery) -> str:
    names = parts.route_names
    return names[min(delivery.route, len(names) - 1)] if names and delivery.environment else RouteKind.INBOX.value
