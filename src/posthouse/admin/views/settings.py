"""A tenant's settings, its message types and its audit trail, shown."""

from collections.abc import Sequence
from typing import Final

from posthouse.model import ids
from posthouse.model.audit import AuditEntry
from posthouse.model.message_type import MessageType, OwnType
from posthouse.model.tenant import Tenant
from posthouse.model.timeline import cursor
from posthouse.model.views.settings import AuditItem, AuditPage, TenantPage, TenantView, TypeView
from posthouse.policy import types

AUDIT_PREFIX: Final = "aud"


def tenant_view(tenant: Tenant) -> TenantView:
    """A tenant."""
    return TenantView(tenant=tenant.ref, name=tenant.name, sender=tenant.default_from or "", reply_to=tenant.reply_to or "")


def tenant_page(tenants: Sequence[Tenant]) -> TenantPage:
    """All tenants."""
    return TenantPage([tenant_view(each) for each in tenants], None)


def own_type_view(own: OwnType) -> TypeView:
    """A type of the tenant's own."""
    return _type_view(types.own(own.name, own.parent), own)


def built_in_type_view(built_in: MessageType) -> TypeView:
    """A built-in type."""
    return _type_view(built_in, None)


def type_views(own_types: Sequence[OwnType]) -> list[TypeView]:
    """The tenant's own, then the built-in ones."""
    return [*(own_type_view(each) for each in own_types), *(built_in_type_view(each) for each in types.ALL)]


def audit_page(entries: Sequence[AuditEntry], limit: int) -> AuditPage:
    """At most ``limit`` changes, and where to go on if there are more."""
    page = entries[:limit]
    return AuditPage([_audit_item(each) for each in page], cursor(page[-1].id) if len(entries) > limit else None)


def _audit_item(entry: AuditEntry) -> AuditItem:
    return AuditItem(
        id=ids.text(AUDIT_PREFIX, entry.id),
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        data=entry.data,
    )


def _type_view(type: MessageType, own: OwnType | None) -> TypeView:
    return TypeView(
        name=type.name,
        parent=type.parent,
        source="built_in" if own is None else "own",
        description="" if own is None else own.description,
        message_class=type.message_class.value,
        lane=type.lane.name.lower(),
        created_at=None if own is None else own.created_at,
    )
