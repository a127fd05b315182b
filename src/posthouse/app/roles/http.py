"""The HTTP doors, put together: the API, the dashboard, hooks and tracked links, on uvicorn."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final, cast

import msgspec
import uvicorn
from starlette.types import ASGIApp

from posthouse.admin.context import AdminContext
from posthouse.app.runtime.certificates import Certificates
from posthouse.app.runtime.door_parts import DoorParts
from posthouse.app.runtime.feedback import build_receiver
from posthouse.app.runtime.probe_targets import probe_targets
from posthouse.app.runtime.runtime import ChildContext, Runtime
from posthouse.doors.api import resources as api_resources
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.connections.proxies import NO_PROXIES, TrustedProxies
from posthouse.doors.connections.record import ConnectionRecord
from posthouse.doors.connections.slots import ListenerSlots
from posthouse.doors.dashboard.page import DashboardParts
from posthouse.doors.dashboard.pages.registry import PAGES
from posthouse.doors.dashboard.resources import build_pages
from posthouse.doors.hooks import hook_endpoint
from posthouse.doors.hooks.hook_endpoint import HookParts
from posthouse.doors.http import openapi
from posthouse.doors.http.application import create_application
from posthouse.doors.http.connection import ConnectionRules, ServedConnection
from posthouse.doors.http.endpoint import Endpoint
from posthouse.doors.http.openapi import document
from posthouse.doors.http.resource import KeyCheck, build_resources
from posthouse.doors.tracking.link_endpoints import VisitParts, build_visits
from posthouse.mail.link import link_key
from posthouse.model import ids
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.ops.doctor_network import unreachable_routes
from posthouse.ops.readiness import ANSWER_KEPT, Readiness
from posthouse.pipeline.feedback.visits import visit_recorder
from posthouse.pipeline.shared_result import SharedResult
from posthouse.store.tenants import link_hosts
from posthouse.store.tenants.domains import Domains
from posthouse.store.ttl_cache import TtlCache
from posthouse.telemetry import metrics
from posthouse.telemetry.denial_log import DenialLog

GRACE: Final = 10
HOSTS_REMEMBERED: Final = 30.0  # seconds
# Every operation that /openapi.json and docs/api.md describe. Tracked links are not among them: they are for readers of mail.
ENDPOINTS: Final[tuple[Endpoint, ...]] = (*api_resources.ENDPOINTS, *hook_endpoint.ENDPOINTS, *openapi.ENDPOINTS)
_CLOCK, _ENTROPY = SystemClock(), Entropy()  # for responses to what is no request yet


class _Server(uvicorn.Server):
    """uvicorn that signals when it answers, without its own signal handling: its parent stops the role. It closes the connections
    whose clients keep it waiting.
    """

    def __init__(self, config: uvicorn.Config, record: ConnectionRecord) -> None:
        super().__init__(config)
        self.started_event = asyncio.Event()
        self._record = record

    async def on_tick(self, counter: int) -> bool:
        """As uvicorn's, ten times a second; the connections are looked at once."""
        if counter % 10 == 0:
            now, connections = asyncio.get_running_loop().time(), list(self.server_state.connections)
            for each in connections:
                cast("ServedConnection", each).close_if_overdue(now)
            self._record.show_open(len(connections))
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's."""
        await super().startup(sockets)
        self.started_event.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the role's business."""
        yield


class HttpDoor:
    """One server; ``open`` returns when it answers, ``close`` when every request that had begun is answered.

    ``slots``: connections at once. ``grace``: seconds that ``close`` waits for requests. ``proxies``: whose word on the peer is
    taken.
    """

    def __init__(self, app: ASGIApp, slots: int, grace: int = GRACE, proxies: TrustedProxies = NO_PROXIES) -> None:
        rules = ConnectionRules(
            slots=ListenerSlots(slots),
            record=ConnectionRecord("http", _CLOCK.monotonic),
            proxies=proxies,
            request_id=lambda: ids.text("req", _ENTROPY.new_id(_CLOCK.now())),
        )
        self._server = _Server(
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", partial(ServedConnection, rules=rules)),
                loop="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                ws="none",
                proxy_headers=False,  # the connection itself finds the peer
                timeout_graceful_shutdown=grace,
                backlog=1024,
            ),
            rules.record,
        )
        self._serving: asyncio.Task[None] | None = None

    async def open(self, sock: socket.socket) -> None:
        """Serve on a socket that listens already."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[sock]))
        started = asyncio.create_task(self._server.started_event.wait())
        await asyncio.wait([started, self._serving], return_when=asyncio.FIRST_COMPLETED)

    async def close(self) -> None:
        """Accept no new connection and answer the rest."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving


class HttpDoorParts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of the doors that share one application. Without ``hooks`` or ``visits`` it has no such paths."""

    api: ApiParts
    dashboard: DashboardParts
    hooks: HookParts | None = None
    visits: VisitParts | None = None


def join_doors(parts: HttpDoorParts) -> ASGIApp:
    """One application over the resources of every HTTP door."""
    api = parts.api
    keys = KeyCheck(api.credentials.by_key, DenialLog("http", "key refused", api.clock.monotonic))
    openapi_document = msgspec.json.encode(document(ENDPOINTS, parts.dashboard.public_url, api.limits))
    resources = build_resources(api_resources.ENDPOINTS, api, keys)
    resources |= build_resources(openapi.ENDPOINTS, openapi_document, keys)
    resources |= build_pages(PAGES, parts.dashboard)
    if parts.hooks is not None:
        resources |= build_resources(hook_endpoint.ENDPOINTS, parts.hooks, keys)
    if parts.visits is not None:
        resources |= build_visits(parts.visits)
    return create_application(resources, lambda: api.new_id(api.clock.now()), api_resources.HOT_PATH)


def application(runtime: Runtime, shared: DoorParts, child: ChildContext) -> ASGIApp:
    """The HTTP doors in one application: the API, the dashboard, providers' hooks and tracked links."""
    settings, database, sealer = runtime.settings, runtime.database, runtime.sealer
    clock, entropy, metrics_folder = runtime.clock, runtime.entropy, child.spec.metrics
    admin = build_admin(runtime, shared)
    check_routes = partial(unreachable_routes, probe_targets(settings, None), clock) if settings.routes else None
    api = ApiParts(
        intake=shared.intake,
        throttle=shared.rate_limits,
        admin=admin,
        cells=runtime.cells,
        sealer=sealer,
        credentials=shared.credentials,
        clock=clock,
        new_id=entropy.new_id,
        random=entropy.bytes,
        signing_keys=Domains(database, sealer).signing_keys,
        readiness=Readiness(database, sealer, clock, settings.data_dir, check_routes),
        exposition=SharedResult(
            partial(asyncio.to_thread, metrics.exposition, Path(metrics_folder) if metrics_folder else None),
            ANSWER_KEPT,
            clock.monotonic,
        ).get,
        metrics_token=settings.metrics_token,
        own_types=shared.intake.facts.own_types,
        allow_private_networks=settings.allow_private_networks,
        limits=settings.limits,
        stopping=child.stop,
    )
    return join_doors(
        HttpDoorParts(
            api=api,
            dashboard=DashboardParts(database=database, sealer=sealer, clock=clock, public_url=settings.public_url),
            hooks=_hook_parts(runtime),
            visits=_visit_parts(runtime),
        )
    )


def build_admin(runtime: Runtime, shared: DoorParts) -> AdminContext:
    """What use cases are given; this process hears at once of what they change."""
    return AdminContext(
        cells=runtime.cells,
        sealer=runtime.sealer,
        clock=runtime.clock,
        new_id=runtime.entropy.new_id,
        random=runtime.entropy.bytes,
        renderer=shared.renderer,
        announce=shared.announcer,
        forget_template=shared.intake.facts.templates.forget,
        forget_settings=shared.intake.facts.forget,
        allow_private_networks=runtime.settings.allow_private_networks,
    )


def _hook_parts(runtime: Runtime) -> HookParts:
    return HookParts(
        database=runtime.database,
        receiver=build_receiver(runtime),
        clock=runtime.clock,
        secrets=runtime.settings.webhook_secrets,
        certificate=Certificates(runtime.http),
    )


def _visit_parts(runtime: Runtime) -> VisitParts:
    database, sealer, clock = runtime.database, runtime.sealer, runtime.clock
    return VisitParts(
        keys=tuple(link_key(key) for key in sealer.token_keys),
        clock=clock,
        record=visit_recorder(database, sealer, clock, runtime.entropy),
        owners=TtlCache(partial(link_hosts.owners, database), HOSTS_REMEMBERED, clock.monotonic).get,
    )
