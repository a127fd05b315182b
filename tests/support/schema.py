"""The schema as the catalog tells it: one line per column, constraint and index, sorted, so that a difference reads well.

Partitions are left out (they depend on the day), and what differs between versions of Postgres.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from asyncpg import Connection, Record

_OURS: Final = """
from pg_class c
where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
  and (not c.relispartition or c.relname in ('content_brief', 'content_standard', 'content_record'))
"""
_TABLES: Final = f"""
select c.relname || case c.relpersistence when 'u' then ': unlogged table' else ': table' end || coalesce(' partition by ' || pg_get_partkeydef(c.oid), '')
    || coalesce(' ' || pg_get_expr(c.relpartbound, c.oid), '') || coalesce(' with ' || c.reloptions::text, '') as line
{_OURS}
"""
_COLUMNS: Final = f"""
select t.relname || '.' || a.attname || ': ' || format_type(a.atttypid, a.atttypmod)
    || case when a.attnotnull then ' not null' else '' end
    || case a.attidentity when 'a' then ' generated always as identity' else '' end
    || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') as line
from (select c.* {_OURS}) t
join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
"""
_CONSTRAINTS: Final = f"""
select t.relname || ' ' || k.conname || ': ' || pg_get_constraintdef(k.oid) as line
from (select c.* {_OURS}) t join pg_constraint k on k.conrelid = t.oid and k.contype <> 'n'
"""
_INDEXES: Final = f"""
select pg_get_indexdef(i.indexrelid) as line from (select c.* {_OURS}) t join pg_index i on i.indrelid = t.oid
"""


async def describe(connection: "Connection[Record]") -> str:
    """All of it, a line each."""
    parts = [sorted(row[0] for row in await connection.fetch(query)) for query in (_TABLES, _COLUMNS, _CONSTRAINTS, _INDEXES)]
    return "\n".join("\n".join(part) + "\n" for part in parts)
