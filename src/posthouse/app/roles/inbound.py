"""The inbound role, put together: returned mail by SMTP, kept and answered; reading it is the fan-out role's work."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from posthouse.app.runtime.child_spec import ChildSpec
from posthouse.app.runtime.parts import ANSWERING, CLOSING, open_store
from posthouse.app.runtime.sockets import inherited
from posthouse.app.runtime.tls import server_context
from posthouse.config import Settings
from posthouse.doors.inbound.rate_limit import RateLimit
from posthouse.doors.inbound.recipient import RecipientDirectory
from posthouse.doors.inbound.sampled_log import SampledLog
from posthouse.doors.inbound.store_returned import InboundParts, storing
from posthouse.doors.smtp.parts import SmtpDoorParts
from posthouse.doors.smtp.server import serve_smtp
from posthouse.mail.smtp.server.action import SessionLimits
from posthouse.model.send_request import Caller
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy

CONNECTIONS: Final = 4
# Whoever returns mail may be slow, but needs no long session; a report with the whole mail in it may be large.
LIMITS: Final = SessionLimits(
    message=10 << 20,
    recipients=20,
    bad_commands=20,
    messages=1000,
    sessions=200,
    idle=timedelta(minutes=2),
    total=timedelta(minutes=20),
)


async def run(brief: ChildSpec, settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Take returned mail in until told to stop."""
    clock, entropy = SystemClock(), Entropy()
    database, sealer = await open_store(
        brief, entropy, clock, stop, size=CONNECTIONS, application="posthouse inbound", patience=ANSWERING
    )
    directory = RecipientDirectory(sealer.token_keys, RateLimit(clock.monotonic), SampledLog(clock.monotonic))
    keep = storing(
        InboundParts(
            database=database, sealer=sealer, clock=clock, new_id=entropy.new_id, directory=directory,
            operator=settings.operator is not None,
        )
    )  # fmt: skip
    door = SmtpDoorParts(
        hostname=settings.hostname, clock=clock, take=keep, authenticate=_nobody, receives=directory.receives,
        tls_context=server_context(settings, clock.now()), limits=LIMITS,
    )  # fmt: skip
    server = await serve_smtp(inherited(brief.sockets), door)
    ready()
    await stop.wait()
    await server.close(CLOSING)
    await database.close()


async def _nobody(_username: str, _password: str) -> Caller | None:
    return None
