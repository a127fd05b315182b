"""The HTTP doors, put together: the API, the dashboard, hooks and tracked links, on uvicorn."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from posthouse.admin.context import AdminContext
from posthouse.app.runtime.certificates import Certificates
from posthouse.app.runtime.child_spec import ChildSpec
from posthouse.app.runtime.parts import http_client, limits_of
from posthouse.app.runtime.probe_targets import probe_targets
from posthouse.config import Settings
from posthouse.doors.api import resources as api_resources
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.dashboard.page import DashboardParts
from posthouse.doors.dashboard.pages.registry import PAGES
from posthouse.doors.dashboard.resources import build_pages
from posthouse.doors.hooks import hook_endpoint
from posthouse.doors.hooks.hook_endpoint import HookParts
from posthouse.doors.http import openapi
from posthouse.doors.http.application import create_application
from posthouse.doors.http.endpoint import Endpoint
from posthouse.doors.http.openapi import document
from posthouse.doors.http.problem import MEDIA_TYPE, problem
from posthouse.doors.http.resource import build_resources
from posthouse.doors.tracking.link_endpoints import VisitParts, build_visits
from posthouse.mail.link import link_key
from posthouse.model import ids
from posthouse.model.send_request import Rejection
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.ops.doctor_network import unreachable_routes
from posthouse.ops.readiness import Readiness
from posthouse.pipeline.accept.accept import Intake
from posthouse.pipeline.accept.notify_workers import WorkerNotifier
from posthouse.pipeline.accept.rate_limits import KeyRateLimits
from posthouse.pipeline.feedback.visits import visit_recorder
from posthouse.pipeline.render.renderer import Renderer
from posthouse.store.cells import Cells
from posthouse.store.memory import TtlCache
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.tenants import link_hosts
from posthouse.store.tenants.credentials import Credentials
from posthouse.store.tenants.domains import Domains
from posthouse.telemetry import metrics

GRACE: Final = 20
HOSTS_REMEMBERED: Final = 30.0  # seconds
_NO_HTTP: Final = Rejection(
    "invalid_json", "This is no HTTP/1.1 request, or its first line is longer than 64 KB; nothing of it was read."
)
# Every operation that /openapi.json and docs/api.md describe. Tracked links are not among them: they are for readers of mail.
ENDPOINTS: Final[tuple[Endpoint, ...]] = (*api_resources.ENDPOINTS, *hook_endpoint.ENDPOINTS, *openapi.ENDPOINTS)
_CLOCK, _ENTROPY = SystemClock(), Entropy()  # for responses to what is no request yet


class _Server(uvicorn.Server):
    """uvicorn that signals when it answers, without its own signal handling: its parent stops the role."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.started_event = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's."""
        await super().startup(sockets)
        self.started_event.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the role's business."""
        yield


class _Protocol(HttpToolsProtocol):
    """uvicorn's, with our response to what is no HTTP: the application never sees such a request."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text, which ours replaces
        """A problem like any other (RFC 9457), and the end of the connection, whose next byte could be anything (RFC 9112 9.3)."""
        body = msgspec.json.encode(problem(_NO_HTTP))
        head = (
            f"HTTP/1.1 400 Bad Request\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
            f"Request-Id: {ids.text('req', _ENTROPY.new_id(_CLOCK.now()))}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


class HttpDoor:
    """One server; ``open`` returns when it answers, ``close`` when every request that had begun is answered.

    ``grace``: seconds that ``close`` waits for them.
    """

    def __init__(self, app: ASGIApp, grace: int = GRACE) -> None:
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_Protocol,
                loop="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                ws="none",
                proxy_headers=False,  # the dashboard's gate needs the true peer
                timeout_graceful_shutdown=grace,
                timeout_keep_alive=75,
                backlog=1024,
                h11_max_incomplete_event_size=65536,
            )
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
    api, authenticate = parts.api, parts.api.credentials.by_key
    openapi_document = document(ENDPOINTS, parts.dashboard.public_url, api.limits)
    resources = build_resources(api_resources.ENDPOINTS, api, authenticate)
    resources |= build_resources(openapi.ENDPOINTS, openapi_document, authenticate)
    resources |= build_pages(PAGES, parts.dashboard)
    if parts.hooks is not None:
        resources |= build_resources(hook_endpoint.ENDPOINTS, parts.hooks, authenticate)
    if parts.visits is not None:
        resources |= build_visits(parts.visits)
    return create_application(resources, lambda: api.new_id(api.clock.now()), api_resources.HOT_PATH)


def application(
    brief: ChildSpec,
    settings: Settings,
    database: Database,
    sealer: Sealer,
    clock: SystemClock,
    entropy: Entropy,
    intake: Intake,
    announcer: WorkerNotifier,
    credentials: Credentials,
    throttle: KeyRateLimits,
    renders: Renderer,
) -> ASGIApp:
    """The HTTP doors in one application: the API, the dashboard, providers' hooks and tracked links."""
    cells = Cells(database)
    admin = AdminContext(
        cells=cells, sealer=sealer, clock=clock, new_id=entropy.new_id, random=entropy.bytes, renderer=renders, announce=announcer
    )
    admin = _remembered_by(intake, admin, allow_private_networks=settings.allow_private_networks)
    check_routes = partial(unreachable_routes, probe_targets(settings, None)) if settings.routes else None
    api = ApiParts(
        intake=intake,
        throttle=throttle,
        admin=admin,
        cells=cells,
        sealer=sealer,
        credentials=credentials,
        clock=clock,
        new_id=entropy.new_id,
        random=entropy.bytes,
        signing_keys=Domains(database, sealer).signing_keys,
        readiness=Readiness(database, sealer, clock, settings.data_dir, check_routes).reasons,
        exposition=lambda: metrics.exposition(Path(brief.metrics) if brief.metrics else None),
        own_types=intake.facts.own_types,
        allow_private_networks=settings.allow_private_networks,
        limits=limits_of(settings),
    )
    return join_doors(
        HttpDoorParts(
            api=api,
            dashboard=DashboardParts(database=database, sealer=sealer, clock=clock, public_url=settings.public_url),
            hooks=_hook_parts(settings, database, sealer, clock, entropy),
            visits=_visit_parts(database, sealer, clock, entropy),
        )
    )


def _remembered_by(intake: Intake, admin: AdminContext, *, allow_private_networks: bool) -> AdminContext:
    """The same, so that this process forgets what a use case changes."""
    return msgspec.structs.replace(
        admin,
        forget_template=intake.facts.templates.forget,
        forget_settings=intake.facts.forget,
        allow_private_networks=allow_private_networks,
    )


def _hook_parts(settings: Settings, database: Database, sealer: Sealer, clock: SystemClock, entropy: Entropy) -> HookParts:
    return HookParts(
        database=database,
        sealer=sealer,
        clock=clock,
        new_id=entropy.new_id,
        secrets=settings.webhook_secrets,
        certificate=Certificates(http_client(settings, clock)),
    )


def _visit_parts(database: Database, sealer: Sealer, clock: SystemClock, entropy: Entropy) -> VisitParts:
    return VisitParts(
        keys=tuple(link_key(key) for key in sealer.token_keys),
        clock=clock,
        record=visit_recorder(database, sealer, clock, entropy),
        owners=TtlCache(partial(link_hosts.owners, database), HOSTS_REMEMBERED, clock.monotonic).get,
    )
