"""The doors' role, put together: HTTP and SMTP submission in one process, sharing its commits."""

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from posthouse.app.roles.unavailable import serve_unavailable
from posthouse.app.runtime.accept import intake_over
from posthouse.app.runtime.child_spec import ChildSpec
from posthouse.app.runtime.parts import ANSWERING, CLOSING, open_store, prepare_statements
from posthouse.app.runtime.sockets import inherited
from posthouse.app.runtime.tls import server_context
from posthouse.config import Settings
from posthouse.doors.submission.serve import SubmissionParts, serve_submission
from posthouse.mail.smtp.server.action import SessionLimits as SmtpLimits
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.notify_workers import WorkerNotifier
from posthouse.pipeline.accept.rate_limits import KeyRateLimits
from posthouse.pipeline.render.confined_renderer import ConfinedRenderer
from posthouse.store.messages import accept
from posthouse.store.postgres.database import Session
from posthouse.store.recipients import suppression_lookup
from posthouse.store.tenants.credentials import Credentials

SWITCH: Final = 0.0005  # seconds a thread that reads a large batch may keep the loop waiting
CONNECTIONS: Final = 8
GRACE: Final = 20


async def run(brief: ChildSpec, settings: Settings, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Take messages in until told to stop; what was accepted by then is committed."""
    clock, entropy = SystemClock(), Entropy()
    sys.setswitchinterval(SWITCH)
    sockets, limits = inherited(brief.sockets), settings.limits
    opening = open_store(brief, entropy, clock, stop, size=CONNECTIONS, application="posthouse doors", patience=ANSWERING)
    database, sealer = await (opening if brief.beside else serve_unavailable(opening, sockets, settings, clock, entropy))
    await prepare_statements(database, partial(_rehearsed, clock.now(), entropy))
    announcer = WorkerNotifier(database)
    renders = ConfinedRenderer()
    intake = intake_over(settings, database, sealer, clock, entropy, announcer, renders)
    credentials, throttle = Credentials(database, clock), KeyRateLimits(database, intake.facts, clock)
    http = None
    if "http" in sockets:
        from posthouse.app.roles.http import HttpDoor, application  # noqa: PLC0415 - submission alone needs no web framework

        http = HttpDoor(
            application(brief, settings, database, sealer, clock, entropy, intake, announcer, credentials, throttle, renders)
        )
    submission = None
    if "smtp" in sockets or "smtps" in sockets:
        submission = await serve_submission(
            {name: sockets[name] for name in ("smtp", "smtps") if name in sockets},
            SubmissionParts(
                intake=intake, throttle=throttle, authenticate=credentials.by_login, hostname=settings.hostname,
                tls_context=server_context(settings, clock.now()), clock=clock,
                limits=SmtpLimits(message=limits.message_bytes, recipients=limits.recipients),
            ),
        )  # fmt: skip
    if http is not None:
        await http.open(sockets["http"])
    ready()
    await stop.wait()
    if submission is not None:
        await submission.close(CLOSING)
    if http is not None:
        await http.close()
    await intake.drain()
    await renders.close()
    await database.close()


async def _rehearsed(now: datetime, entropy: Entropy, session: Session) -> None:
    """What every message asks of the database, of nothing."""
    await suppression_lookup.find(session, (), now)
    await accept.accept(session, (), now, entropy.new_id)
