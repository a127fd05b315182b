"""How turns of deliveries end: the settlements of many attempts in one statement.

For each settlement the queue row is deleted (final) or moved (later), the attempt and the event are
written, and all of it only if the lease is still the caller's (fencing): one that is not is left out whole.

What follows for the address (a suppression, a soft bounce counted, a count forgotten) is written in the same transaction. Batches
from which nothing follows, and that is nearly all, are one statement, which is its own transaction.
"""

from typing import TYPE_CHECKING, Any, Final

from posthouse.model.queue import QueueState
from posthouse.model.settlement import Settlement
from posthouse.model.suppression import SoftBounceRule
from posthouse.store.postgres.database import Session
from posthouse.store.recipients import soft_bounces, suppressions

if TYPE_CHECKING:
    from collections.abc import Sequence


# Each row is found over the key's index and locked (see queue), then changed by its ctid, which the lock keeps still.
# ``state`` is no condition: a row with this worker and number is leased, and if the statement said so the planner would
# take the index of leases and walk all of them. ``mine`` are the rows whose lease is still the caller's; only they get an
# event. ``route`` null: there was no attempt.
_SETTLE: Final = """
with mine as materialized (
    select s.*, x.ctid as place, x.first_attempt_at
    from unnest(
        $2::int[], $3::int[], $4::smallint[], $5::uuid[], $6::smallint[], $7::smallint[],
        $8::boolean[], $9::smallint[], $10::timestamptz[], $11::smallint[], $12::smallint[], $13::smallint[], $14::smallint[],
        $15::text[], $16::uuid[], $17::jsonb[], $18::timestamptz[],
        $19::text[], $20::text[], $21::text[], $22::text[], $23::text[], $24::text[], $25::text[],
        $26::smallint[], $27::text[], $28::text[], $29::text[], $30::timestamptz[], $31::real[], $32::bytea[], $33::int[]
    ) as s (idx, tenant, environment, message, position, number,
            final, state, due, to_route, tries, refusals, flags, event, event_id, event_data, at,
            route, adapter, host, remote_id, outcome, reason, stage,
            reply_code, enhanced_code, reply, tls, started_at, duration_ms, digest, keyset)
    cross join lateral (
        select ctid, first_attempt_at from queue
        where tenant = s.tenant and environment = s.environment and message = s.message and position = s.position
          and worker = $1 and number = s.number
        limit 1 for update
    ) x
),
deleted as (delete from queue q using mine where mine.final and q.ctid = mine.place),
moved as (
    update queue q set state = mine.state, due = mine.due, worker = null, route = mine.to_route, tries = mine.tries,
        refusals = mine.refusals, flags = mine.flags
    from mine where not mine.final and q.ctid = mine.place
),
new_event as (
    insert into event (tenant, environment, id, message, position, type, at, data)
    select tenant, environment, event_id, message, position, event, at, event_data from mine where event is not null
),
new_attempt as (
    insert into attempt (tenant, environment, message, position, number, route, adapter, host, remote_id, outcome, reason, stage,
        reply_code, enhanced_code, reply, tls, started_at, duration_ms, first_attempt_at, keyset, digest)
    select tenant, environment, message, position, number, route, adapter, host, remote_id, outcome, reason, stage,
        reply_code, enhanced_code, reply, tls, started_at, duration_ms, first_attempt_at, keyset, digest
    from mine where route is not null
    on conflict do nothing
)
select idx from mine
"""


# The event was written in this very transaction, so nobody has seen it otherwise.
_ADD_TO_EVENT: Final = """
update event e set data = coalesce(e.data, '{}'::jsonb) || k.more
from unnest($1::int[], $2::smallint[], $3::uuid[], $4::jsonb[]) as k (tenant, environment, id, more)
where e.tenant = k.tenant and e.environment = k.environment and e.id = k.id
"""


async def settle(session: Session, worker: int, settlements: "Sequence[Settlement]", rule: SoftBounceRule) -> list[bool]:
    """Settle all that is still ours, in one transaction; per settlement whether it took effect. ``rule``: for soft bounces that
    are counted.
    """
    if not any(each.has_consequences for each in settlements):
        return await _settle(session, worker, settlements)
    async with session.transaction():
        effective = await _settle(session, worker, settlements)
        mine = [each for each, ours in zip(settlements, effective, strict=True) if ours and each.has_consequences]
        if mine:
            await _follow(session, mine, rule)
    return effective


async def _follow(session: Session, settled: "Sequence[Settlement]", rule: SoftBounceRule) -> None:
    """What follows for the addresses; the event says whether the address is suppressed now, and firmly."""
    now = max(each.at for each in settled)
    await soft_bounces.forget(
        session,
        [(each.delivery.tenant, each.delivery.environment, each.delivered_lookup) for each in settled if each.delivered_lookup],
    )
    ends = {each.soft_end.id: each for each in settled if each.soft_end is not None}
    hardened = await soft_bounces.count(
        session, [each.soft_end for each in ends.values() if each.soft_end is not None], rule, now
    )
    bounced = [each for each in settled if each.suppression is not None]
    new = [
        (each.delivery.tenant, each.delivery.environment, each.suppression) for each in bounced if each.suppression is not None
    ]
    stored = await suppressions.put(session, [*new, *hardened], now) if new or hardened else []
    causes = [*bounced, *(ends[entry.id] for _, _, entry in hardened if entry.id is not None)]
    additions = [
        (each, {"suppressed": True} if entry.held_until is None else {"suppressed": False, "provisional": True})
        for each, entry in zip(causes, stored, strict=True)
        if each.event is not None
    ]
    if additions:
        await session.execute(
            _ADD_TO_EVENT,
            [each.delivery.tenant for each, _ in additions],
            [each.delivery.environment for each, _ in additions],
            [each.event_id for each, _ in additions],
            [more for _, more in additions],
        )


async def _settle(session: Session, worker: int, settlements: "Sequence[Settlement]") -> list[bool]:
    rows = await session.fetch(_SETTLE, worker, *_states(settlements), *_attempts(settlements))
    effective = {row[0] for row in rows}
    return [index in effective for index in range(len(settlements))]


def _states(settlements: "Sequence[Settlement]") -> tuple[list[Any], ...]:
    deliveries = [s.delivery for s in settlements]
    return (
        list(range(len(settlements))),
        [d.tenant for d in deliveries],
        [d.environment for d in deliveries],
        [d.message for d in deliveries],
        [d.position for d in deliveries],
        [d.number for d in deliveries],
        [s.final for s in settlements],
        [QueueState.READY if s.ready else QueueState.WAITING for s in settlements],
        [s.due for s in settlements],
        [s.route for s in settlements],
        [s.tries for s in settlements],
        [s.refusals for s in settlements],
        [s.flags for s in settlements],
        [s.event for s in settlements],
        [s.event_id for s in settlements],
        [s.event_data for s in settlements],
        [s.at for s in settlements],
    )


_ATTEMPT_FIELDS: Final = (
    "route", "adapter", "host", "remote_id", "outcome", "reason", "stage", "reply_code", "enhanced_code", "reply", "tls",
    "started_at", "duration_ms", "digest", "keyset",
)  # fmt: skip


def _attempts(settlements: "Sequence[Settlement]") -> tuple[list[Any], ...]:
    attempts = [s.attempt for s in settlements]
    return tuple([None if a is None else getattr(a, field) for a in attempts] for field in _ATTEMPT_FIELDS)
