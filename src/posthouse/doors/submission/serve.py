"""Submission on the SMTP listeners: what it is made of, and how it is started."""

import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from posthouse.doors.smtp.parts import ConnectionLimits, SmtpDoorParts
from posthouse.doors.smtp.server import SmtpServer, serve_smtp
from posthouse.doors.submission.handle import MailIntake, RateLimiter, build_handler
from posthouse.mail.smtp.server.action import SessionLimits
from posthouse.model.clock import Clock
from posthouse.model.send_request import Caller


class SubmissionParts(msgspec.Struct, frozen=True, kw_only=True):
    """``authenticate`` finds whose username and password these are; None: nobody's. ``tls_context`` None: TLS is not offered."""

    intake: MailIntake
    rate_limits: RateLimiter
    authenticate: Callable[[str, str], Awaitable[Caller | None]]
    hostname: str
    clock: Clock
    tls_context: ssl.SSLContext | None = None
    limits: SessionLimits = SessionLimits()
    connections: ConnectionLimits = ConnectionLimits()


async def serve_submission(sockets: Mapping[str, socket.socket], parts: SubmissionParts) -> SmtpServer:
    """Take messages from whoever can log in; sockets and errors as ``serve_smtp``."""
    door = SmtpDoorParts(
        hostname=parts.hostname,
        clock=parts.clock,
        handle=build_handler(parts.intake, parts.rate_limits),
        authenticate=parts.authenticate,
        tls_context=parts.tls_context,
        limits=parts.limits,
        connections=parts.connections,
    )
    return await serve_smtp(sockets, door)
