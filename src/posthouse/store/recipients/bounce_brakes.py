"""Counts of mailbox providers' answers, the bounce brakes that are on, and undoing the suppressions of a window.

Counts are kept by the minute for an hour and by the day for eight days, so that a provider of one mailbox costs a few rows
and none for long. ``policy.recipients.bounce_brake`` decides what they mean.

Known sharp edges: counts reach the database every few seconds; a process that is killed loses those of its last ones.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from posthouse.model.suppression import AnswerCounts, BounceBrake, Suppression
from posthouse.store.postgres.database import Session
from posthouse.store.recipients.suppressions import wake

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Provider = tuple[int, int, str]  # tenant, environment, registrable domain

_COUNT: Final = """
with given as materialized (
    select * from unnest($1::int[], $2::smallint[], $3::text[], $4::int[], $5::int[]) as t (tenant, environment, provider, attempts, hard)
)
insert into provider_count as c (tenant, environment, provider, span, bucket, attempts, hard)
select tenant, environment, provider, b.span, date_trunc(b.unit, $6::timestamptz, 'UTC'), attempts, hard
from given cross join (values (0::smallint, 'minute'), (1::smallint, 'day')) as b (span, unit)
order by tenant, environment, provider, b.span
on conflict (tenant, environment, provider, span, bucket) do update
    set attempts = c.attempts + excluded.attempts, hard = c.hard + excluded.hard
"""
_ANSWERS: Final = """
select k.idx,
    (select array[coalesce(sum(attempts), 0), coalesce(sum(hard), 0)] from provider_count c
     where c.tenant = k.tenant and c.environment = k.environment and c.provider = k.provider and span = 0 and bucket > $5),
    (select array[coalesce(sum(attempts), 0), coalesce(sum(hard), 0)] from provider_count c
     where c.tenant = k.tenant and c.environment = k.environment and c.provider = k.provider and span = 1 and bucket > $6)
from unnest($1::int[], $2::int[], $3::smallint[], $4::text[]) as k (idx, tenant, environment, provider)
"""
_PUT_ON: Final = """
insert into brake as b (tenant, environment, provider, since, until, attempts, hard, base) values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (tenant, environment, provider) do update
    set since = case when b.until <= excluded.since then excluded.since else b.since end, until = greatest(b.until, excluded.until),
        attempts = excluded.attempts, hard = excluded.hard, base = excluded.base
returning since = $4
"""
# Provisional entries stay so as long as the brake is on; of the firm ones, those that were just added become provisional.
_HOLD: Final = """
update suppression set held_until = greatest(held_until, $4)
where tenant = $1 and environment = $2 and provider = $3 and cause = 'hard_bounce'
  and (held_until > $6 or held_until is null and since >= $5) and (held_until is null or held_until < $4)
"""
_ON: Final = "select tenant, environment, provider, until from brake where until > $1"
_TAKEN: Final = "id, address, provider, cause, stream, reason, source, evidence, actor, security, since, until, held_until"
_TAKE_BACK: Final = f"""
delete from suppression
where tenant = $1 and environment = $2 and provider = $3 and cause = 'hard_bounce' and since >= $4 and since <= $5
returning {_TAKEN}
"""
# Over a relay nobody knows who answered; then the domain of the address is what is known. What people entered stays.
_TAKE_BACK_SITE: Final = f"""
delete from suppression
where tenant = $1 and environment = $2 and split_part(address, '@', -1) = $3 and cause = 'hard_bounce' and since >= $4 and since <= $5
  and source not in ('api', 'cli', 'import')
returning {_TAKEN}
"""
_FORGET: Final = """
delete from provider_count where ctid in (
    select ctid from provider_count where span = $1 and bucket < $2 order by span, bucket limit 5000 for update skip locked
)
"""
_FORGET_HELD: Final = """
delete from suppression where ctid in (
    select ctid from suppression where held_until < $1 order by held_until limit 5000 for update skip locked
)
"""
_MINUTES_KEPT: Final = timedelta(hours=1)
_HELD_KEPT: Final = timedelta(days=30)
_DAY: Final = timedelta(days=1)  # counts of days are of whole ones


async def count(session: Session, heard: "Mapping[Provider, AnswerCounts]", now: datetime) -> None:
    """Add the counts since the last time."""
    rows = sorted(heard.items())
    if rows:
        await session.execute(
            _COUNT,
            [p[0] for p, _ in rows],
            [p[1] for p, _ in rows],
            [p[2] for p, _ in rows],
            [a.attempts for _, a in rows],
            [a.hard for _, a in rows],
            now,
        )


async def answers(
    session: Session, providers: "Sequence[Provider]", window_from: datetime, base_from: datetime
) -> "list[BounceBrake]":
    """The window that ends now and the base before it, of each provider in order."""
    rows = await session.fetch(
        _ANSWERS,
        list(range(len(providers))),
        [p[0] for p in providers],
        [p[1] for p in providers],
        [p[2] for p in providers],
        window_from,
        base_from,
    )
    found = {
        row[0]: BounceBrake(AnswerCounts(*row[1]), AnswerCounts(row[2][0] - row[1][0], row[2][1] - row[1][1])) for row in rows
    }
    return [found[index] for index in range(len(providers))]


async def put_on(
    session: Session,
    provider: Provider,
    why: BounceBrake,
    now: datetime,
    until: datetime,
    *,
    doubted_from: datetime,
) -> tuple[bool, int]:
    """Put a brake on until then; whether it was off before, and how many entries it made provisional.

    ``doubted_from``: entries that were added since then.
    """
    async with session.transaction():
        fresh = await session.fetchval(_PUT_ON, *provider, now, until, why.window.attempts, why.window.hard, why.base.share)
        tag = await session.execute(_HOLD, *provider, until, doubted_from, now)
    return bool(fresh), int(tag.rpartition(" ")[2])


async def on(session: Session, now: datetime) -> dict[Provider, datetime]:
    """The brakes that are on, and until when."""
    return {(row[0], row[1], row[2]): row[3] for row in await session.fetch(_ON, now)}


async def take_back(
    session: Session, provider: Provider, begin: datetime, end: datetime, now: datetime, *, is_site: bool = False
) -> tuple[list[Suppression], int]:
    """Remove every hard bounce that a provider reported between two moments; deliveries that waited because of one become due.

    ``is_site``: the name is the domain of the addresses themselves, and reads a tenant's whole list. Returns the entries and
    how many deliveries were waiting. Deliveries that had ended stay as they are.
    """
    statement = _TAKE_BACK_SITE if is_site else _TAKE_BACK
    removed = [Suppression(*row) for row in await session.fetch(statement, *provider, begin, end)]
    due = await wake(session, provider[0], provider[1], [each.address for each in removed if each.address], now)
    return removed, due


async def forget_old(session: Session, now: datetime, base: timedelta) -> None:
    """Delete counts that neither window nor ``base`` reaches any more, and provisional entries that were never confirmed.

    A few thousand rows at most.
    """
    await session.execute(_FORGET_HELD, now - _HELD_KEPT)
    await session.execute(_FORGET, 0, now - _MINUTES_KEPT)
    await session.execute(_FORGET, 1, now - base - _DAY)
