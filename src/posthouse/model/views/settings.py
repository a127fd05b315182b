"""A tenant's settings and the audit trail as the API and the command line show them."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from posthouse.model.stream import Stream


class TenantView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The tenant. ``from``: From of messages where neither they nor template nor stream name one; '' where nothing is set."""

    tenant: str
    name: str
    sender: str = field(name="from")
    reply_to: str


class TenantPage(Struct, frozen=True, rename="camel"):
    """Tenants of the installation, newest first."""

    data: list[TenantView]
    next_cursor: str | None


class ApprovalView(Struct, frozen=True, rename="camel"):
    """Whether another person has to approve a version of a template before it may become active."""

    approval_required: bool


class TypeView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A message type. ``source``: own, or built_in; ``parent`` null: built in."""

    name: str
    parent: str | None
    source: Literal["own", "built_in"]
    description: str
    message_class: str = field(name="class")
    lane: str
    created_at: datetime | None


class TypePage(Struct, frozen=True, rename="camel"):
    """A page of types: the tenant's own, newest first, then the built-in ones."""

    data: list[TypeView]
    next_cursor: str | None


class StreamPage(Struct, frozen=True, rename="camel"):
    """A page of streams, by name."""

    data: list[Stream]
    next_cursor: str | None


class AuditItem(Struct, frozen=True, kw_only=True, rename="camel"):
    """A change: who did what to what, and how it was before and after."""

    id: str
    at: datetime
    actor: str
    action: str
    subject: str
    data: dict[str, Any] | None


class AuditPage(Struct, frozen=True, rename="camel"):
    """A page of changes, newest first."""

    data: list[AuditItem]
    next_cursor: str | None
