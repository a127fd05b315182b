"""Up to where may a reader of events go, without ever missing one that commits late?

An event carries the transaction id under which it was written, so a reader that goes by (xid, id) must stop below the oldest
transaction that may still write one. Only sessions of ours write events: those that are named ``posthouse …`` in this database
(``store.postgres.database`` names every connection so). Any other transaction, in this database or another on the
same server, may stay open for hours and delays nothing.

The horizon is asked for in a statement of its own, *before* the one that reads: its snapshot is older than the look at the
sessions, so a transaction that ends between the two is visible to the reader.

Known sharp edges: of sessions of a role whose details this role may not see, nothing is known (``pg_read_all_stats`` lets it);
where there is one in this database, the oldest transaction of the whole server counts, as it did before.
"""

from posthouse.store.postgres.database import Session

# backend_xid has 32 bits; the nearest 64-bit id to the snapshot's end is meant (PostgreSQL documentation, 66.1).
_HORIZON = """
with snapshot as (
    select pg_current_snapshot() as taken, pg_snapshot_xmax(pg_current_snapshot())::text::bigint as ending
),
sessions as (
    select a.application_name, a.query = '<insufficient privilege>' as is_hidden,
        (s.ending - a.backend_xid::text::bigint) & 4294967295 as distance, s.ending
    from snapshot s, pg_stat_get_activity(null) a
    where a.datid = (select oid from pg_database where datname = current_database()) and a.pid <> pg_backend_pid()
      and a.backend_type = 'client backend'
)
select case when exists (select 1 from sessions where is_hidden) then pg_snapshot_xmin(s.taken)::text
    else least(s.ending, (
        select min(ending - case when distance < 2147483648 then distance else distance - 4294967296 end)
        from sessions where application_name like 'posthouse%'))::text
    end
from snapshot s
"""


async def readable_below(session: Session) -> str:
    """The transaction id below which every event that will ever be there is visible to the next statement; as text."""
    horizon: str = await session.fetchval(_HORIZON)
    return horizon
