"""Taking back what a lost worker had leased: what it had not marked is ready again at once, what it had is settled.

Revoking comes first, so that a worker that was only stopped cannot let anything more leave; then the marks are read.
What the next hop had accepted is settled as delivered; of what may have left without an answer the delivery is in
doubt, and its type's rule says what follows, like after any other outcome. Where the marks say nothing (another boot,
another machine), all of it is in doubt.
"""

from pathlib import Path

import msgspec
import structlog

from posthouse.model import ids
from posthouse.model.attempt import Attempt
from posthouse.model.clock import Clock
from posthouse.model.delivery import IllegalTransition
from posthouse.model.queue import LeasedDelivery
from posthouse.model.route import RouteKind
from posthouse.model.worker import Mark, WorkerRow
from posthouse.net.entropy import Entropy
from posthouse.pipeline.deliver import conclusion
from posthouse.pipeline.deliver.conclusion import Conclusion, SentAttempt, Stamp
from posthouse.pipeline.deliver.deliver import RaiseFailure
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
    alert: RaiseFailure


async def reclaim(parts: ReclaimParts, row: WorkerRow) -> int:
    """Take everything back from one worker and forget it, in one transaction; how many deliveries that were."""
    path = Path(row.marks)
    found = FoundMarks.revoke(path) if row.host == boot_id() else FoundMarks(None)
    async with parts.database.transaction() as session:
        await workers.forget(session, row.id)  # first: it waits for a claim that is under way and forbids another
        leased = await queue.leased(session, row.id)
        marked = [(delivery, found.mark(delivery.attempt_key)) for delivery in leased]
        unsent = [delivery for delivery, mark in marked if mark is None]
        heads = await queue.release(session, row.id, unsent, restore_number=False) if unsent else []
        if heads:
            await queue.notify(session, heads)
        conclusions = _conclusions(parts, [(delivery, mark) for delivery, mark in marked if mark is not None])
        if conclusions:
            await settle.settle(session, row.id, [each.settlement for each in conclusions], RULE)
    if row.host == boot_id():
        discard(path)
    for each in conclusions:
        if each.failure is not None:
            await parts.alert(each.settlement.delivery, each.route, each.failure)
    if leased:
        doubtful = sum(mark is Mark.MAY_HAVE_LEFT for _, mark in marked)
        log.warning("deliveries taken back", worker=row.id, again=len(unsent), in_doubt=doubtful)
        metrics.RECLAIMED.labels("again").inc(len(unsent))
        metrics.RECLAIMED.labels("in_doubt").inc(doubtful)
    return len(leased)


def _conclusions(parts: ReclaimParts, marked: list[tuple[LeasedDelivery, Mark]]) -> list[Conclusion]:
    """What becomes of marked deliveries. One whose change of state is illegal stays leased, and is never sent again."""
    conclusions = []
    for delivery, mark in marked:
        try:
            conclusions.append(_conclude(parts, delivery, mark))
        except IllegalTransition as refused:
            log.exception(
                "transition refused",
                message=ids.text("msg", delivery.message),
                before=refused.before.value,
                after=refused.after.value,
            )
    return conclusions


def _conclude(parts: ReclaimParts, delivery: LeasedDelivery, mark: Mark) -> Conclusion:
    now = parts.clock.now()
    outcome = conclusion.doubt() if mark is Mark.MAY_HAVE_LEFT else conclusion.marked_acceptance(final=mark is Mark.DELIVERED)
    attempt = Attempt(outcome=outcome, adapter="", started_at=now, duration_ms=0.0)
    step = conclusion.plan(outcome, delivery, len(parts.route_names), now, parts.entropy.fraction())
    sent = SentAttempt(attempt=attempt, route=_route(parts, delivery))
    return conclusion.attempted(delivery, sent, step, Stamp(now, parts.entropy.new_id(now)))


def _route(parts: ReclaimParts, delivery: LeasedDelivery) -> str:
    names = parts.route_names
    return names[min(delivery.route, len(names) - 1)] if names and delivery.environment else RouteKind.INBOX.value
