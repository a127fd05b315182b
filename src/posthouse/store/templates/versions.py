"""Templates at rest: versions that are written once, the state of each, and which one is active (C3).

A template's row is locked by whoever adds a version or moves one (``hold``), so numbers have no gap and the switch is
one at a time: the old version retires and the new one is active in the same commit, and the unique index over active
versions holds whatever the code does. What was built is stored beside what was written; mails are rendered
from what was built, so a version says the same for ever.

Known sharp edges: functions that take a connection belong into the caller's transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import msgspec

from posthouse.mail.address import mailbox_or_none
from posthouse.model.send_request import Environment
from posthouse.model.template import (
    CompiledTemplate,
    StoredVersion,
    TemplateDraft,
    TemplateSource,
    TemplateSummary,
    TemplateVersion,
    Variable,
    plain_variable,
)
from posthouse.model.template_state import TemplateState
from posthouse.store.postgres.database import Database, Session

if TYPE_CHECKING:
    from asyncpg import Record

_HOLD: Final = "select latest from template where tenant = $1 and name = $2 for update"
_ADD: Final = "insert into template (tenant, name, id, created_at) values ($1, $2, $3, $4) on conflict (tenant, name) do nothing"
_NUMBER: Final = "update template set latest = latest + 1 where tenant = $1 and name = $2 returning latest"
_INSERT: Final = """
insert into template_version (tenant, name, version, type, state, fallback, variables, waivers, digest, author, created_at, sender)
values ($1, $2, $3, $4, 'draft', $5, $6, $7, $8, $9, $10, $11)
"""
_INSERT_WORDING: Final = """
insert into template_wording (tenant, name, version, locale, subject, html, mjml, text, built_subject, built_html, built_text)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_VERSION: Final = (
    "name, version, type, state, fallback, variables, waivers, digest, author, created_at, approved_by, approved_at, "
    "activated_at, sender"
)
_GET: Final = f"select {_VERSION} from template_version where tenant = $1 and name = $2 and version = $3"
_LIST: Final = f"""
select {_VERSION} from template_version where tenant = $1 and name = $2 and version < $3 order by version desc limit $4
"""
_WORDINGS: Final = """
select locale, subject, html, mjml, text, built_subject, built_html, built_text from template_wording
where tenant = $1 and name = $2 and version = $3 order by locale
"""
_ACTIVE: Final = "select version from template_version where tenant = $1 and name = $2 and state = 'active'"
_ACTIVE_IN_TEST: Final = """
select coalesce(
    (select version from template_test_version where tenant = $1 and name = $2),
    (select version from template_version where tenant = $1 and name = $2 and state = 'active'))
"""
_CHOOSE: Final = """
insert into template_test_version (tenant, name, version, chosen_at) values ($1, $2, $3, $4)
on conflict (tenant, name) do update set version = excluded.version, chosen_at = excluded.chosen_at
"""
_UNCHOOSE: Final = "delete from template_test_version where tenant = $1 and name = $2 and ($4 or version = $3)"
_RETIRE: Final = """
update template_version set state = 'retired' where tenant = $1 and name = $2 and state = 'active' returning version
"""
_MOVE: Final = """
update template_version set state = $4,
    activated_at = case when $4 = 'active' then $6 else activated_at end,
    approved_by = case when $4 = 'approved' then $5 when $4 = 'draft' then null else approved_by end,
    approved_at = case when $4 = 'approved' then $6 when $4 = 'draft' then null else approved_at end
where tenant = $1 and name = $2 and version = $3
"""
_SUMMARIES: Final = """
select t.id, t.name, t.created_at, t.latest, v.type, a.version
from template t
join template_version v on v.tenant = t.tenant and v.name = t.name and v.version = t.latest
left join template_version a on a.tenant = t.tenant and a.name = t.name and a.state = 'active'
where t.tenant = $1 and t.id < $2 order by t.id desc limit $3
"""
_SUMMARY: Final = """
select t.id, t.name, t.created_at, t.latest, v.type, a.version
from template t
join template_version v on v.tenant = t.tenant and v.name = t.name and v.version = t.latest
left join template_version a on a.tenant = t.tenant and a.name = t.name and a.state = 'active'
where t.tenant = $1 and t.name = $2
"""
_NAMES: Final = "select name from template where tenant = $1 order by name limit 10000"
_APPROVAL: Final = "select approval_required from tenant where id = $1"
_SET_APPROVAL: Final = "update tenant set approval_required = $2 where id = $1 and approval_required <> $2 returning id"


class StoredTemplateVersion(msgspec.Struct, frozen=True):
    """A version with its words: as they were written, and as they were built; both by locale."""

    about: StoredVersion
    sources: dict[str, TemplateSource]
    compiled_templates: dict[str, CompiledTemplate]

    @property
    def draft(self) -> TemplateDraft:
        """What the author handed in."""
        about = self.about
        return TemplateDraft(
            name=about.name,
            type=about.type,
            variables=about.variables,
            sources=self.sources,
            fallback=about.fallback,
            waivers=about.waivers,
            sender=about.sender,
        )

    @property
    def template(self) -> TemplateVersion:
        """What is rendered; a tenant wrote it."""
        about = self.about
        return TemplateVersion(
            name=about.name,
            version=about.version,
            type=about.type,
            variables=about.variables,
            compiled_templates=self.compiled_templates,
            fallback=about.fallback,
            trusted=False,
            sender=mailbox_or_none(about.sender),
        )


async def is_approval_required(session: Session, tenant: int) -> bool:
    """Does the tenant want another person than the author to approve a version?"""
    return bool(await session.fetchval(_APPROVAL, tenant))


async def require_approval(session: Session, tenant: int, *, required: bool) -> bool:
    """Ask for approval, or no longer; False where it was so already."""
    return await session.fetchval(_SET_APPROVAL, tenant, required) is not None


async def hold(session: Session, tenant: int, name: str) -> int | None:
    """The number of the newest version, and nobody else adds or moves one until the transaction ends; None: no such template."""
    latest: int | None = await session.fetchval(_HOLD, tenant, name)
    return latest


async def add(session: Session, tenant: int, name: str, new_id: UUID, now: datetime) -> bool:
    """A new template without versions; False where there is one of that name (of a rival, too, who then has committed)."""
    return bool((await session.execute(_ADD, tenant, name, new_id, now)).endswith("1"))


async def add_version(
    session: Session,
    tenant: int,
    draft: TemplateDraft,
    compiled_templates: Mapping[str, CompiledTemplate],
    digest: bytes,
    author: str,
    now: datetime,
) -> int:
    """The next version, as a draft; its number. ``hold`` the template first."""
    number: int = await session.fetchval(_NUMBER, tenant, draft.name)
    variables = [plain_variable(variable) for variable in draft.variables]
    await session.execute(
        _INSERT,
        tenant,
        draft.name,
        number,
        draft.type,
        draft.fallback,
        variables,
        draft.waivers,
        digest,
        author,
        now,
        draft.sender,
    )
    await session.executemany(
        _INSERT_WORDING,
        [
            (
                tenant,
                draft.name,
                number,
                locale,
                *msgspec.structs.astuple(source),
                *msgspec.structs.astuple(compiled_templates[locale]),
            )
            for locale, source in draft.sources.items()
        ],
    )
    return number


async def move(
    session: Session, tenant: int, name: str, version: int, state: TemplateState, actor: str, now: datetime
) -> int | None:
    """Put a version into a state; the version that was active before and retired for it. ``hold`` the template first.

    One that becomes active is active in test too, whatever was chosen there; one that retires is in neither.
    """
    retired: int | None = None
    if state is TemplateState.ACTIVE:
        retired = await session.fetchval(_RETIRE, tenant, name)
    if state in (TemplateState.ACTIVE, TemplateState.RETIRED):
        await session.execute(_UNCHOOSE, tenant, name, version, state is TemplateState.ACTIVE)
    await session.execute(_MOVE, tenant, name, version, state.value, actor, now)
    return retired


async def choose_in_test(session: Session, tenant: int, name: str, version: int, now: datetime) -> None:
    """Make mail in test from this version from now on; live mail is left alone."""
    await session.execute(_CHOOSE, tenant, name, version, now)


async def active(database: Database, tenant: int, name: str, environment: Environment) -> int | None:
    """The number of the version that is active in the environment."""
    statement = _ACTIVE if environment is Environment.LIVE else _ACTIVE_IN_TEST
    async with database.session() as session:
        active: int | None = await session.fetchval(statement, tenant, name)
    return active


async def version(session: Session, tenant: int, name: str, number: int) -> StoredVersion | None:
    """A version without its words."""
    row = await session.fetchrow(_GET, tenant, name, number)
    return None if row is None else _stored(row)


async def version_with_sources(session: Session, tenant: int, name: str, number: int) -> StoredTemplateVersion | None:
    """A version with its words."""
    about = await version(session, tenant, name, number)
    if about is None:
        return None
    rows = await session.fetch(_WORDINGS, tenant, name, number)
    return StoredTemplateVersion(
        about, {row[0]: TemplateSource(**_source(row)) for row in rows}, {row[0]: CompiledTemplate(*row[5:8]) for row in rows}
    )


async def versions(session: Session, tenant: int, name: str, limit: int = 200, before: int = 2**31 - 1) -> list[StoredVersion]:
    """Versions without their words, newest first."""
    return [_stored(row) for row in await session.fetch(_LIST, tenant, name, before, limit)]


async def summary(session: Session, tenant: int, name: str) -> TemplateSummary | None:
    """One template."""
    row = await session.fetchrow(_SUMMARY, tenant, name)
    return None if row is None else TemplateSummary(*row)


async def summaries(session: Session, tenant: int, before: UUID, limit: int) -> list[TemplateSummary]:
    """Templates, newest first, older than ``before``."""
    return [TemplateSummary(*row) for row in await session.fetch(_SUMMARIES, tenant, before, limit)]


async def names(session: Session, tenant: int) -> list[str]:
    """All names, sorted."""
    return [row[0] for row in await session.fetch(_NAMES, tenant)]


def _stored(row: "Record") -> StoredVersion:
    fields: dict[str, Any] = dict(row)
    fields["state"] = TemplateState(fields["state"])
    fields["variables"] = msgspec.convert(fields["variables"], tuple[Variable, ...])
    return StoredVersion(**fields)


def _source(row: "Record") -> dict[str, str]:
    return dict(zip(TemplateSource.__struct_fields__, row[1:5], strict=True))
