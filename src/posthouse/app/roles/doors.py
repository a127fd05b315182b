"""The doors' role, put together: HTTP and SMTP submission in one process, sharing its commits."""

import asyncio
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from socket import socket
from typing import Final

from posthouse.app.roles.unavailable import serve_unavailable
from posthouse.app.runtime.child_store import LISTENER_PATIENCE, StorePool, prepare_statements
from posthouse.app.runtime.door_parts import DoorParts, build_door_parts
from posthouse.app.runtime.open_files import connection_slots, raise_soft_limit
from posthouse.app.runtime.runtime import CLOSE_GRACE, ChildContext, Runtime, open_runtime
from posthouse.app.runtime.sockets import inherited_sockets
from posthouse.app.runtime.tls import server_context
from posthouse.doors.connections.proxies import TrustedProxies
from posthouse.doors.smtp.parts import ConnectionLimits
from posthouse.doors.smtp.server import SmtpServer
from posthouse.doors.submission.serve import SubmissionParts, serve_submission
from posthouse.mail.smtp.server.action import SessionLimits as SmtpLimits
from posthouse.net.entropy import Entropy
from posthouse.store.messages import accept
from posthouse.store.postgres.database import Session
from posthouse.store.postgres.hang_watch import watch_for_hangs
from posthouse.store.recipients import suppression_lookup

SWITCH_INTERVAL: Final = 0.0005  # seconds a thread that reads a large batch may keep the loop waiting
POOL: Final = StorePool(size=8, idle=1, application="posthouse doors", patience=LISTENER_PATIENCE)


async def run(child: ChildContext) -> None:
    """Take messages in until told to stop; what was accepted by then is committed."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    files = raise_soft_limit()
    sockets = inherited_sockets(child.spec.sockets)
    runtime = await _open(child, sockets)
    watching = asyncio.create_task(watch_for_hangs(runtime.dsn, runtime.database))
    await prepare_statements(runtime.database, partial(_rehearse, runtime.clock.now(), runtime.entropy))
    shared = build_door_parts(runtime)
    slots = connection_slots(files, ("http" in sockets) + bool(sockets.keys() - {"http"}))
    proxies = TrustedProxies(runtime.settings.trusted_proxies)
    http = None
    if "http" in sockets:
        from posthouse.app.roles.http import HttpDoor, application  # noqa: PLC0415 - submission alone needs no web framework

        http = HttpDoor(application(runtime, shared, child), slots, proxies=proxies)
    submission = await _serve_submission(runtime, shared, sockets, ConnectionLimits(slots, proxies))
    if http is not None:
        await http.open(sockets["http"])
    child.notify_ready()
    await child.stop.wait()
    async with asyncio.TaskGroup() as closing:
        if submission is not None:
            closing.create_task(submission.close(CLOSE_GRACE))
        if http is not None:
            closing.create_task(http.close())
    await shared.close()
    watching.cancel()
    await runtime.close()


async def _open(child: ChildContext, sockets: Mapping[str, socket]) -> Runtime:
    """While the store is away, the listeners answer so; not beside a predecessor, which still answers for both."""
    opening = open_runtime(child, POOL)
    if child.spec.beside:
        return await opening
    return await serve_unavailable(opening, sockets, child.settings, child.clock, child.entropy)


async def _serve_submission(
    runtime: Runtime, shared: DoorParts, sockets: Mapping[str, socket], connections: ConnectionLimits
) -> SmtpServer | None:
    smtp_sockets = {name: sockets[name] for name in ("smtp", "smtps") if name in sockets}
    if not smtp_sockets:
        return None
    limits = runtime.settings.limits
    parts = SubmissionParts(
        intake=shared.intake,
        rate_limits=shared.rate_limits,
        authenticate=shared.credentials.by_login,
        hostname=runtime.settings.hostname,
        tls_context=server_context(runtime.settings, runtime.clock.now()),
        clock=runtime.clock,
        limits=SmtpLimits(message=limits.message_bytes, recipients=limits.recipients),
        connections=connections,
    )
    return await serve_submission(smtp_sockets, parts)


async def _rehearse(now: datetime, entropy: Entropy, session: Session) -> None:
    """The statements of every accepted message, for no message at all."""
    await suppression_lookup.find(session, (), now)
    await accept.accept(session, (), now, entropy.new_id)
