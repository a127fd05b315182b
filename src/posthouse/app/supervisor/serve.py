"""`posthouse serve`: bind, open the store, start the roles, report that they answer, and stay until told to stop.

The listening sockets belong to this process and are inherited, so a listener's process that dies and comes back
refuses no connection meanwhile. When a worker ends, its leases are rolled back at once.
"""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
import uvloop

from posthouse.app.runtime.child_spec import ChildSpec
from posthouse.app.runtime.descriptors import keep_to_ourselves
from posthouse.app.runtime.logs import configure_logs
from posthouse.app.runtime.routes import check_routes
from posthouse.app.runtime.runtime import Runtime, runtime_of
from posthouse.app.runtime.sockets import BoundSockets, bind_all
from posthouse.app.runtime.worker_lanes import worker_lanes
from posthouse.app.supervisor.child_process import ChildProcess
from posthouse.app.supervisor.renewal import Renewal
from posthouse.config import Settings, UnusableSettings
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.ops import secret_key
from posthouse.ops.open_store import OpenStore, StoreOptions, open_store
from posthouse.pipeline.alerts.delivery_failed import DeliveryFailedAlerts
from posthouse.pipeline.deliver.reclaim import ReclaimParts
from posthouse.pipeline.deliver.sweep import Sweep
from posthouse.store.postgres import vitals
from posthouse.store.postgres.refusal import StoreRefusal

log = structlog.get_logger()

ROLES: Final = frozenset({"api", "submission", "inbound", "worker", "fanout"})
STOP_GRACE: Final = 30.0
# In this order everything ends: first what takes mail in, so that workers still send what was accepted a moment ago.
_STOP_ORDER: Final = (("doors", "inbound"), ("worker",), ("fanout",))
_LISTENERS: Final = {
    "http": "HTTP and dashboard   http://",
    "smtp": "SMTP submission      ",
    "smtps": "SMTP over TLS        ",
    "inbound": "Returned mail        ",
}


class ReadyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` prints, once, when everything answers; null where nothing listens."""

    ready: bool
    pid: int
    http: str | None
    smtp: str | None
    smtps: str | None
    inbound: str | None
    data_dir: str = msgspec.field(name="dataDir")
    roles: list[str]


class ServeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to serve. ``environ`` is read again on SIGHUP. ``as_json``: one line when ready.

    ``welcome``: credentials and samples at the start.
    """

    settings: Settings
    roles: frozenset[str]
    environ: Mapping[str, str]
    as_json: bool
    welcome: bool


def serve(
    settings: Settings, roles: frozenset[str] | None, as_json: bool, *, environ: Mapping[str, str], welcome: bool = False
) -> None:
    """Run until SIGTERM or SIGINT; ``roles`` None: all. Errors: UnusableSettings, for what the operator must change."""
    keep_to_ourselves()
    configure_logs()
    roles = roles or ROLES
    if unknown := roles - ROLES:
        message = f"--roles names {', '.join(sorted(unknown))}; there are {', '.join(sorted(ROLES))}"
        raise UnusableSettings(message)
    check_routes(settings)
    options = ServeOptions(settings=settings, roles=roles, environ=environ, as_json=as_json, welcome=welcome)
    uvloop.run(Supervisor(options, SystemClock(), Entropy()).run())


class Supervisor:
    """One `serve`: its store, its children, its sweep."""

    def __init__(self, options: ServeOptions, clock: SystemClock, entropy: Entropy) -> None:
        self._options = options
        self._settings = options.settings
        self._clock = clock
        self._entropy = entropy
        self._children: list[ChildProcess] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweep: Sweep | None = None
        self._renewal_requested = asyncio.Event()

    async def run(self) -> None:
        """Open, start, wait, stop."""
        stop = asyncio.Event()
        self._handle_signals(stop)
        bound = await bind_all(self._settings, self._options.roles)
        store = await self._open_store()
        runtime = runtime_of(store, self._settings, self._clock, self._entropy)
        try:
            self._start(runtime, self._child_specs(store, bound))
            if await self._all_ready(stop):
                self._report(bound)
                self._spawn(self._renewal(store).run())
                if self._options.welcome:
                    self._spawn(self._welcome(runtime, bound))
            await stop.wait()
        finally:
            bound.close()
            await self._end(store)

    def _handle_signals(self, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        # A terminal that closes ends what was started in it; a service is told to read its settings anew.
        on_terminal = sys.stdin is not None and sys.stdin.isatty()
        loop.add_signal_handler(signal.SIGHUP, (stop if on_terminal else self._renewal_requested).set)

    async def _open_store(self) -> OpenStore:
        settings = self._settings
        options = StoreOptions(
            database_url=settings.database_url,
            data_dir=settings.data_dir,
            secret_keys=settings.secret_keys,
            random=self._entropy.bytes,
            now=self._clock.now(),
            application="posthouse serve",
            own=True,
            create=True,
            progress=self._print,
        )
        try:
            store = await open_store(options)
        except StoreRefusal as refusal:
            raise UnusableSettings(str(refusal)) from None
        if any(map(secret_key.is_short, store.secret_keys)):
            log.warning("secret key too short", why=secret_key.SHORT, remedy=secret_key.ROTATE)
        if store.embedded is not None:
            self._spawn(store.embedded.watch())
        self._clock.anchor((await vitals.server(store.database)).now)
        return store

    def _start(self, runtime: Runtime, specs: list[ChildSpec]) -> None:
        parts = ReclaimParts(
            database=runtime.database,
            clock=self._clock,
            entropy=self._entropy,
            route_names=tuple(route.name for route in self._settings.routes),
            alert=DeliveryFailedAlerts(runtime.database, self._clock, self._entropy),
        )
        self._sweep = Sweep(parts)
        self._spawn(self._sweep.run())
        for spec in specs:
            child = ChildProcess(spec, self._on_child_ended)
            self._children.append(child)
            self._spawn(child.keep_running())

    def _child_specs(self, store: OpenStore, bound: BoundSockets) -> list[ChildSpec]:
        common = ChildSpec(
            role="",
            name="",
            dsn=store.dsn,
            secret_keys=store.secret_keys,
            sockets={},
            ready=-1,
            metrics=str(self._empty_metrics_folder()),
            public_url=self._settings.public_url or f"http://{bound.address('http') or 'localhost'}",
            parent=os.getpid(),
        )
        replace, roles = msgspec.structs.replace, self._options.roles
        specs = []
        if roles & {"api", "submission"}:
            specs.append(replace(common, role="doors", name="doors", sockets=bound.descriptors("http", "smtp", "smtps")))
        if "worker" in roles:
            specs += [
                replace(common, role="worker", name=f"worker-{number}", lanes=lanes)
                for number, lanes in enumerate(worker_lanes(self._settings.workers))
            ]
        if inbound := bound.descriptors("inbound"):
            specs.append(replace(common, role="inbound", name="inbound", sockets=inbound))
        if "fanout" in roles:
            specs.append(replace(common, role="fanout", name="fanout"))
        return specs

    def _empty_metrics_folder(self) -> Path:
        """Where the children share their metrics; those of processes that have ended must not count."""
        folder = self._settings.data_dir / "run" / "metrics"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        return folder

    def _on_child_ended(self, child: ChildProcess) -> None:
        if child.spec.role == "worker" and self._sweep is not None:
            self._spawn(self._sweep_now(self._sweep))

    async def _sweep_now(self, sweep: Sweep) -> None:
        try:
            await sweep.once()
        except Exception as error:  # the sweep of the next second tries again
            log.info("sweep put off", error=type(error).__name__)

    def _renewal(self, store: OpenStore) -> Renewal:
        return Renewal(
            self._options.environ,
            store,
            self._children,
            self._entropy,
            requested=self._renewal_requested,
            grace=STOP_GRACE,
        )

    async def _all_ready(self, stop: asyncio.Event) -> bool:
        waiting = [asyncio.create_task(child.ready.wait()) for child in self._children]
        stopped = asyncio.create_task(stop.wait())
        while waiting and not stop.is_set():
            done, _ = await asyncio.wait([*waiting, stopped], return_when=asyncio.FIRST_COMPLETED)
            waiting = [task for task in waiting if task not in done]
        for task in (*waiting, stopped):
            task.cancel()
        return not stop.is_set()

    def _report(self, bound: BoundSockets) -> None:
        if self._options.as_json:
            self._report_json(bound)
            return
        self._print("Posthouse is ready.")
        for name, label in _LISTENERS.items():
            if address := bound.address(name):
                self._print(f"  {label}{address}")

    def _report_json(self, bound: BoundSockets) -> None:
        ready = ReadyReport(
            ready=True,
            pid=os.getpid(),
            http=bound.address("http"),
            smtp=bound.address("smtp"),
            smtps=bound.address("smtps"),
            inbound=bound.address("inbound"),
            data_dir=str(self._settings.data_dir),
            roles=sorted(self._options.roles),
        )
        sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
        sys.stdout.flush()

    async def _welcome(self, runtime: Runtime, bound: BoundSockets) -> None:
        from posthouse.app.runtime.accept import build_intake  # noqa: PLC0415 - only `make run` needs these
        from posthouse.ops.first_run import FirstRunParts, first_run  # noqa: PLC0415 - as above

        await first_run(
            FirstRunParts(
                database=runtime.database,
                sealer=runtime.sealer,
                intake=build_intake(runtime),
                clock=self._clock,
                entropy=self._entropy,
                data_dir=self._settings.data_dir,
                hostname=self._settings.hostname,
                http=bound.address("http"),
                print_line=self._print,
            )
        )

    async def _end(self, store: OpenStore) -> None:
        for roles in _STOP_ORDER:
            await asyncio.gather(*(child.stop(STOP_GRACE) for child in self._children if child.spec.role in roles))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._sweep is not None:
            await self._sweep_now(self._sweep)
        await store.close()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _print(self, line: str) -> None:
        stream = sys.stderr if self._options.as_json else sys.stdout
        stream.write(line + "\n")
        stream.flush()
