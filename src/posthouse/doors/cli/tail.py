"""``posthouse tail``: events as they happen, a line each, until Ctrl-C.

Reads the same feed as ``GET /v1/events``, without gaps, from a cursor of its own: while the database is away it waits and then
goes on where it stopped. It never starts an embedded database, which would keep ``serve`` from starting; it waits for one.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

import click
import msgspec

from posthouse.admin.message_types import list_types
from posthouse.config import load
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option, test_option
from posthouse.doors.cli.shared.output import answer, plain, remark
from posthouse.doors.cli.shared.parameters import MomentType
from posthouse.doors.cli.shared.session import CliSession, store_options
from posthouse.doors.cli.shared.with_admin import admin_of, environment_of, operator_of
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model import ids
from posthouse.model.event import EventType
from posthouse.model.keys import EventCursor
from posthouse.model.send_request import Environment
from posthouse.model.time_format import iso_millis
from posthouse.model.webhook_event import EventFacts, public_event
from posthouse.ops.open_store import NotRunning, open_store
from posthouse.policy import types
from posthouse.store.messages import feed
from posthouse.store.postgres import vitals
from posthouse.store.postgres.database import DatabaseRefused
from posthouse.store.postgres.refusal import StoreRefusal

POLL_SECONDS: Final = 0.25  # seconds
BATCH: Final = 200
EVENTS: Final = frozenset(EventType)
_SHORT: Final = {each.value.partition(".")[2]: each.value for each in EventType}
_DATABASE_AWAY: Final = "The database is away; this goes on from here once it is back."
_WIDTH: Final = 20  # of most types, so that lines stand below each other


class TailFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are shown; empty or None: any. ``types``: of event or of message."""

    types: frozenset[str] = frozenset()
    stream: str | None = None
    recipient: str | None = None
    message: str | None = None
    since: datetime | None = None

    def matches(self, event: EventFacts) -> bool:
        """True for an event that is shown."""
        return (
            (not self.types or event.type in self.types or event.message_type in self.types)
            and self.stream in (None, event.stream)
            and self.recipient in (None, event.recipient)
            and (self.message is None or (event.message is not None and ids.text("msg", event.message) == self.message))
            and (self.since is None or event.at >= self.since)
        )


@click.command()
@click.option(
    "--type", "names", multiple=True, help="Only of this type, of event (bounced) or of message (receipt); may be repeated."
)
@click.option("--stream", help="Only of this stream.")
@click.option("--recipient", metavar="ADDRESS", help="Only about mail to this address.")
@click.option("--message", metavar="ID", help="Only about this message.")
@click.option("--since", type=MomentType(), help="Begin with what happened then; left out: with what happens from now on.")
@test_option("events")
@tenant_option("events")
@as_json
@click.pass_obj
def tail(
    context: CliContext,
    /,
    *,
    names: tuple[str, ...],
    recipient: str | None,
    message: str | None,
    test: bool,
    tenant: str | None,
    as_json: bool,
    **more: Any,
) -> None:
    """Follow events: time, type, recipient, message and reason of each, until Ctrl-C.

    Goes on where it stopped when the server or its database was away meanwhile.
    """
    tail_filter = TailFilter(
        types=frozenset(_SHORT.get(name, name) for name in names),
        recipient=_address(recipient),
        message=_message(message),
        **more,
    )
    logging.getLogger().addHandler(logging.NullHandler())  # an absence is reported here, once; not by the driver at every attempt
    follower = _EventFollower(context, tenant, environment_of(test=test), tail_filter)
    try:
        asyncio.run(_print_events(follower, as_json=as_json))
    except KeyboardInterrupt:
        sys.exit(0)


async def _print_events(follower: "_EventFollower", *, as_json: bool) -> None:
    word = follower.environment.name.lower()
    async for event in follower.events():
        if as_json:
            answer(public_event(event, word))
        else:
            click.echo(_line(event))


class _EventFollower:
    """The feed of a tenant from a place on, over every absence of the database."""

    def __init__(self, context: CliContext, tenant: str | None, environment: Environment, tail_filter: TailFilter) -> None:
        self.environment = environment
        self._context = context
        self._settings = load(context.environ)
        self._tenant = tenant
        self._filter = tail_filter
        self._cursor: EventCursor | None = None
        self._away = False

    async def events(self) -> AsyncIterator[EventFacts]:
        """Those that the filter takes, for ever.

        Errors: UnusableSettings, StoreRefusal: what waiting does not fix; before the first look also a database that is away,
        unless its server has not been started yet.
        """
        while True:
            try:
                session = await self._session()
            except (StoreRefusal, OSError) as why:
                if not isinstance(why, NotRunning) and (self._cursor is None or not isinstance(why, DatabaseRefused | OSError)):
                    raise
                await self._wait(
                    f"{str(why).rstrip('.')} yet; waiting for it." if isinstance(why, NotRunning) else _DATABASE_AWAY
                )
                continue
            try:
                owner = await self._begin(session)
                async for event in self._from(session, owner):
                    yield event
            finally:
                await session.store.close()

    async def _session(self) -> CliSession:
        options = msgspec.structs.replace(store_options(self._context, self._settings), join=True, size=2)
        return CliSession(self._context, self._settings, await open_store(options))

    async def _begin(self, session: CliSession) -> int:
        """Whose events, and from where. Errors: click.UsageError for a type that there is none of."""
        owner = (await session.tenant(self._tenant)).id
        if self._cursor is None:
            await self._check_types(session)
            database, since = session.store.database, self._filter.since
            place = feed.place_now(database) if since is None else feed.place_at(database, owner, self.environment, since)
            self._cursor = await place
            remark(f"Following {self.environment.name.lower()} events; Ctrl-C ends it.")
        return owner

    async def _check_types(self, session: CliSession) -> None:
        """Errors: click.BadParameter for a type that does not exist."""
        admin, actor = admin_of(session), operator_of(await session.tenant(self._tenant))
        own = [each.name for each in await list_types(admin, actor)]
        for name in sorted(self._filter.types - EVENTS - set(types.BY_NAME) - set(own)):
            raise click.BadParameter(types.unknown(name, (*own, *_SHORT)), param_hint="--type")

    async def _from(self, session: CliSession, owner: int) -> AsyncIterator[EventFacts]:
        """What comes, until the database is away."""
        while True:
            assert self._cursor is not None  # noqa: S101 - ``_begin`` set it
            try:
                with vitals.errors_as_refusals():
                    found, place = await feed.events_from(session.store.database, owner, self.environment, self._cursor, BATCH)
            except (DatabaseRefused, OSError):
                await self._wait(_DATABASE_AWAY)
                return
            self._away = False
            for event in found:
                if self._filter.matches(event):
                    yield event
            self._cursor = place
            if len(found) < BATCH:
                await asyncio.sleep(POLL_SECONDS)

    async def _wait(self, why: str) -> None:
        """Wait a little; the reason is printed once for each absence."""
        if not self._away:
            remark(plain(f"posthouse: {why}"))
        self._away = True
        await asyncio.sleep(POLL_SECONDS)


def _address(text: str | None) -> str | None:
    found = None if text is None else parse_mailbox(text)
    if isinstance(found, AddressFault):
        raise click.BadParameter(f"{text!r} {found.message}", param_hint="--recipient")
    return None if found is None else found.address


def _message(text: str | None) -> str | None:
    if text is not None and ids.parse("msg", text) is None:
        raise click.BadParameter("an id looks like msg_01j…; `posthouse messages list` shows them", param_hint="--message")
    return None if text is None else text.lower()


def _line(event: EventFacts) -> str:
    reason = str((event.data or {}).get("reason") or "")
    message = "-" if event.message is None else ids.text("msg", event.message)
    return plain(f"{iso_millis(event.at)}  {event.type:<{_WIDTH}}  {event.recipient or '-'}  {message}  {reason}".rstrip())
