"""What templates share, over HTTP: layouts, partials, brand; and who changed what."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import template_parts
from posthouse.admin.brand import change_brand
from posthouse.admin.views.settings import audit_page
from posthouse.admin.views.templates import part_view
from posthouse.doors.api.settings.wire import BrandBody, changes
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.templates.versions import is_name, no_parameters, read
from posthouse.doors.api.templates.wire import PartBody
from posthouse.doors.http.answer import answer
from posthouse.doors.http.problem import invalid, not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.model.send_request import Caller, Rejection
from posthouse.model.template import StoredPart
from posthouse.model.views.templates import PartPage
from posthouse.store.templates import parts as stored_parts
from posthouse.store.tenants import audit, brands

Handler = Callable[[ApiParts, Caller, Request], Awaitable[Response]]


def part_operations(kind: str) -> dict[str, dict[str, Handler]]:
    """The operations on layouts or partials, by path and method."""
    missing = not_found(f"There is no such {kind}.")

    async def list_parts(parts: ApiParts, caller: Caller, request: Request) -> Response:
        if (wrong := no_parameters(request)) is not None:
            return wrong
        async with parts.database.session() as session:
            stored = await stored_parts.current(session, caller.tenant)
        return answer(PartPage([part_view(part) for part in stored if part.kind == kind], None))

    async def get_part(parts: ApiParts, caller: Caller, request: Request) -> Response:
        if (wrong := no_parameters(request)) is not None:
            return wrong
        name = request.path_params["name"]
        async with parts.database.session() as session:
            part = await stored_parts.get(session, caller.tenant, kind, name) if is_name(name) else None
        return refuse(missing) if part is None else answer(part_view(part))

    async def put_part(parts: ApiParts, caller: Caller, request: Request) -> Response:
        body = await read(parts, request, PartBody)
        if isinstance(body, Rejection):
            return refuse(body)
        name = request.path_params["name"]
        if not is_name(name):
            return refuse(missing)
        source = body.source.replace("\r\n", "\n")
        part = await template_parts.put_part(parts.admin, actor_of(caller), kind, name, source)
        assert part is not None  # noqa: S101 - only what is removed may be missing
        return refuse(part) if isinstance(part, Rejection) else answer(part_view(part))

    async def delete_part(parts: ApiParts, caller: Caller, request: Request) -> Response:
        if (wrong := no_parameters(request)) is not None:
            return wrong
        name = request.path_params["name"]
        removed = None
        if is_name(name):
            removed = await template_parts.put_part(parts.admin, actor_of(caller), kind, name, None)
        return Response(status_code=204) if isinstance(removed, StoredPart) else refuse(missing)

    return {
        f"/v1/{kind}s": {"GET": list_parts},
        f"/v1/{kind}s/{{name}}": {"GET": get_part, "PUT": put_part, "DELETE": delete_part},
    }


async def get_brand(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """How the tenant's mail looks."""
    return no_parameters(request) or answer(await brands.get(parts.database, caller.tenant))


async def patch_brand(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Change some of it."""
    body = await read(parts, request, BrandBody)
    if isinstance(body, Rejection):
        return refuse(body)
    brand = await change_brand(parts.admin, actor_of(caller), changes(body))
    return refuse(brand) if isinstance(brand, Rejection) else answer(brand)


async def list_audit(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Who changed what, newest first."""
    query = Query(request.query_params, ("subject", "cursor", "limit"))
    subject, before, limit = query.text("subject"), query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    entries = await audit.entries(parts.database, caller.tenant, subject=subject, before=before, limit=limit + 1)
    return answer(audit_page(entries, limit))
