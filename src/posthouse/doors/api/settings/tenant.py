"""The tenant's own settings over HTTP: who its mail is from and where answers go, where nothing nearer says."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin.tenants import change_tenant
from posthouse.admin.views.settings import tenant_view
from posthouse.doors.api.settings.wire import TenantBody, changes
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.shared.requests import no_parameters, read
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import Endpoint, ResponseDoc
from posthouse.doors.http.problem import refuse
from posthouse.model.send_request import Caller, Rejection
from posthouse.model.views.settings import TenantView
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


_EXAMPLES: Final[dict[str, Any]] = {
    "sender": {
        "summary": "Who mail is from that does not say",
        "value": {"from": "Shop <noreply@shop.example>", "replyTo": "help@shop.example"},
    }
}
ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/v1/tenant", handler=get_tenant, operation_id="getTenant", summary="The tenant of your key", tag="Settings",
        responses={200: ResponseDoc("Its settings.", TenantView)},
    ),
    Endpoint(
        method="PATCH", path="/v1/tenant", handler=patch_tenant, operation_id="changeTenant", takes_live_key=True, tag="Settings",
        summary="Change who mail is from, and where answers go, where nothing nearer says; '' clears",
        body=TenantBody, examples=_EXAMPLES, responses={200: ResponseDoc("Its settings as they are then.", TenantView)},
    ),
)  # fmt: skip
