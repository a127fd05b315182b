"""The HTTP doors over a real database; only the workers and the clock are not real."""

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from starlette.types import ASGIApp

from posthouse.admin.context import AdminContext
from posthouse.app.roles.http import ENDPOINTS, HttpDoorParts, join_doors
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.dashboard.page import DashboardParts
from posthouse.doors.http.endpoint import Endpoint
from posthouse.doors.tracking.link_endpoints import VisitParts
from posthouse.model.limits import CONTRACT, Limits
from posthouse.model.queue import FlowHead
from posthouse.model.route import RouteFact
from posthouse.model.send_request import Environment
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.accept import AcceptParts, Intake
from posthouse.pipeline.accept.draft import MessageBuilder
from posthouse.pipeline.accept.rate_limits import KeyRateLimits
from posthouse.pipeline.accept.suppression import AddressHasher, SuppressionLookup
from posthouse.pipeline.accept.tenant_facts import TenantFacts
from posthouse.pipeline.alerts.lockout import Lockouts
from posthouse.store.cells import Cells
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.tenants import tenants
from posthouse.store.tenants.credentials import Credentials, create_api_key
from posthouse.store.tenants.domains import Domains
from posthouse.telemetry import metrics
from posthouse.testing.clock import FakeClock
from tests.support.asgi import Answer, ask
from tests.support.writes import write

SEALER = Sealer(("a secret of the tests",), os.urandom)
PUBLIC_URL = "https://mail.shop.example"
KEYED = tuple((each.method, each.path) for each in ENDPOINTS if each.needs_key)
INBOX = (RouteFact(name="inbox", kind="inbox"),)


@dataclass
class HttpDoor:
    """``live`` and ``test`` are keys of the first tenant, ``stranger`` a live key of another."""

    app: ASGIApp
    parts: ApiParts
    clock: FakeClock
    live: str
    test: str
    stranger: str
    reasons: list[str] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: Any = None, **how: Any) -> Answer:
        """A request with the test key, unless another is given or it changes what live mail uses."""
        return await ask(self.app, method, path, body, **({"key": self._key(method, path)} | how))

    def _key(self, method: str, path: str) -> str:
        if method == "POST" and path.startswith("/v1/templates"):
            return self.live
        matching = (each for each in ENDPOINTS if each.method == method and _matches(each.path, path))
        return self.live if any(each.takes_live_key for each in matching) else self.test

    async def make_streams(self, *names: str, key: str | None = None) -> None:
        """Streams with these names, for the first tenant or that of the key."""
        for name in names:
            made = await self.ask("PUT", f"/v1/streams/{name}", {}, key=key or self.live)
            assert made.status == 200, made.body

    async def send(self, key: str | None = None, **fields: Any) -> dict[str, Any]:
        """Send a message that must be accepted."""
        fields_ = {"to": "jane@example.com", "from": "noreply@shop.example", "subject": "Hello", "text": "Hello"} | fields
        answer = await self.ask(
            "POST", "/v1/send", {name: value for name, value in fields_.items() if value is not None}, key=key or self.test
        )
        assert answer.status == 202, answer.body
        return dict(answer.json())


def _matches(template: str, path: str) -> bool:
    pattern = re.sub(r"\\{[a-z]+\\}", "[^/]+", re.escape(template))
    return re.fullmatch(pattern, path.partition("?")[0]) is not None


def endpoint(operation_id: str) -> Endpoint:
    """The record of an operation."""
    return next(each for each in ENDPOINTS if each.operation_id == operation_id)


async def open_door(
    database: Database,
    now: datetime,
    *,
    routes: tuple[RouteFact, ...] = INBOX,
    clock: FakeClock | None = None,
    visits: VisitParts | None = None,
    **changed: Any,
) -> HttpDoor:
    """Two tenants, three keys, one application."""
    clock, entropy = clock or FakeClock(now), Entropy()
    keys = await _keys(database, now)
    domains = Domains(database, SEALER)
    intake = _intake(database, domains, clock, routes, changed.get("limits", CONTRACT))
    admin = _admin(database, clock, intake, allow_private=changed.get("allow_private_networks", False))
    reasons: list[str] = []
    fields: dict[str, Any] = {
        "intake": intake,
        "throttle": KeyRateLimits(database, intake.facts, clock),
        "admin": admin,
        "cells": Cells(database),
        "sealer": SEALER,
        "credentials": Credentials(database, clock),
        "clock": clock,
        "new_id": entropy.new_id,
        "random": os.urandom,
        "signing_keys": domains.signing_keys,
        "readiness": Reasons(reasons),
        "exposition": partial(asyncio.to_thread, metrics.exposition, None),
        "own_types": intake.facts.own_types,
        "stopping": asyncio.Event(),
    }
    parts = ApiParts(**(fields | changed))
    dashboard = DashboardParts(database=database, sealer=SEALER, clock=clock, public_url=PUBLIC_URL)
    app = join_doors(HttpDoorParts(api=parts, dashboard=dashboard, visits=visits))
    return HttpDoor(app, parts, clock, *keys, reasons)


def _intake(database: Database, domains: Domains, clock: FakeClock, routes: tuple[RouteFact, ...], limits: Limits) -> Intake:
    entropy = Entropy()
    suppression = SuppressionLookup(
        database, clock, AddressHasher(database, SEALER, entropy.bytes), Lockouts(database, clock, entropy)
    )
    builder = MessageBuilder(
        facts=TenantFacts(database, domains, clock),
        sealer=SEALER,
        entropy=entropy,
        routes=routes,
        suppression=suppression,
        limits=limits,
    )
    return Intake(AcceptParts(database=database, clock=clock, entropy=entropy, builder=builder, notify_workers=notify_nobody))


def _admin(database: Database, clock: FakeClock, intake: Intake, *, allow_private: bool) -> AdminContext:
    return AdminContext(
        cells=Cells(database),
        sealer=SEALER,
        clock=clock,
        new_id=Entropy().new_id,
        random=os.urandom,
        announce=notify_nobody,
        forget_template=intake.facts.templates.forget,
        forget_settings=intake.facts.forget,
        allow_private_networks=allow_private,
    )


class Reasons:
    """Readiness as a test says: ``sending`` counts only for who asks for sending."""

    def __init__(self, accepting: Sequence[str]) -> None:
        self._accepting = accepting
        self.sending: tuple[str, ...] = ()

    async def reasons(self, *, for_sending: bool) -> Sequence[str]:
        return (*self._accepting, *(self.sending if for_sending else ()))


def notify_nobody(_heads: Sequence[FlowHead]) -> None:
    """No worker listens."""


async def _keys(database: Database, now: datetime) -> tuple[str, str, str]:
    mine = await write(database, tenants.create, "first", now, default_from="Shop <noreply@shop.example>")
    other = await write(database, tenants.create, "second", now, default_from="Other <noreply@other.example>")
    owners = ((mine.id, Environment.LIVE), (mine.id, Environment.TEST), (other.id, Environment.LIVE))
    keys = [
        (await write(database, create_api_key, tenant, environment, now=now, random=os.urandom))[1]
        for tenant, environment in owners
    ]
    return keys[0], keys[1], keys[2]
