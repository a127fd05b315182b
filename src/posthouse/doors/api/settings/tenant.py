"""The tenant's own settings over HTTP: who its mail is from and where answers go, where nothing nearer says."""

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin.tenants import change_tenant
from posthouse.admin.views.settings import tenant_view
from posthouse.doors.api.settings.wire import TenantBody, changes
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.templates.versions import no_parameters, read
from posthouse.doors.http.answer import answer
from posthouse.doors.http.problem import refuse
from posthouse.model.send_request import Caller, Rejection
from posthouse.store.tenants import tenants


async def get_tenant(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The tenant whose key asks."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    tenant = await tenants.by_id(parts.database, caller.tenant)
    assert tenant is not None  # noqa: S101 - tenants are never deleted, and this one's key was just found
    return answer(tenant_view(tenant))


async def patch_tenant(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Change some of it."""
    body = await read(parts, request, TenantBody)
    if isinstance(body, Rejection):
        return refuse(body)
    tenant = await change_tenant(parts.admin, actor_of(caller), changes(body))
    return refuse(tenant) if isinstance(tenant, Rejection) else answer(tenant_view(tenant))
