"""Feedback: what comes back after a message left us, in the same words for reports by mail and for providers' hooks.

The kinds are closed. ``suppresses`` says whether the address should not be written to again because of it: true
for a hard bounce and a complaint, never for anything else. What was reported is kept beside it as evidence.

Must never know: who reported it in which format (``mail`` and ``providers`` do), nor what follows from it (``policy``,
``pipeline``).
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class FeedbackKind(StrEnum):
    """What a piece of feedback says happened; the word in ``bounce parse`` and in events."""

    HARD = "hard"
    SOFT = "soft"
    BLOCKED = "blocked"
    COMPLAINT = "complaint"
    AUTO_REPLY = "auto_reply"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    UNKNOWN = "unknown"


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """One fact about one recipient.

    ``recipient`` as the report names it (evidence only; the address acted on is the one in our record). ``reason``: a word of
    ``model.outcome.Reason``. ``reply_code``: the host's reply, where the report has it. ``event_id``: the provider's own id of
    this event, '' where it has none. ``remote_id``: the provider's id of the message. ``message``: our own ``msg_…`` id, where
    the report carries it. ``at``: when it happened by their clock, aware.
    """

    kind: FeedbackKind
    suppresses: bool = False
    recipient: str | None = None
    reason: str = "unknown"
    reply_code: int | None = None
    enhanced_code: str | None = None
    reply: str = ""
    at: datetime | None = None
    event_id: str = ""
    remote_id: str = ""
    message: str = ""
    url: str | None = None
    bot: bool = False


class RawFeedback(msgspec.Struct, frozen=True, kw_only=True):
    """A report or hook as received.

    ``headers`` of a hook, in lower case; of returned mail its envelope, ``return-path`` and ``recipient``, where known.

        ``message`` and ``position``: whose return path it came to.
    """

    id: UUID
    tenant: int
    environment: int
    source: str
    body: bytes
    received_at: datetime
    headers: dict[str, str] = {}
    message: UUID | None = None
    position: int | None = None
    tries: int = 0


class FeedbackSubject(msgspec.Struct, frozen=True):
    """The delivery that feedback is about, locked. ``door``: how its message was submitted."""

    message: UUID
    position: int
    recipient: str
    type: str
    stream: str
    created_at: datetime
    state: str
    header_from: str = ""
    door: str = ""


class HookAddress(msgspec.Struct, frozen=True):
    """An address that a provider posts its hooks to."""

    tenant: int
    environment: int
    id: UUID
    provider: str
    created_at: datetime
