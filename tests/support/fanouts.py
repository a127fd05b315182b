"""Fan-out over a real database and strangers on loopback: tenants, endpoints, events, and the loops while a block lasts."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from posthouse.model.http import HttpRequest, HttpResponse, NoAnswer
from posthouse.model.keys import EndpointKey
from posthouse.model.webhook_endpoint import WebhookEndpoint
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.net.http.client import HttpClient
from posthouse.net.http.limits import HttpLimits
from posthouse.pipeline.batching import Batcher
from posthouse.pipeline.webhooks.dispatcher import WebhookDispatcher
from posthouse.pipeline.webhooks.endpoint_worker import ConcurrencyLimits, WebhookParts
from posthouse.pipeline.webhooks.settlement import build_settler
from posthouse.store.messages import accept, events
from posthouse.store.postgres.database import Database, is_unavailable
from posthouse.store.seal import Sealer
from posthouse.store.tenants import tenants
from posthouse.store.webhooks import endpoints
from tests.support import rows
from tests.support.http_stranger import Names
from tests.support.writes import write

SECRET = b"0123456789abcdef0123456789abcdef"
LIVE = 1
PATIENCE = 15.0


@dataclass
class Script(HttpClient):
    """Answers by host instead of asking anybody; remembers what was asked, in order."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[HttpRequest] = field(default_factory=list)
    under_way: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)

    async def send(self, request: HttpRequest, **_: Any) -> HttpResponse | NoAnswer:
        host = request.url.split("/")[2]
        self.asked.append(request)
        self.under_way[host] = self.under_way.get(host, 0) + 1
        self.most[host] = max(self.most.get(host, 0), self.under_way[host])
        try:
            answer = self.answers.get(host, HttpResponse(status=204))
            answer = answer(request) if callable(answer) else answer
            found: HttpResponse | NoAnswer = await answer if asyncio.iscoroutine(answer) else answer
            return found
        finally:
            self.under_way[host] -= 1

    async def close(self) -> None:
        """Nothing is open."""

    def bodies(self, host: str = "") -> list[dict[str, Any]]:
        return [msgspec.json.decode(each.body) for each in self.asked if host in each.url]


@dataclass
class World:
    """One tenant; ``clock`` is real, or what the test gave."""

    database: Database
    clock: SystemClock
    entropy: Entropy
    sealer: Sealer
    tenant: int

    async def endpoint(self, url: str = "https://app.example/hook", **filters: Any) -> EndpointKey:
        now = self.clock.now()
        place = EndpointKey(filters.pop("tenant", self.tenant), filters.pop("environment", LIVE), self.entropy.new_id(now))
        made = await write(self.database, endpoints.create, self.sealer, place, url, SECRET, now, most=1000, **filters)
        assert made
        return place

    async def message(self, *, tenant: int | None = None, environment: int = LIVE, **changes: Any) -> UUID:
        """An accepted message, whose ``message.queued`` event is written with it."""
        now, owner = self.clock.now(), tenant or self.tenant
        async with self.database.session() as connection:
            flow = await accept.flow(connection, owner, environment, changes.get("stream", "transactional"))
            row = rows.message(now, tenant=owner, environment=environment, flow=flow, **changes)
            await accept.accept(connection, [row], now, self.entropy.new_id)
        return row.id

    async def event(self, message: UUID | None, type: str = "message.delivered", **data: Any) -> UUID:
        now = self.clock.now()
        identifier = self.entropy.new_id(now)
        async with self.database.session() as connection:
            position = None if message is None else 0
            await events.append(connection, self.tenant, LIVE, identifier, type, now, data, message=message, position=position)
        return identifier

    async def look(self, place: EndpointKey) -> WebhookEndpoint:
        found = await endpoints.one(self.database, place)
        assert found
        return found

    async def waiting(self, place: EndpointKey) -> list[Any]:
        async with self.database.session() as connection:
            return list(
                await connection.fetch("select * from webhook_delivery where endpoint = $1 order by xid, event", place.id)
            )

    def fanout(self, client: HttpClient, **changed: Any) -> WebhookDispatcher:
        holder = self.entropy.new_id(self.clock.now())
        settle = Batcher(build_settler(self.database, holder, self.clock, self.entropy), fails_together=is_unavailable)
        parts = WebhookParts(
            database=self.database,
            sealer=self.sealer,
            client=client,
            clock=self.clock,
            entropy=self.entropy,
            holder=holder,
            limits=changed.get("limits") or ConcurrencyLimits(),
            settle=settle,
        )
        return WebhookDispatcher(parts)


async def world(database: Database, clock: SystemClock | None = None) -> World:
    clock = clock or SystemClock()
    clock.anchor(await database.now())
    tenant = await write(database, tenants.create, "first", clock.now())
    return World(database, clock, Entropy(), Sealer(("a secret of the tests",), os.urandom), tenant.id)


def script(**answers: Any) -> Script:
    made = Script.__new__(Script)
    made.answers = {host.replace("_", "."): answer for host, answer in answers.items()}
    made.asked, made.under_way, made.most = [], {}, {}
    return made


def real_client(clock: SystemClock, total: timedelta = timedelta(seconds=15)) -> HttpClient:
    return HttpClient(Names(), clock, limits=HttpLimits(total=total), allow_private=True)


@contextlib.asynccontextmanager
async def running(fanout: WebhookDispatcher) -> AsyncIterator[WebhookDispatcher]:
    """The loops while the block lasts; they end in order."""
    stop = asyncio.Event()
    task = asyncio.create_task(fanout.run(stop))
    try:
        yield fanout
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE):
            await task


async def until(claim: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Wait for what must come true."""
    async with asyncio.timeout(seconds):
        while True:
            found = claim()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)
