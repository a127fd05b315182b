"""What templates share, over HTTP: layouts, partials, brand; and who changed what."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import settings
from posthouse.doors.api.settings.wire import BrandBody, changes, misaddressed
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.templates.versions import actor, is_name, no_parameters, read
from posthouse.doors.api.templates.wire import PartBody
from posthouse.doors.http.answer import answer
from posthouse.doors.http.problem import invalid, not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.model import ids
from posthouse.model.send_request import Caller, Rejection
from posthouse.model.template import StoredPart
from posthouse.model.timeline import cursor
from posthouse.model.views.settings import AuditItem, AuditPage
from posthouse.model.views.templates import PartPage, PartView
from posthouse.store.templates import parts as template_parts
from posthouse.store.tenants import audit, brands

Handler = Callable[[ApiParts, Caller, Request], Awaitable[Response]]
PREFIX: Final = "aud"


def part_operations(kind: str) -> dict[str, dict[str, Handler]]:
    """The operations on layouts or partials, by path and method."""
    missing = not_found(f"There is no such {kind}.")

    async def list_parts(parts: ApiParts, caller: Caller, request: Request) -> Response:
        if (wrong := no_parameters(request)) is not None:
            return wrong
        async with parts.database.session() as session:
            found = await template_parts.current(session, caller.tenant)
        return answer(PartPage([_part(each) for each in found if each.kind == kind], None))

    async def get_part(parts: ApiParts, caller: Caller, request: Request) -> Response:
        if (wrong := no_parameters(request)) is not None:
            return wrong
        name = request.path_params["name"]
        async with parts.database.session() as session:
            found = await template_parts.get(session, caller.tenant, kind, name) if is_name(name) else None
        return refuse(missing) if found is None else answer(_part(found))

    async def put_part(parts: ApiParts, caller: Caller, request: Request) -> Response:
        asked = await read(parts, request, PartBody)
        if isinstance(asked, Rejection):
            return refuse(asked)
        name = request.path_params["name"]
        if not is_name(name):
            return refuse(missing)
        source = asked.source.replace("\r\n", "\n")
        put = await settings.put_part(parts.templates.parts, actor(caller), kind, name, source)
        assert put is not None  # noqa: S101 - only what is taken away may be missing
        return refuse(put) if isinstance(put, Rejection) else answer(_part(put))

    async def delete_part(parts: ApiParts, caller: Caller, request: Request) -> Response:
        if (wrong := no_parameters(request)) is not None:
            return wrong
        name = request.path_params["name"]
        gone = await settings.put_part(parts.templates.parts, actor(caller), kind, name, None) if is_name(name) else None
        return Response(status_code=204) if isinstance(gone, StoredPart) else refuse(missing)

    return {
        f"/v1/{kind}s": {"GET": list_parts},
        f"/v1/{kind}s/{{name}}": {"GET": get_part, "PUT": put_part, "DELETE": delete_part},
    }


async def get_brand(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """How the tenant's mail looks."""
    return no_parameters(request) or answer(await brands.get(parts.database, caller.tenant))


async def patch_brand(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Change some of it."""
    asked = await read(parts, request, BrandBody)
    if isinstance(asked, Rejection):
        return refuse(asked)
    wanted = changes(asked)
    if (wrong := misaddressed(wanted)) is not None:
        return refuse(wrong)
    brand = await settings.change_brand(parts.templates.parts, actor(caller), wanted)
    parts.forget(caller.tenant)
    return answer(brand)


async def list_audit(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Who changed what, newest first."""
    query = Query(request.query_params, ("subject", "cursor", "limit"))
    subject, before, limit = query.text("subject"), query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    found = await audit.entries(parts.database, caller.tenant, subject=subject, before=before, limit=limit + 1)
    page = found[:limit]
    items = [
        AuditItem(
            id=ids.text(PREFIX, each.id), at=each.at, actor=each.actor, action=each.action, subject=each.subject, data=each.data
        )
        for each in page
    ]
    return answer(AuditPage(items, cursor(page[-1].id) if len(found) > limit else None))


def _part(found: StoredPart) -> PartView:
    return PartView(
        name=found.name, version=found.version, source=found.source or "", author=found.author, created_at=found.created_at
    )
