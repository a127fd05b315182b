"""A mailbox's soft bounces in a row: counted where a delivery ends, reset where one arrives, a suppression when enough.

A mailbox that never bounced softly has no row, and nothing is written for it. The rule is an argument
(``policy.recipients.soft_bounces``).
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from posthouse.model.suppression import Cause, SoftBounce, SoftBounceRule, SuppressionEntry
from posthouse.model.time_format import iso_millis
from posthouse.store.postgres.database import Session

if TYPE_CHECKING:
    from collections.abc import Sequence


SOURCE: Final = "soft"

_COUNT: Final = """
insert into soft_bounce as b (tenant, environment, lookup, count, first_at, last_at)
select tenant, environment, lookup, 1, $4, $4 from unnest($1::int[], $2::smallint[], $3::bytea[]) as k (tenant, environment, lookup)
order by tenant, environment, lookup
on conflict (tenant, environment, lookup) do update set count = b.count + 1, last_at = excluded.last_at
returning tenant, environment, lookup, count, first_at, last_at,
    (select soft_limit from suppression_rule r where r.tenant = b.tenant and r.environment = b.environment)
"""
_FORGET: Final = """
delete from soft_bounce b using unnest($1::int[], $2::smallint[], $3::bytea[]) as k (tenant, environment, lookup)
where b.tenant = k.tenant and b.environment = k.environment and b.lookup = k.lookup
"""
_LAST_REASONS: Final = """
select k.idx, a.reason, a.reply
from unnest($1::int[], $2::int[], $3::smallint[], $4::uuid[], $5::smallint[]) as k (idx, tenant, environment, message, position)
cross join lateral (
    select reason, reply from attempt
    where tenant = k.tenant and environment = k.environment and message = k.message and position = k.position
    order by number desc limit 1
) a
"""


_MailboxKey = tuple[int, int, bytes]


async def count(
    session: Session, ends: "Sequence[SoftBounce]", rule: SoftBounceRule, now: datetime
) -> list[tuple[int, int, SuppressionEntry]]:
    """Count those whose reason is the mailbox; a new suppression (tenant, environment, entry) for each that has become hard."""
    sure = {_key(end): end for end in await _mailbox_faults(session, ends, rule)}
    if not sure:
        return []
    rows = await session.fetch(_COUNT, [t for t, _, _ in sure], [e for _, e, _ in sure], [k for _, _, k in sure], now)
    hard = [(sure[row[0], row[1], row[2]], row[3], row[4]) for row in rows if rule.is_hard(row[3], row[4], row[5], row[6])]
    await forget(session, [_key(end) for end, _, _ in hard])
    return [(end.tenant, end.environment, _entry(end, times, first_at)) for end, times, first_at in hard]


async def forget(session: Session, keys: "Sequence[_MailboxKey]") -> None:
    """A message arrived: the count of these (tenant, environment, lookup) starts again."""
    if keys:
        await session.execute(_FORGET, [t for t, _, _ in keys], [e for _, e, _ in keys], [k for _, _, k in keys])


async def _mailbox_faults(session: Session, ends: "Sequence[SoftBounce]", rule: SoftBounceRule) -> list[SoftBounce]:
    """Those whose reason is the mailbox; a reason that is not known is read from the last attempt."""
    known = [end for end in ends if end.reason is not None and rule.is_mailbox_reason(end.reason)]
    open_ = [end for end in ends if end.reason is None]
    if open_:
        rows = await session.fetch(
            _LAST_REASONS,
            list(range(len(open_))),
            [end.tenant for end in open_],
            [end.environment for end in open_],
            [end.message for end in open_],
            [end.position for end in open_],
        )
        known += [
            msgspec.structs.replace(open_[idx], reason=why, reply=reply)
            for idx, why, reply in rows
            if rule.is_mailbox_reason(why)
        ]
    return known


def _entry(end: SoftBounce, times: int, first_at: datetime) -> SuppressionEntry:
    evidence: dict[str, Any] = {
        "message": str(end.message),
        "position": end.position,
        "reply": end.reply,
        "softBounces": times,
        "firstAt": iso_millis(first_at),
    }
    return SuppressionEntry(
        id=end.id,
        address=end.address,
        lookup=end.lookup,
        cause=Cause.HARD_BOUNCE,
        source=SOURCE,
        reason=end.reason or "",
        evidence=evidence,
    )


def _key(end: SoftBounce) -> _MailboxKey:
    return end.tenant, end.environment, end.lookup
