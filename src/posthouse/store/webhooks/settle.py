"""What became of an attempt to deliver an event, and what is no longer kept.

A settlement deletes the row (told, or the event is gone; not where a replay asked for it meanwhile), moves it to its next due
time together with what waits behind it in its thread, or leaves it as given up, all with its line in the log and the endpoint's
health in one commit. Only the holder's settlements take effect; the log has every try.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from posthouse.model import ids
from posthouse.model.keys import EndpointKey
from posthouse.model.webhook_endpoint import HealthChange, WebhookResult
from posthouse.store.postgres.database import Database, Session
from posthouse.store.webhooks.endpoint_queue import key_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


GIVEN_UP_KEPT: Final = timedelta(days=30)
_PIECE: Final = 5000
_SETTLE: Final = """
with mine as materialized (
    select s.*, x.place, s.over and x.is_due is distinct from s.was_due as replayed
    from unnest($2::int[], $3::int[], $4::smallint[], $5::uuid[], $6::uuid[], $7::text[], $8::uuid[], $9::boolean[], $10::smallint[],
        $11::timestamptz[], $12::timestamptz[]) as s (idx, tenant, environment, endpoint, thread, xid, event, over, tries, due, was_due)
    cross join lateral (
        select ctid as place, due as is_due from webhook_delivery d
        where d.tenant = s.tenant and d.environment = s.environment and d.endpoint = s.endpoint and d.thread = s.thread
          and d.xid = s.xid::xid8 and d.event = s.event
        limit 1 for update
    ) x
    where exists (
        select 1 from webhook_endpoint w
        where w.tenant = s.tenant and w.environment = s.environment and w.id = s.endpoint and w.holder = $1)
),
gone as (delete from webhook_delivery d using mine where mine.over and not mine.replayed and d.ctid = mine.place),
later as (update webhook_delivery d set tries = mine.tries, due = mine.due from mine where not mine.over and d.ctid = mine.place)
select idx from mine
"""
_BEHIND: Final = """
update webhook_delivery d set due = s.due
from unnest($1::int[], $2::smallint[], $3::uuid[], $4::uuid[], $5::text[], $6::uuid[], $7::timestamptz[])
    as s (tenant, environment, endpoint, thread, xid, event, due)
where d.tenant = s.tenant and d.environment = s.environment and d.endpoint = s.endpoint and d.thread = s.thread
  and (d.xid, d.event) > (s.xid::xid8, s.event) and d.due < s.due
"""
_LOG: Final = """
insert into webhook_attempt (tenant, environment, endpoint, id, event, type, number, at, duration_ms, outcome, status, trouble, answer, next_at)
select * from unnest($1::int[], $2::smallint[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::smallint[], $8::timestamptz[],
    $9::real[], $10::text[], $11::smallint[], $12::text[], $13::text[], $14::timestamptz[])
"""
_HEALTH: Final = """
update webhook_endpoint w set failures = s.failures, failing_since = s.failing_since, rest_until = s.rest_until,
    disabled_at = case when s.why = '' then w.disabled_at else $2 end, disabled_why = nullif(s.why, '')
from unnest($3::int[], $4::smallint[], $5::uuid[], $6::int[], $7::timestamptz[], $8::timestamptz[], $9::text[])
    as s (tenant, environment, id, failures, failing_since, rest_until, why)
where w.tenant = s.tenant and w.environment = s.environment and w.id = s.id and w.holder = $1 and w.disabled_at is null
returning w.tenant, w.environment, w.id
"""
_KEYS: Final = "select tenant, environment, id, removed_at is not null from webhook_endpoint"
_FORGET: Final = """
delete from webhook_delivery where ctid in (
    select ctid from webhook_delivery
    where tenant = $1 and environment = $2 and endpoint = $3 and ($4 or (due is null and event < $5)) limit $6)
"""
_DROP: Final = "delete from webhook_endpoint where tenant = $1 and environment = $2 and id = $3 and removed_at is not null"


async def settle(
    session: Session,
    holder: UUID,
    results: "Sequence[WebhookResult]",
    verdicts: "Mapping[EndpointKey, HealthChange]",
    now: datetime,
) -> list[EndpointKey]:
    """Write it all down; the endpoints that were switched off by it. Call inside a transaction."""
    rows = await session.fetch(_SETTLE, holder, list(range(len(results))), *_keys(results), *_fates(results))
    effective = {row[0] for row in rows}
    moved = [r for index, r in enumerate(results) if index in effective and not r.over and r.due is not None and r.ordered]
    if moved:
        await session.execute(_BEHIND, *_keys(moved), [r.due for r in moved])
    if tried := [r for r in results if r.outcome]:
        await session.execute(_LOG, *_lines(tried))
    if not verdicts:
        return []
    disabled = await session.fetch(_HEALTH, holder, now, *key_columns(list(verdicts)), *_healths(list(verdicts.values())))
    return [key for row in disabled if verdicts[key := EndpointKey(*row)].why]


async def forget(database: Database, now: datetime) -> None:
    """Delete what was given up too long ago, and all that waits for endpoints that were removed; in pieces."""
    before = ids.floor(now - GIVEN_UP_KEPT)
    async with database.session() as session:
        keys = await session.fetch(_KEYS)
    for tenant, environment, endpoint, removed in keys:
        rows = _PIECE
        while rows == _PIECE:
            async with database.session() as session:
                tag = await session.execute(_FORGET, tenant, environment, endpoint, removed, before, _PIECE)
            rows = int(tag.rpartition(" ")[2])
        if removed:
            async with database.session() as session:
                await session.execute(_DROP, tenant, environment, endpoint)


def _keys(results: "Sequence[WebhookResult]") -> tuple[list[Any], ...]:
    rows = [r.waiting for r in results]
    return (*key_columns([w.endpoint for w in rows]), [w.thread for w in rows], [w.xid for w in rows], [w.event for w in rows])


def _fates(results: "Sequence[WebhookResult]") -> tuple[list[Any], ...]:
    return (
        [r.over for r in results],
        [r.number if r.outcome else r.waiting.tries for r in results],
        [r.due for r in results],
        [r.waiting.due for r in results],
    )


def _lines(results: "Sequence[WebhookResult]") -> tuple[list[Any], ...]:
    return (
        *key_columns([r.waiting.endpoint for r in results]),
        [r.id for r in results],
        [r.waiting.event for r in results],
        [r.waiting.facts.type if r.waiting.facts else "" for r in results],
        [r.number for r in results],
        [r.at for r in results],
        [r.duration_ms for r in results],
        [r.outcome for r in results],
        [r.status for r in results],
        [r.trouble for r in results],
        [r.answer for r in results],
        [r.due for r in results],
    )


def _healths(verdicts: "Sequence[HealthChange]") -> tuple[list[Any], ...]:
    healths = [v.health for v in verdicts]
    return (
        [h.failures for h in healths],
        [h.failing_since for h in healths],
        [h.rest_until for h in healths],
        [v.why for v in verdicts],
    )
