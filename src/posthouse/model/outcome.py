"""What an attempt came to: five outcomes, a closed set, each with its diagnosis.

``Refused`` and ``InDoubt`` are kept apart on purpose: after the first a second attempt is safe,
after the second it may be a second copy.
"""

from datetime import timedelta
from enum import StrEnum

import msgspec


class AttemptStage(StrEnum):
    """How far the conversation had come."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    GREETING = "greeting"
    HELLO = "hello"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"


class Scope(StrEnum):
    """Whom the reply is about."""

    RECIPIENT = "recipient"
    MESSAGE = "message"
    SITE = "site"
    US = "us"


class Reason(StrEnum):
    """Why; closed, the same words in events, logs and the API."""

    ACCEPTED = "accepted"
    UNKNOWN_RECIPIENT = "unknown_recipient"
    UNKNOWN_DOMAIN = "unknown_domain"
    NO_MAIL_DOMAIN = "no_mail_domain"
    MAILBOX_FULL = "mailbox_full"
    MAILBOX_DISABLED = "mailbox_disabled"
    GREYLISTED = "greylisted"
    RATE_LIMITED = "rate_limited"
    POLICY_BLOCKED = "policy_blocked"
    CONTENT_REJECTED = "content_rejected"
    TOO_LARGE = "too_large"
    SENDER_REJECTED = "sender_rejected"
    ADDRESS_NOT_SUPPORTED = "address_not_supported"
    BUSY = "busy"
    TLS_FAILED = "tls_failed"
    AUTH_FAILED = "auth_failed"
    CONNECT_FAILED = "connect_failed"
    DNS_FAILED = "dns_failed"
    TIMED_OUT = "timed_out"
    CONNECTION_LOST = "connection_lost"
    PROTOCOL_ERROR = "protocol_error"
    EXPIRED = "expired"
    WORKER_LOST = "worker_lost"
    NO_ROUTE = "no_route"
    UNKNOWN = "unknown"


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """Reason, scope and the reply; ``reply`` is text as the peer gave it, one line, at most 1 KB."""

    reason: Reason
    scope: Scope
    stage: AttemptStage
    reply_code: int | None = None
    enhanced_code: str | None = None
    reply: str = ""


class Delivered(msgspec.Struct, frozen=True, tag="delivered"):
    """The next hop took responsibility. ``final``: an MX or the inbox, not a relay."""

    diagnosis: Diagnosis
    final: bool = True


class Deferred(msgspec.Struct, frozen=True, tag="deferred"):
    """Not now. ``wait``: how long the receiver wants us to wait. ``counts``: False where it was no attempt (421 on connect)."""

    diagnosis: Diagnosis
    wait: timedelta | None = None
    counts: bool = True


class Bounced(msgspec.Struct, frozen=True, tag="bounced"):
    """Never, for this recipient or this message."""

    diagnosis: Diagnosis


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Our side of the route failed and nothing was sent; the next route may be tried now."""

    diagnosis: Diagnosis


class InDoubt(msgspec.Struct, frozen=True, tag="in_doubt"):
    """The final dot may have left and no reply came."""

    diagnosis: Diagnosis


class Withheld(msgspec.Struct, frozen=True, tag="withheld"):
    """Not an outcome: the gate stayed shut, nothing was sent, no attempt was made (expired, lease lost, stopping)."""

    diagnosis: Diagnosis


Outcome = Delivered | Deferred | Bounced | Refused | InDoubt
