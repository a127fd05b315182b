"""Parts that several roles are made of: the opened store, and transports for the configured routes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Final

import msgspec

from posthouse.app.runtime.child_spec import ChildSpec
from posthouse.config import RouteSetting, Settings, UnusableSettings
from posthouse.model.inbox import NewInboxItem
from posthouse.model.route import SENDING_KINDS, RouteFact, RouteKind
from posthouse.net.clock import SystemClock
from posthouse.net.dns import Resolver
from posthouse.net.entropy import Entropy
from posthouse.net.http.client import HttpClient
from posthouse.net.smtp.limits import MX, RELAY
from posthouse.net.transports.mx import MxTransport
from posthouse.net.transports.smarthost import RelayTarget, SmarthostTransport
from posthouse.pipeline.deliver.deliver import Route
from posthouse.pipeline.deliver.inbox_transport import InboxMailToKeep, InboxTransport
from posthouse.store.messages import inbox
from posthouse.store.postgres import vitals
from posthouse.store.postgres.database import PATIENCE, Database, Session, connect, is_unavailable
from posthouse.store.seal import Sealer


async def open_store(
    brief: ChildSpec,
    entropy: Entropy,
    clock: SystemClock,
    stop: asyncio.Event,
    *,
    size: int,
    application: str,
    patience: float = PATIENCE,
) -> tuple[Database, Sealer]:
    """The store as a child sees it, waited for while it is away, and the clock anchored on it. ``patience``: as ``connect``'s."""
    database = await _connected(partial(connect, brief.dsn, size=size, application=application, patience=patience), stop)
    clock.anchor((await vitals.server(database)).now)
    return database, Sealer(brief.secret_keys, entropy.bytes)


async def prepare_statements(database: Database, work: Callable[[Session], Awaitable[object]]) -> None:
    """Have every connection prepare its statements, which takes some ten milliseconds each, before somebody waits for it."""
    try:
        await database.everywhere(work)
    except Exception as error:
        if not is_unavailable(error):
            raise


async def _connected(connecting: Callable[[], Awaitable[Database]], stop: asyncio.Event) -> Database:
    while not stop.is_set():
        try:
            return await connecting()
        except Exception as error:
            if not is_unavailable(error):
                raise
        await asyncio.sleep(PAUSE)
    raise SystemExit(0)  # told to end before the database was there


def route_facts(settings: Settings) -> tuple[RouteFact, ...]:
    """What intake needs to know of the routes."""
    return tuple(RouteFact(name=r.name, kind=r.kind, dkim=r.dkim, return_path_from=r.return_path_from) for r in settings.routes)


def check_routes(settings: Settings) -> None:
    """Errors: Unusable, for a route this version cannot drive."""
    for route in settings.routes:
        if route.kind not in SENDING_KINDS:
            message = f"POSTHOUSE_ROUTES names {route.kind}:, which this version cannot send through yet; use mx:, smtp://, smtps:// or inbox:"
            raise UnusableSettings(message)


def routes_of(settings: Settings, clock: SystemClock, inbox_route: Route) -> tuple[Route, ...]:
    """Transports in the operator's order."""
    return tuple(_route(setting, settings, clock, inbox_route) for setting in settings.routes)


def inbox_route(database: Database, sealer: Sealer, clock: SystemClock, entropy: Entropy) -> Route:
    """The built-in inbox."""

    async def keep(kept: list[InboxMailToKeep]) -> None:
        now = clock.now()
        items = [
            NewInboxItem(
                id=entropy.new_id(now), tenant=k.delivery.tenant, environment=k.delivery.environment, message=k.delivery.message,
                position=k.delivery.position, recipient=k.recipient, type=k.type, data=k.data,
            )
            for k in kept
        ]  # fmt: skip
        async with database.session() as session:
            await inbox.insert_many(session, sealer, items, now)

    return Route(name=RouteKind.INBOX.value, transport=InboxTransport(keep, clock, is_unavailable))


def _route(setting: RouteSetting, settings: Settings, clock: SystemClock, inbox_route: Route) -> Route:
    if setting.kind == RouteKind.INBOX:
        return inbox_route
    if setting.kind == RouteKind.MX:
        nameserver = (settings.dns.host, settings.dns.port) if settings.dns else None
        transport = MxTransport(
            Resolver(nameserver, clock), port=settings.mx_port, hostname=settings.hostname, clock=clock, limits=MX,
            allow_private=settings.allow_private_networks,
        )  # fmt: skip
        return Route(
            name=setting.name, transport=transport, dkim=setting.dkim, return_path_from=setting.return_path_from, per_site=True
        )
    target = RelayTarget(
        host=setting.host, port=setting.port, tls=setting.tls, username=setting.username, password=setting.password,
        implicit_tls=setting.kind == RouteKind.SMTPS, name=setting.name,
    )  # fmt: skip
    relay = SmarthostTransport(target, hostname=settings.hostname, clock=clock, limits=RELAY)
    return Route(name=setting.name, transport=relay, dkim=setting.dkim, return_path_from=setting.return_path_from)


PAUSE: Final = 0.1
CLOSING: Final = timedelta(seconds=2)
ANSWERING: Final = 15.0  # seconds; whoever waits at a door is told by then that the database is away


def http_client(settings: Settings, clock: SystemClock) -> HttpClient:
    """The way out to other HTTP servers, as the operator set it up."""
    nameserver = (settings.dns.host, settings.dns.port) if settings.dns else None
    resolver = Resolver(nameserver, clock, timeout=3.0, lifetime=5.0)
    return HttpClient(resolver, clock, allow_private=settings.allow_private_networks)


class RoleParts(msgspec.Struct, frozen=True, kw_only=True):
    """What every loop of this role may use; ``http`` is the one way out."""

    brief: ChildSpec
    settings: Settings
    database: Database
    sealer: Sealer
    clock: SystemClock
    entropy: Entropy
    http: HttpClient
