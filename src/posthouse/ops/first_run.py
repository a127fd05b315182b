"""`make run`: the first tenant, its credentials, and one mail of each ready-made family through the whole path.

The samples are sent as test mail, so they end in the built-in inbox whatever the routes are. What happened to
each is read from its timeline, as anybody would.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.admin.context import AdminContext
from posthouse.admin.tenants import NewTenant, create_first
from posthouse.model import ids
from posthouse.model.actor import NO_TENANT, Actor
from posthouse.model.clock import Clock
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Accepted, Caller, Environment, Rejection, SendRequest
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.accept import Intake
from posthouse.store.cells import Cells
from posthouse.store.messages.timeline import get_message
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.tenants import tenants
from posthouse.templates.examples import examples
from posthouse.templates.ready_made import READY_MADE

FILE: Final = "first-run.json"
PATIENCE: Final = 15.0
READER: Final = Mailbox("ada", "example.com", "Ada Lovelace")
FAMILIES: Final = ("password-reset", "order-confirmation", "shipped", "new-sign-in")
SAMPLES: Final[dict[str, dict[str, Any]]] = {
    "password-reset": {"reset_link": "https://shop.example/reset?token=sample", "user_name": "Ada"},
    "order-confirmation": {
        "orderId": "ord_1001", "total": "€49.90", "items": [{"name": "Fountain pen", "quantity": 1, "price": "€49.90"}],
        "shippingAddress": "Ada Lovelace, 12 St James's Square, London", "estimatedDelivery": "2026-12-01",
    },
}  # fmt: skip


class FirstRunParts(msgspec.Struct, frozen=True, kw_only=True):
    """What greeting needs; ``say`` shows a line to the person."""

    database: Database
    sealer: Sealer
    intake: Intake
    clock: Clock
    entropy: Entropy
    data_dir: Path
    hostname: str
    http: str | None
    smtp: str | None
    say: Callable[[str], None]


async def first_run(welcome: FirstRunParts) -> None:
    """Found the first tenant if there is none, send the samples, say what became of them and where to look."""
    path = welcome.data_dir / FILE
    context = AdminContext(
        cells=Cells(welcome.database),
        sealer=welcome.sealer,
        clock=welcome.clock,
        new_id=welcome.entropy.new_id,
        random=welcome.entropy.bytes,
    )
    actor = Actor(tenant=NO_TENANT, environment=Environment.LIVE, name="system:first-run", source="system", is_operator=True)
    founded = await create_first(context, actor, welcome.hostname)
    if founded is not None:
        _write(path, founded)
        welcome.say(f"First start: the credentials are in {path}")
    else:
        welcome.say(
            f"The credentials of the first start are in {path}" if path.exists() else "This database has credentials already."
        )
    caller = await _caller(welcome)
    sent = [(name, await _send(welcome, caller, name)) for name in FAMILIES]
    welcome.say("Samples, sent to the built-in inbox:")
    for name, accepted in sent:
        welcome.say(f"  {name:<22} {await _became(welcome, caller, accepted)}")
    if welcome.http:
        welcome.say(f"Look at http://{welcome.http}/ for the messages and their timelines. Ctrl-C ends.")


async def _caller(welcome: FirstRunParts) -> Caller:
    tenant = await tenants.first(welcome.database)
    if tenant is None:
        raise RuntimeError("the tenant that was there a moment ago is gone")
    return Caller(tenant=tenant.id, tenant_ref=tenant.ref, environment=Environment.TEST, credential="first-run", door="cli")


async def _send(welcome: FirstRunParts, caller: Caller, name: str) -> Accepted | Rejection:
    variables = SAMPLES.get(name) or examples(READY_MADE[name].variables)
    return await welcome.intake.accept(caller, SendRequest(to=(READER,), template=name, variables=variables))


async def _became(welcome: FirstRunParts, caller: Caller, answer: Accepted | Rejection) -> str:
    if isinstance(answer, Rejection):
        return f"not taken: {answer.detail}"
    message = ids.parse("msg", answer.id) or UUID(int=0)
    until = welcome.clock.monotonic() + PATIENCE
    while welcome.clock.monotonic() < until:
        seen = await get_message(welcome.database, welcome.sealer, caller.tenant, int(caller.environment), message)
        if seen is not None and seen.status not in ("queued", "deferred"):
            latency = seen.deliveries[0].latency_seconds
            return f"{seen.status}" + ("" if latency is None else f" after {latency * 1000:.0f} ms") + f"   {answer.id}"
        await asyncio.sleep(0.02)
    return f"still queued after {PATIENCE:.0f} s; `posthouse doctor` says why"


def _write(path: Path, founded: NewTenant) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(founded)) + b"\n")
