"""The inbound role, put together: returned mail by SMTP, stored and answered; reading it is the fan-out role's work."""

import asyncio
from datetime import timedelta
from typing import Final

from posthouse.app.runtime.child_store import LISTENER_PATIENCE, StorePool
from posthouse.app.runtime.feedback import build_receiver
from posthouse.app.runtime.open_files import connection_slots, raise_soft_limit
from posthouse.app.runtime.runtime import CLOSE_GRACE, ChildContext, Runtime, open_runtime
from posthouse.app.runtime.sockets import inherited_sockets
from posthouse.app.runtime.tls import server_context
from posthouse.doors.connections.proxies import TrustedProxies
from posthouse.doors.inbound.rate_limit import RateLimit
from posthouse.doors.inbound.recipient import RecipientDirectory
from posthouse.doors.inbound.sampled_log import SampledLog
from posthouse.doors.inbound.store_returned import InboundParts, build_handler
from posthouse.doors.smtp.parts import ConnectionLimits, SmtpDoorParts
from posthouse.doors.smtp.server import serve_smtp
from posthouse.mail.smtp.server.action import SessionLimits
from posthouse.model.send_request import Caller
from posthouse.store.postgres.hang_watch import watch_for_hangs

POOL: Final = StorePool(size=4, idle=1, application="posthouse inbound", patience=LISTENER_PATIENCE)
# A server that returns mail may be slow, but needs no long session; a report that holds the whole message may be large.
LIMITS: Final = SessionLimits(
    message=10 << 20,
    recipients=20,
    bad_commands=20,
    messages=1000,
    idle=timedelta(minutes=2),
    total=timedelta(minutes=20),
)


async def run(child: ChildContext) -> None:
    """Take returned mail in until told to stop."""
    runtime = await open_runtime(child, POOL)
    watching = asyncio.create_task(watch_for_hangs(runtime.dsn, runtime.database))
    server = await serve_smtp(inherited_sockets(child.spec.sockets), _build_listener(runtime))
    child.notify_ready()
    await child.stop.wait()
    await server.close(CLOSE_GRACE)
    watching.cancel()
    await runtime.close()


def _build_listener(runtime: Runtime) -> SmtpDoorParts:
    settings, clock = runtime.settings, runtime.clock
    directory = RecipientDirectory(runtime.sealer.token_keys, RateLimit(clock.now), SampledLog(clock.monotonic))
    handler = build_handler(InboundParts(directory=directory, receiver=build_receiver(runtime)))
    return SmtpDoorParts(
        hostname=settings.hostname,
        clock=clock,
        handle=handler,
        authenticate=_deny_login,
        check_recipient=directory.check,
        tls_context=server_context(settings, clock.now()),
        limits=LIMITS,
        connections=ConnectionLimits(connection_slots(raise_soft_limit(), 1), TrustedProxies(settings.trusted_proxies)),
    )


async def _deny_login(_username: str, _password: str) -> Caller | None:
    return None
