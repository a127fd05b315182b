"""The inbound role, put together: returned mail by SMTP, kept and answered; reading it is the fan-out role's work."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from posthouse.app.runtime.child_spec import Brief
from posthouse.app.runtime.parts import ANSWERING, CLOSING, opened
from posthouse.app.runtime.sockets import inherited
from posthouse.app.runtime.tls import server_context
from posthouse.config import Settings
from posthouse.doors.inbound.rate_limit import Ration
from posthouse.doors.inbound.recipient import Directory
from posthouse.doors.inbound.sampled_log import Sample
from posthouse.doors.inbound.store_returned import KeepParts, keeper
from posthouse.doors.smtp.parts import DoorParts
from posthouse.doors.smtp.server import serve_smtp
from posthouse.mail.smtp.server.action import Limits
from posthouse.model.send_request import Caller
from posthouse.net.clock import Clock
from posthouse.net.entropy import Entropy

CONNECTIONS: Final = 4
# Whoever returns mail may be slow, but needs no long session; a report with the whole mail in it may be large.
LIMITS: Final = Limits(
    message=10 << 20,
    recipients=20,
    bad_commands=20,
    messages=1000,
    sessions=200,
    idle=timedelta(minutes=2),
    total=timedelta(minutes=20),
)


async def play(brief: Brief, settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Take returned mail in until told to stop."""
    clock, entropy = Clock(), Entropy()
    database, sealer = await opened(
        brief, entropy, clock, stop, size=CONNECTIONS, application="posthouse inbound", patience=ANSWERING
    )
    directory = Directory(sealer.token_keys, Ration(clock.monotonic), Sample(clock.monotonic))
    keep = keeper(
        KeepParts(
            database=database, sealer=sealer, clock=clock, new_id=entropy.new_id, directory=directory,
            operator=settings.operator is not None,
        )
    )  # fmt: skip
    door = DoorParts(
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
