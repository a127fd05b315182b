"""Who changed what, when, and how it was before: rows that are only ever added, in the transaction of the change itself.

``subject`` names what was changed (``template/welcome``, ``stream/marketing``, ``brand``), ``action`` what was done to it, in the
past tense; ``data`` has ``before`` and ``after`` where they say something. Never put a secret or the words of a mail in it.
"""

from typing import TYPE_CHECKING, Final
from uuid import UUID

from posthouse.model.audit import AuditEntry
from posthouse.store.postgres.database import Database, Session

if TYPE_CHECKING:
    from asyncpg import Record

_END: Final = UUID(int=(1 << 128) - 1)
_INSERT: Final = "insert into audit (tenant, id, at, actor, action, subject, data) values ($1, $2, $3, $4, $5, $6, $7)"
_LIST: Final = """
select id, at, actor, action, subject, data from audit where tenant = $1 and id < $2 and ($4 or data ->> 'environment' is distinct from 'live')
order by id desc limit $3
"""
_LIST_OF: Final = """
select id, at, actor, action, subject, data from audit where tenant = $1 and subject = $5 and id < $2 and ($4 or data ->> 'environment' is distinct from 'live')
order by subject desc, id desc limit $3
"""


async def write(session: Session, tenant: int, entry: AuditEntry) -> None:
    """Add it; call it in the transaction that makes the change."""
    await session.execute(_INSERT, tenant, entry.id, entry.at, entry.actor, entry.action, entry.subject, entry.data)


async def entries(
    database: Database,
    tenant: int,
    *,
    subject: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
    live: bool = True,
) -> list[AuditEntry]:
    """A tenant's changes, newest first, of one subject where it is named, older than ``before``.

    ``live`` False leaves out what belongs to the live environment alone: a key of the sandbox must not learn of it.
    """
    async with database.session() as session:
        rows: list[Record]
        if subject is None:
            rows = await session.fetch(_LIST, tenant, before or _END, limit, live)
        else:
            rows = await session.fetch(_LIST_OF, tenant, before or _END, limit, live, subject)
    return [AuditEntry(*row) for row in rows]
