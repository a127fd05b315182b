"""`posthouse serve`: bind, open the store, start the roles, say so, and stay until told to stop.

The listening sockets belong to this process and are inherited, so a door that dies and comes back
refuses nobody meanwhile. When a worker ends, what it held is taken back at once.
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

from posthouse.app.child import quiet_logs
from posthouse.app.runtime.child_spec import ChildSpec
from posthouse.app.runtime.parts import check_routes
from posthouse.app.runtime.sockets import BoundSockets, bind_all
from posthouse.app.runtime.worker_lanes import worker_lanes
from posthouse.app.supervisor.child_process import ChildProcess
from posthouse.app.supervisor.renewal import Renewal
from posthouse.config import Settings, UnusableSettings
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.ops.open_store import OpenStore, StoreOptions, open_store
from posthouse.pipeline.alerts.delivery_failed import DeliveryFailedAlerts
from posthouse.pipeline.deliver.reclaim import ReclaimParts
from posthouse.pipeline.deliver.sweep import Sweep
from posthouse.store.postgres import vitals
from posthouse.store.postgres.refusal import StoreRefusal

log = structlog.get_logger()

ROLES: Final = frozenset({"api", "submission", "inbound", "worker", "fanout"})
STOP_GRACE: Final = 30.0


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


def serve(
    settings: Settings, roles: frozenset[str] | None, as_json: bool, *, environ: Mapping[str, str], welcome: bool = False
) -> None:
    """Run until SIGTERM or SIGINT; ``environ`` is read again on SIGHUP. Errors: Unusable, for what the operator must change."""
    quiet_logs()
    wanted = roles or ROLES
    if unknown := wanted - ROLES:
        message = f"--roles names {', '.join(sorted(unknown))}; there are {', '.join(sorted(ROLES))}"
        raise UnusableSettings(message)
    check_routes(settings)
    uvloop.run(Supervisor(settings, wanted, environ, as_json=as_json, welcome=welcome).run())


class Supervisor:
    """One `serve`: its store, its children, its sweep."""

    def __init__(
        self, settings: Settings, roles: frozenset[str], environ: Mapping[str, str], *, as_json: bool, welcome: bool
    ) -> None:
        """Nothing is open yet."""
        self._settings = settings
        self._roles = roles
        self._environ = environ
        self._as_json = as_json
        self._welcome = welcome
        self._children: list[ChildProcess] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweep: Sweep | None = None
        self._renew = asyncio.Event()

    async def run(self) -> None:
        """Open, start, wait, stop."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        # A terminal that closes ends what was started in it; a service is told to read its settings anew.
        hung_up = stop if sys.stdin is not None and sys.stdin.isatty() else self._renew
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hung_up.set)
        bound = await bind_all(self._settings, self._roles)
        clock, entropy = SystemClock(), Entropy()
        store = await self._opened(clock, entropy)
        try:
            self._start(store, bound, clock, entropy)
            if await self._all_ready(stop):
                self._report(bound)
                self._spawn(self._renewal(store, entropy).run())
                if self._welcome:
                    self._spawn(self._greet(store, bound, clock, entropy))
            await stop.wait()
        finally:
            bound.close()
            await self._end(store)

    async def _opened(self, clock: SystemClock, entropy: Entropy) -> OpenStore:
        settings = self._settings
        opening = StoreOptions(
            database_url=settings.database_url, data_dir=settings.data_dir, secret_keys=settings.secret_keys,
            random=entropy.bytes, now=clock.now(), application="posthouse serve", own=True, create=True, progress=self._say,
        )  # fmt: skip
        try:
            store = await open_store(opening)
        except StoreRefusal as refusal:
            raise UnusableSettings(str(refusal)) from None
        if store.embedded is not None:
            self._spawn(store.embedded.watch())
        clock.anchor((await vitals.server(store.database)).now)
        return store

    def _start(self, store: OpenStore, bound: BoundSockets, clock: SystemClock, entropy: Entropy) -> None:
        parts = ReclaimParts(
            database=store.database, clock=clock, entropy=entropy, route_names=tuple(r.name for r in self._settings.routes),
            alert=DeliveryFailedAlerts(store.database, clock, entropy),
        )  # fmt: skip
        self._sweep = Sweep(parts)
        self._spawn(self._sweep.run())
        for brief in self._briefs(store, bound):
            child = ChildProcess(brief, self._child_ended)
            self._children.append(child)
            self._spawn(child.keep())

    def _briefs(self, store: OpenStore, bound: BoundSockets) -> list[ChildSpec]:
        metrics = self._metrics_folder()
        common = ChildSpec(
            role="", name="", dsn=store.dsn, secret_keys=store.secret_keys, sockets={}, ready=-1, metrics=str(metrics),
            public_url=self._settings.public_url or f"http://{bound.shown('http') or 'localhost'}", parent=os.getpid(),
        )  # fmt: skip
        briefs = []
        if self._roles & {"api", "submission"}:
            briefs.append(
                msgspec.structs.replace(common, role="doors", name="doors", sockets=bound.descriptors("http", "smtp", "smtps"))
            )
        if "worker" in self._roles:
            briefs += [
                msgspec.structs.replace(common, role="worker", name=f"worker-{number}", lanes=lanes)
                for number, lanes in enumerate(worker_lanes(self._settings.workers))
            ]
        if inbound := bound.descriptors("inbound"):
            briefs.append(msgspec.structs.replace(common, role="inbound", name="inbound", sockets=inbound))
        if "fanout" in self._roles:
            briefs.append(msgspec.structs.replace(common, role="fanout", name="fanout"))
        return briefs

    def _metrics_folder(self) -> Path:
        folder = self._settings.data_dir / "run" / "metrics"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        return folder

    def _child_ended(self, child: ChildProcess) -> None:
        if child.brief.role == "worker" and self._sweep is not None:
            self._spawn(self._sweep_now(self._sweep))

    async def _sweep_now(self, sweep: Sweep) -> None:
        try:
            await sweep.once()
        except Exception as error:  # the sweep of the next second tries again
            log.info("sweep put off", error=type(error).__name__)

    def _renewal(self, store: OpenStore, entropy: Entropy) -> Renewal:
        return Renewal(self._environ, store, self._children, entropy, asked=self._renew, grace=STOP_GRACE)

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
        if self._as_json:
            ready = ReadyReport(
                ready=True, pid=os.getpid(), http=bound.shown("http"), smtp=bound.shown("smtp"), smtps=bound.shown("smtps"),
                inbound=bound.shown("inbound"), data_dir=str(self._settings.data_dir), roles=sorted(self._roles),
            )  # fmt: skip
            sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
            sys.stdout.flush()
            return
        self._say("Posthouse is ready.")
        for name, words in (
            ("http", "HTTP and dashboard   http://{}"),
            ("smtp", "SMTP submission      {}"),
            ("smtps", "SMTP over TLS        {}"),
            ("inbound", "Returned mail        {}"),
        ):
            if shown := bound.shown(name):
                self._say("  " + words.format(shown))

    async def _greet(self, store: OpenStore, bound: BoundSockets, clock: SystemClock, entropy: Entropy) -> None:
        from posthouse.app.runtime.accept import intake_over  # noqa: PLC0415 - only `make run` needs these
        from posthouse.ops.first_run import FirstRunParts, first_run  # noqa: PLC0415

        welcome = FirstRunParts(
            database=store.database, sealer=store.sealer, intake=intake_over(self._settings, store.database, store.sealer, clock, entropy), clock=clock,
            entropy=entropy, data_dir=self._settings.data_dir, hostname=self._settings.hostname, http=bound.shown("http"),
            smtp=bound.shown("smtp"), say=self._say,
        )  # fmt: skip
        await first_run(welcome)

    async def _end(self, store: OpenStore) -> None:
        await asyncio.gather(*(child.stop(STOP_GRACE) for child in self._children))
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

    def _say(self, line: str) -> None:
        stream = sys.stderr if self._as_json else sys.stdout
        stream.write(line + "\n")
        stream.flush()
