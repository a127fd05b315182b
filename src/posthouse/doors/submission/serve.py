"""Submission on the SMTP listeners: what the door is made of, and how it is opened."""

import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from posthouse.doors.smtp.parts import SmtpDoorParts
from posthouse.doors.smtp.server import SmtpServer, serve_smtp
from posthouse.doors.submission.take import MailIntake, RateLimiter, taker
from posthouse.mail.smtp.server.action import SessionLimits
from posthouse.model.clock import Clock
from posthouse.model.send_request import Caller


class SubmissionParts(msgspec.Struct, frozen=True, kw_only=True):
    """``authenticate`` tells whose username and password these are; None: nobody's. ``tls_context`` None: TLS is not offered."""

    intake: MailIntake
    throttle: RateLimiter
    authenticate: Callable[[str, str], Awaitable[Caller | None]]
    hostname: str
    clock: Clock
    tls_context: ssl.SSLContext | None = None
    limits: SessionLimits = SessionLimits()


async def serve_submission(sockets: Mapping[str, socket.socket], parts: SubmissionParts) -> SmtpServer:
    """Take messages from whoever can log in; sockets and errors as ``serve_smtp``."""
    door = SmtpDoorParts(
        hostname=parts.hostname, clock=parts.clock, take=taker(parts.intake, parts.throttle), authenticate=parts.authenticate,
        tls_context=parts.tls_context, limits=parts.limits,
    )  # fmt: skip
    return await serve_smtp(sockets, door)
