"""What was asked, once: the form in which every door hands a message to intake."""

from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

import msgspec

from posthouse.model.content import Content
from posthouse.model.letter import Attachment
from posthouse.model.mailbox import Mailbox


class Environment(IntEnum):
    """Live or test; leads every key beside the tenant."""

    TEST = 0
    LIVE = 1


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """The credential behind a request. ``door`` is ``http``, ``smtp`` or ``cli``. ``rate``: messages a minute; None: no limit."""

    tenant: int
    tenant_ref: str
    environment: Environment
    credential: str
    door: str
    default_type: str | None = None
    default_stream: str | None = None
    rate: int | None = None


class SendRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One message. Addresses are parsed already; times are aware.

    Fields a caller left out are None or empty; intake fills defaults. A submitted MIME message comes as
    ``content`` (what will be sent) with ``identity`` (what it says, for dedupe) and ``words`` (its text and HTML, for
    the content policy); html, text and attachments are then empty.
    """

    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()
    sender: Mailbox | None = None
    reply_to: tuple[Mailbox, ...] = ()
    subject: str | None = None
    html: str | None = None
    text: str | None = None
    template: str | None = None
    template_version: int | None = None
    locale: str | None = None
    variables: dict[str, Any] | None = None
    type: str | None = None
    stream: str | None = None
    dedupe_key: str | None = None
    occurred_at: datetime | None = None
    send_at: datetime | None = None
    expires_at: datetime | None = None
    expires_in: timedelta | None = None
    supersedes: str | None = None
    tls: str = "opportunistic"
    headers: dict[str, str] | None = None
    attachments: tuple[Attachment, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] | None = None
    track_opens: bool | None = None
    track_clicks: bool | None = None
    content: Content | None = None
    identity: bytes | None = None
    words: tuple[str, str] = ("", "")


class FieldError(msgspec.Struct, frozen=True):
    """One thing wrong: where (``to[1].email``), and what."""

    path: str
    message: str


class Warning(msgspec.Struct, frozen=True):
    """Something the caller should know that did not stop the message."""

    code: str
    message: str
    path: str = ""


class Rejection(msgspec.Struct, frozen=True):
    """Why a request was not taken. ``code`` is one of the contract's closed list."""

    code: str
    detail: str
    errors: tuple[FieldError, ...] = ()
    retry_after: int | None = None


def invalid(*errors: FieldError) -> Rejection:
    """``validation_failed`` with everything that is wrong; the detail repeats the first."""
    first = errors[0]
    path = f"{first.path}: " if first.path else ""
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Rejection("validation_failed", f"{path}{first.message}{more}", errors)


class AcceptedDelivery(msgspec.Struct, frozen=True, rename="camel"):
    """One recipient in the reply."""

    recipient: str
    status: str
    reason: str | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The contract's reply to a send; a duplicate carries the first reply with ``duplicate`` true."""

    id: str
    status: str
    deliver_by: datetime | None
    duplicate: bool
    deliveries: tuple[AcceptedDelivery, ...]
    warnings: tuple[Warning, ...] = ()
