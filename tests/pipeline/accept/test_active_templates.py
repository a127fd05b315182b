"""Which version a message gets, and how long that is remembered; switches that race."""

import asyncio
from datetime import timedelta
from typing import Any

from posthouse.admin import templates
from posthouse.admin.context import AdminContext
from posthouse.admin.template_versions import SavedVersion
from posthouse.model.actor import Actor
from posthouse.model.send_request import Environment, Rejection
from posthouse.model.template import TemplateDraft, TemplateVersion
from posthouse.model.template_state import TemplateAction
from posthouse.pipeline.accept.active_templates import MEMORY, ActiveTemplates
from posthouse.store.postgres.database import Database
from posthouse.store.tenants import tenants
from posthouse.templates.draft import source_of
from posthouse.testing.clock import FakeClock
from tests.support.accepted import SEALER
from tests.support.postgres import NOW
from tests.support.use_cases import admin_context, operator
from tests.support.writes import write


def draft(name: str = "note", **said: str) -> TemplateDraft:
    return TemplateDraft(name=name, sources={"en": source_of(**({"subject": "s", "text": "one"} | said))}, fallback="en")


async def opened(database: Database) -> tuple[AdminContext, Actor, FakeClock]:
    clock = FakeClock(NOW)
    tenant = await write(database, tenants.create, "first", NOW)
    return admin_context(database, SEALER, clock), operator(tenant.id), clock


async def number(book: ActiveTemplates, actor: Actor, *more: Any) -> int | str:
    found = await book.find(actor.tenant, Environment.LIVE, "note", *more)
    return found.version if isinstance(found, TemplateVersion) else found.code


async def test_a_switch_elsewhere_is_seen_within_the_memory_and_a_switch_here_at_once(database: Database) -> None:
    context, actor, clock = await opened(database)
    book = ActiveTemplates(database, clock)
    assert await number(book, actor) == "template_not_active"
    assert isinstance(await templates.create(context, actor, draft()), SavedVersion)
    assert await number(book, actor) == "template_not_active"
    book.forget(actor.tenant, "note")
    assert await number(book, actor) == 1
    await templates.add_version(context, actor, draft(text="two"))
    await templates.move_version(context, actor, "note", 2, TemplateAction.ACTIVATE)
    assert await number(book, actor) == 1
    clock.advance(timedelta(seconds=MEMORY + 0.1))
    assert await number(book, actor) == 2
    assert await number(book, actor, 1) == 1


async def test_another_tenant_sees_nothing_of_it(database: Database) -> None:
    context, actor, clock = await opened(database)
    await templates.create(context, actor, draft())
    other = await write(database, tenants.create, "second", NOW)
    assert isinstance(await ActiveTemplates(database, clock).find(other.id, Environment.LIVE, "note"), Rejection)
    assert isinstance(await ActiveTemplates(database, clock).find(other.id, Environment.LIVE, "note", 1), Rejection)


async def test_an_impossible_name_or_version_never_reaches_the_database(database: Database) -> None:
    _, actor, clock = await opened(database)
    book = ActiveTemplates(database, clock)
    for name, pinned in (("no\0te", None), ("", None), ("x" * 500, 1), ("note", 0), ("note", 2**40), ("note", -1)):
        assert isinstance(await book.find(actor.tenant, Environment.LIVE, name, pinned), Rejection)


async def test_an_unknown_name_suggests_the_nearest_ready_made_one(database: Database) -> None:
    _, actor, clock = await opened(database)
    refused = await ActiveTemplates(database, clock).find(actor.tenant, Environment.LIVE, "pasword-reset")
    assert isinstance(refused, Rejection)
    assert "password-reset" in refused.detail


async def test_versions_and_switches_that_race_leave_one_active_and_no_gap(database: Database) -> None:
    context, actor, clock = await opened(database)
    first = await asyncio.gather(*(templates.create(context, actor, draft(text=f"v{at}")) for at in range(4)))
    assert sum(isinstance(each, SavedVersion) for each in first) == 1
    made = await asyncio.gather(*(templates.add_version(context, actor, draft(text=f"w{at}")) for at in range(8)))
    assert sorted(each.about.version for each in made if isinstance(each, SavedVersion)) == list(range(2, 10))
    moved = await asyncio.gather(
        *(templates.move_version(context, actor, "note", at, TemplateAction.ACTIVATE) for at in range(1, 10))
    )
    assert all(isinstance(each, SavedVersion) for each in moved)
    async with database.session() as connection:
        states = [row[0] for row in await connection.fetch("select state from template_version order by state")]
    assert states == ["active"] + ["retired"] * 8
    assert isinstance(await number(ActiveTemplates(database, clock), actor), int)


async def test_the_memory_of_versions_is_bounded(database: Database) -> None:
    context, actor, clock = await opened(database)
    book = ActiveTemplates(database, clock)
    await templates.create(context, actor, draft())
    for at in range(2, 5):
        await templates.add_version(context, actor, draft(text="x" * 100 + str(at)))
        await templates.move_version(context, actor, "note", at, TemplateAction.ACTIVATE)
    book._max_characters = 250
    for at in (1, 2, 3, 4):
        assert await number(book, actor, at) == at
    assert len(book._versions) == 2
