"""The statements of ``timeline``, apart because they are long. $1 is the tenant, $2 the environment, everywhere.

The pages differ in what leads: the messages themselves, a recipient's deliveries, or a dedupe key. ``newest``
is at most $5 candidates between $3 (exclusive) and $4; of those that fit, the first $12 ids are answered with how
many candidates there were and the last of them.

Where ids lead, each one's rows are fetched by a lateral query with a limit: an ordinary join let the planner, which
has no true statistics here, read all that a tenant has, once per statement. ``offset 0`` keeps it from walking the
outbox's index backwards through everybody's events, because that happens to have the order that is asked for.
"""

from typing import Final

_FITTING: Final = """
select
    array(
        select m.id from newest n
        cross join lateral (select * from message where tenant = $1 and environment = $2 and id = n.id limit 1) m
        where ($6::text is null or m.type = $6) and ($7::text is null or m.stream = $7)
          and ($8::text is null or $8 = any(m.tags)) and ($9::text is null or m.template = $9)
          and ($10::text is null or m.dedupe_key = $10)
          and ($11::text is null or exists (
            select 1 from delivery d
            where d.tenant = $1 and d.environment = $2 and d.message = m.id and d.recipient = $11))
        order by m.id desc limit $12
    ),
    (select count(*) from newest),
    (select id from newest order by id limit 1)
"""
PAGE: Final = f"""
with newest as materialized (
    select id from message where tenant = $1 and environment = $2 and id < $3 and id >= $4 order by id desc limit $5
)
{_FITTING}
"""
PAGE_BY_RECIPIENT: Final = f"""
with newest as materialized (
    select distinct message as id from delivery
    where tenant = $1 and environment = $2 and recipient = $11 and message < $3 and message >= $4 order by message desc limit $5
)
{_FITTING}
"""
PAGE_BY_KEY: Final = f"""
with newest as materialized (
    select id from message
    where tenant = $1 and environment = $2 and dedupe_key = $10 and id < $3 and id >= $4 order by id desc limit $5
)
{_FITTING}
"""

STATUSES: Final = """
select d.message, array_agg(coalesce(s.type, 'message.queued'))
from unnest($3::uuid[]) as k (id)
cross join lateral (
    select message, position, recipient from delivery
    where tenant = $1 and environment = $2 and message = k.id order by position limit 1000
) d
left join lateral (
    select e.type from (
        select type, xid, id from event
        where tenant = $1 and environment = $2 and message = d.message and position = d.position and type = any($4::text[])
        offset 0
    ) e order by e.xid desc, e.id desc limit 1
) s on true
group by d.message
"""

MESSAGES: Final = """
select m.id, m.type, m.stream, m.header_from, m.created_at, m.occurred_at, m.send_at, m.deliver_by, m.expires_at, m.dedupe_key,
    m.tags, m.metadata, m.template, m.template_version, m.locale, c.subject, c.key_id
from unnest($3::uuid[]) with ordinality as k (id, place)
cross join lateral (select * from message where tenant = $1 and environment = $2 and id = k.id limit 1) m
left join lateral (
    select subject, key_id from content where tenant = $1 and environment = $2 and keep = m.keep and message = k.id limit 1
) c on true
order by k.place
"""
DELIVERIES: Final = """
select d.message, d.position, d.recipient, coalesce(s.type, 'message.queued') as state, s.data ->> 'reason' as reason,
    (select min(e.at) from event e
     where e.tenant = $1 and e.environment = $2 and e.message = d.message and e.position = d.position
       and e.type in ('message.sent', 'message.delivered')) as arrived_at,
    (select q.due from queue q
     where q.tenant = $1 and q.environment = $2 and q.message = d.message and q.position = d.position and q.state = 2) as due
from unnest($3::uuid[]) as k (id)
cross join lateral (
    select message, position, recipient from delivery
    where tenant = $1 and environment = $2 and message = k.id order by position limit 1000
) d
left join lateral (
    select e.type, e.data from (
        select type, data, xid, id from event
        where tenant = $1 and environment = $2 and message = d.message and position = d.position and type = any($4::text[])
        offset 0
    ) e order by e.xid desc, e.id desc limit 1
) s on true
order by d.message, d.position
"""
ATTEMPTS: Final = """
select a.*
from unnest($3::uuid[]) as k (id)
cross join lateral (
    select message, position, number, route, adapter, remote_id, outcome, reply_code, enhanced_code, reply, tls, started_at, duration_ms
    from attempt where tenant = $1 and environment = $2 and message = k.id
    order by number desc, position limit $4
) a
order by a.message, a.position, a.number
"""
EVENTS: Final = """
select v.*
from unnest($3::uuid[]) as k (id)
cross join lateral (
    select * from (
        select message, id, position, type, at, data, xid from event where tenant = $1 and environment = $2 and message = k.id offset 0
    ) e order by e.xid desc, e.id desc limit $4
) v
order by v.message, v.xid, v.id
"""

CONTENT: Final = """
select m.header_from, c.key_id, c.sealed
from message m
left join content c on c.tenant = m.tenant and c.environment = m.environment and c.keep = m.keep and c.message = m.id
where m.tenant = $1 and m.environment = $2 and m.id = $3
"""
PINS: Final = """
select d.position, d.recipient, coalesce(a.first_attempt_at, q.first_attempt_at),
    case when a.route is null then q.keyset else a.keyset end, a.route, a.digest
from delivery d
left join queue q on q.tenant = d.tenant and q.environment = d.environment and q.message = d.message and q.position = d.position
left join lateral (
    select t.first_attempt_at, t.keyset, t.route, t.digest from attempt t
    where t.tenant = d.tenant and t.environment = d.environment and t.message = d.message and t.position = d.position
    order by t.digest is null, t.number desc limit 1
) a on true
where d.tenant = $1 and d.environment = $2 and d.message = $3
order by d.position
"""
