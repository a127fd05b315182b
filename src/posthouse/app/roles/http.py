"""The HTTP door, put together: the API and the dashboard on uvicorn."""

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
from posthouse.config import Settings, is_loopback
from posthouse.doors.api.app import create_app
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.hooks.hook_endpoint import HookParts
from posthouse.doors.http.problem import MEDIA_TYPE, problem
from posthouse.doors.tracking.link_endpoints import VisitParts
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
_CLOCK, _ENTROPY = SystemClock(), Entropy()  # of answers that are given before a request is one


class _Server(uvicorn.Server):
    """uvicorn that says when it answers, without its own signal handling: the role is told to stop by its parent."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.begun = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's."""
        await super().startup(sockets)
        self.begun.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the role's business."""
        yield


class _Protocol(HttpToolsProtocol):
    """uvicorn's, with our answer to what is no HTTP: the application never hears of it."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's name for what we say in our own words
        """A problem like any other (RFC 9457), and the end of the connection, whose next byte could be anything (RFC 9112 9.3)."""
        told = msgspec.json.encode(problem(_NO_HTTP))
        head = (
            f"HTTP/1.1 400 Bad Request\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(told)}\r\n"
            f"Request-Id: {ids.text('req', _ENTROPY.new_id(_CLOCK.now()))}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + told)
        self.transport.close()


class HttpDoor:
    """One server; ``open`` returns when it answers, ``close`` when what it had begun is answered."""

    def __init__(self, app: ASGIApp, grace: int = GRACE) -> None:
        """Nothing is served yet. ``grace``: seconds that ``close`` waits for answers."""
        self._server = _Server(
            uvicorn.Config(
                app, http=_Protocol, loop="none", lifespan="off", access_log=False, log_config=None, server_header=False, ws="none",
                proxy_headers=False, timeout_graceful_shutdown=grace, timeout_keep_alive=75, backlog=1024, h11_max_incomplete_event_size=65536,
            )
        )  # fmt: skip
        self._serving: asyncio.Task[None] | None = None

    async def open(self, sock: socket.socket) -> None:
        """Serve on a socket that listens already."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[sock]))
        begun = asyncio.create_task(self._server.begun.wait())
        await asyncio.wait([begun, self._serving], return_when=asyncio.FIRST_COMPLETED)

    async def close(self) -> None:
        """Hear nobody new and answer the rest."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving


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
    """The API and the dashboard over what the role is made of."""
    ways = partial(unreachable_routes, probe_targets(settings, None)) if settings.routes else None
    readiness = Readiness(database, sealer, clock, settings.data_dir, ways)
    admin = AdminContext(
        cells=Cells(database),
        sealer=sealer,
        clock=clock,
        new_id=entropy.new_id,
        random=entropy.bytes,
        renderer=renders,
        announce=announcer,
        forget_template=intake.facts.templates.forget,
        forget_settings=intake.facts.forget,
        allow_private_networks=settings.allow_private_networks,
    )
    parts = ApiParts(
        intake=intake, throttle=throttle, admin=admin, database=database, sealer=sealer, credentials=credentials,
        clock=clock, new_id=entropy.new_id, random=entropy.bytes, signing_keys=Domains(database, sealer).signing_keys, readiness=readiness.reasons,
        own_types=intake.facts.own_types,
        exposition=lambda: metrics.exposition(Path(brief.metrics) if brief.metrics else None),
        public_url=settings.public_url, loopback=settings.http is not None and is_loopback(settings.http.host),
        limits=limits_of(settings), allow_private_networks=settings.allow_private_networks,
        hooks=HookParts(
            database=database, sealer=sealer, clock=clock, new_id=entropy.new_id, secrets=settings.webhook_secrets,
            certificate=Certificates(http_client(settings, clock)),
        ),
        visits=VisitParts(
            keys=tuple(link_key(key) for key in sealer.token_keys), clock=clock, tell=visit_recorder(database, sealer, clock, entropy),
            owners=TtlCache(partial(link_hosts.owners, database), HOSTS_REMEMBERED, clock.monotonic).get,
        ),
    )  # fmt: skip
    return create_app(parts)
