"""`make run`: the first tenant, its credentials, and one message of each ready-made family through the whole path.

The samples are sent as test mail, so they end in the built-in inbox whatever the routes are. What happened to
each is read from its timeline, as a client of the API would.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.admin.tenants import NewTenant, create_first
from posthouse.model import ids
from posthouse.model.clock import Clock
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Accepted, Caller, Environment, Rejection, SendRequest
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.accept import Intake
from posthouse.store.messages.timeline import get_message
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.tenants import tenants
from posthouse.templates.examples import examples
from posthouse.templates.ready_made import READY_MADE

FILE: Final = "first-run.json"
PATIENCE: Final = 15.0
RECIPIENT: Final = Mailbox("ada", "example.com", "Ada Lovelace")
FAMILIES: Final = ("password-reset", "order-confirmation", "shipped", "new-sign-in")
SAMPLES: Final[dict[str, dict[str, Any]]] = {
    "password-reset": {"reset_link": "https://shop.example/reset?token=sample", "user_name": "Ada"},
    "order-confirmation": {
        "orderId": "ord_1001", "total": "€49.90", "items": [{"name": "Fountain pen", "quantity": 1, "price": "€49.90"}],
        "shippingAddress": "Ada Lovelace, 12 St James's Square, London", "estimatedDelivery": "2026-12-01",
    },
}  # fmt: skip


class FirstRunParts(msgspec.Struct, frozen=True, kw_only=True):
    """``http``: where HTTP listens, None where it does not; ``print_line`` shows a line to the person."""

    database: Database
    sealer: Sealer
    intake: Intake
    clock: Clock
    entropy: Entropy
    data_dir: Path
    hostname: str
    http: str | None
    print_line: Callable[[str], None]


async def first_run(parts: FirstRunParts) -> None:
    """Create the first tenant if there is none, send the samples, print what happened to them and where to look."""
    path = parts.data_dir / FILE
    created = await create_first(parts.database, parts.entropy.bytes, parts.clock.now(), parts.hostname)
    if created is not None:
        _write_credentials(path, created)
        parts.print_line(f"First start: the credentials are in {path}")
    else:
        parts.print_line(
            f"The credentials of the first start are in {path}" if path.exists() else "This database has credentials already."
        )
    caller = await _first_caller(parts)
    sent = [(name, await _send_sample(parts, caller, name)) for name in FAMILIES]
    parts.print_line("Samples, sent to the built-in inbox:")
    for name, accepted in sent:
        parts.print_line(f"  {name:<22} {await _describe_result(parts, caller, accepted)}")
    if parts.http:
        parts.print_line(f"Look at http://{parts.http}/ for the messages and their timelines. Ctrl-C ends.")


async def _first_caller(parts: FirstRunParts) -> Caller:
    tenant = await tenants.first(parts.database)
    if tenant is None:
        raise RuntimeError("the tenant that was there a moment ago is gone")
    return Caller(tenant=tenant.id, tenant_ref=tenant.ref, environment=Environment.TEST, credential="first-run", door="cli")


async def _send_sample(parts: FirstRunParts, caller: Caller, name: str) -> Accepted | Rejection:
    variables = SAMPLES.get(name) or examples(READY_MADE[name].variables)
    return await parts.intake.accept(caller, SendRequest(to=(RECIPIENT,), template=name, variables=variables))


async def _describe_result(parts: FirstRunParts, caller: Caller, result: Accepted | Rejection) -> str:
    if isinstance(result, Rejection):
        return f"not taken: {result.detail}"
    message_id = ids.parse("msg", result.id) or UUID(int=0)
    until = parts.clock.monotonic() + PATIENCE
    while parts.clock.monotonic() < until:
        message_view = await get_message(parts.database, parts.sealer, caller.tenant, int(caller.environment), message_id)
        if message_view is not None and message_view.status not in ("queued", "deferred"):
            latency = message_view.deliveries[0].latency_seconds
            return f"{message_view.status}" + ("" if latency is None else f" after {latency * 1000:.0f} ms") + f"   {result.id}"
        await asyncio.sleep(0.02)
    return f"still queued after {PATIENCE:.0f} s; `posthouse doctor` says why"


def _write_credentials(path: Path, tenant: NewTenant) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(tenant)) + b"\n")
