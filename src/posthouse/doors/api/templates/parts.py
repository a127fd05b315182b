"""What templates share, over HTTP: layouts, partials, brand; and who changed what."""

from functools import partial
from typing import Any, Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import audit, template_parts
from posthouse.admin.brand import change_brand
from posthouse.admin.views.settings import audit_page
from posthouse.admin.views.templates import part_view
from posthouse.doors.api.settings.wire import BrandBody, changes
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.shared.requests import no_parameters, read
from posthouse.doors.api.templates.versions import NAME_IN_PATH, is_name
from posthouse.doors.api.templates.wire import PartBody
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import CURSOR, LIMIT, TEXT, Endpoint, Parameter, ResponseDoc, name_in_path
from posthouse.doors.http.problem import not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.model.brand import Brand
from posthouse.model.send_request import Caller, Rejection, invalid
from posthouse.model.template import StoredPart
from posthouse.model.views.settings import AuditPage
from posthouse.model.views.templates import PartPage, PartView
from posthouse.store.templates import parts as stored_parts
from posthouse.store.tenants import brands

PartKind = Literal["layout", "partial"]


async def list_parts(kind: PartKind, parts: ApiParts, caller: Caller, request: Request) -> Response:
    """All layouts, or all partials, by name."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    async with parts.database.session() as session:
        stored = await stored_parts.current(session, caller.tenant)
    return answer(PartPage([part_view(part) for part in stored if part.kind == kind], None))


async def get_part(kind: PartKind, parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One, as it is now."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    name = request.path_params["name"]
    async with parts.database.session() as session:
        part = await stored_parts.get(session, caller.tenant, kind, name) if is_name(name) else None
    return refuse(_no_part(kind)) if part is None else answer(part_view(part))


async def put_part(kind: PartKind, parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Make or change one."""
    body = await read(parts, request, PartBody)
    if isinstance(body, Rejection):
        return refuse(body)
    name = request.path_params["name"]
    if not is_name(name):
        return refuse(_no_part(kind))
    source = body.source.replace("\r\n", "\n")
    part = await template_parts.put_part(parts.admin, actor_of(caller), kind, name, source)
    assert part is not None  # noqa: S101 - only what is removed may be missing
    return refuse(part) if isinstance(part, Rejection) else answer(part_view(part))


async def delete_part(kind: PartKind, parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Remove one; 204."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    name = request.path_params["name"]
    removed = await template_parts.put_part(parts.admin, actor_of(caller), kind, name, None) if is_name(name) else None
    return Response(status_code=204) if isinstance(removed, StoredPart) else refuse(_no_part(kind))


def _no_part(kind: PartKind) -> Rejection:
    return not_found(f"There is no such {kind}.")


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
    entries = await audit.entries(parts.admin, actor_of(caller), subject=subject, before=before, limit=limit + 1)
    return answer(audit_page(entries, limit))


def _part_endpoints(kind: PartKind, example: str) -> tuple[Endpoint, ...]:
    """Layouts and partials have the same operations."""
    path, title, name = f"/v1/{kind}s", kind.capitalize(), name_in_path(NAME_IN_PATH, example)
    return (
        Endpoint(
            method="GET",
            path=path,
            handler=partial(list_parts, kind),
            operation_id=f"list{title}s",
            summary=f"List {kind}s",
            tag="Templates",
            responses={200: ResponseDoc("All of them, by name.", PartPage)},
        ),
        Endpoint(
            method="GET",
            path=f"{path}/{{name}}",
            handler=partial(get_part, kind),
            operation_id=f"get{title}",
            summary=f"One {kind}",
            tag="Templates",
            path_parameters=name,
            responses={200: ResponseDoc("As it is now.", PartView)},
        ),
        Endpoint(
            method="PUT",
            path=f"{path}/{{name}}",
            handler=partial(put_part, kind),
            operation_id=f"put{title}",
            takes_live_key=True,
            tag="Templates",
            summary=f"Make or change a {kind}; versions that were built stay as they are",
            path_parameters=name,
            body=PartBody,
            examples=_PART_EXAMPLES,
            responses={200: ResponseDoc("As it is now.", PartView)},
        ),
        Endpoint(
            method="DELETE",
            path=f"{path}/{{name}}",
            handler=partial(delete_part, kind),
            operation_id=f"delete{title}",
            takes_live_key=True,
            summary=f"Take a {kind} away",
            tag="Templates",
            path_parameters=name,
            responses={204: ResponseDoc("Gone.")},
        ),
    )


_PART_EXAMPLES: Final[dict[str, Any]] = {"footer": {"summary": "A partial", "value": {"source": "<p>Shop, 1 Main Street</p>"}}}
_BRAND_EXAMPLES: Final[dict[str, Any]] = {"colour": {"summary": "Some of it", "value": {"company": "Shop", "color": "#1a73e8"}}}
ENDPOINTS: Final = (
    *_part_endpoints("layout", "base.html"),
    *_part_endpoints("partial", "footer.html"),
    Endpoint(
        method="GET", path="/v1/brand", handler=get_brand, operation_id="getBrand", summary="How your mail looks", tag="Settings",
        responses={200: ResponseDoc("The brand.", Brand)},
    ),
    Endpoint(
        method="PATCH", path="/v1/brand", handler=patch_brand, operation_id="changeBrand", takes_live_key=True, summary="Change the brand; '' clears", tag="Settings",
        body=BrandBody, examples=_BRAND_EXAMPLES, responses={200: ResponseDoc("The brand as it is then.", Brand)},
    ),
    Endpoint(
        method="GET", path="/v1/audit", handler=list_audit, operation_id="listAudit", summary="Who changed what", tag="Settings",
        query=(Parameter("subject", "Of this, such as template/welcome.", TEXT), CURSOR, LIMIT),
        responses={200: ResponseDoc("A page of changes, newest first.", AuditPage)},
    ),
)  # fmt: skip
