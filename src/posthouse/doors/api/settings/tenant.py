"""The tenant's own settings over HTTP: who its mail is from and where answers go, where nothing nearer says."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import settings
from posthouse.doors.api.settings.wire import TenantBody, changes, misaddressed
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.shared.requests import actor, no_parameters, read
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import Endpoint, ResponseDoc
from posthouse.doors.http.problem import refuse
from posthouse.model.send_request import Caller, Rejection
from posthouse.model.tenant import Tenant
from posthouse.model.views.settings import TenantView
from posthouse.store.tenants import tenants


async def get_tenant(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The tenant whose key asks."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    found = await tenants.by_id(parts.database, caller.tenant)
    assert found is not None  # noqa: S101 - tenants are never deleted, and this one's key was just found
    return answer(_view(found))


async def patch_tenant(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Change some of it."""
    asked = await read(parts, request, TenantBody)
    if isinstance(asked, Rejection):
        return refuse(asked)
    wanted = changes(asked)
    if (wrong := misaddressed(wanted)) is not None:
        return refuse(wrong)
    changed = await settings.change_tenant(parts.templates.parts, actor(caller), wanted)
    parts.forget(caller.tenant)
    return answer(_view(changed))


def _view(found: Tenant) -> TenantView:
    return TenantView(tenant=found.ref, name=found.name, sender=found.default_from or "", reply_to=found.reply_to or "")


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
        method="PATCH", path="/v1/tenant", handler=patch_tenant, operation_id="changeTenant", tag="Settings",
        summary="Change who mail is from, and where answers go, where nothing nearer says; '' clears",
        body=TenantBody, examples=_EXAMPLES, responses={200: ResponseDoc("Its settings as they are then.", TenantView)},
    ),
)  # fmt: skip
