"""Stored templates over HTTP: made, revised, moved from draft to active and back, linted, previewed.

Templates belong to the tenant, whichever of its keys asks, live or test. A test key writes, submits, and activates for test
alone; it decides nothing about live. Ready-made templates are seen beside the tenant's own; one of the same name wins.
"""

import re
from typing import Any, Final
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import template_preview, template_versions, templates
from posthouse.admin.template_preview import PreviewRequest
from posthouse.admin.template_versions import SavedVersion, find_version, lint_version
from posthouse.admin.templates import NO_VERSION
from posthouse.admin.views.templates import (
    preview_view,
    ready_made_detail,
    ready_made_item,
    ready_made_version,
    template_detail,
    template_item,
    version_view,
)
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.shared.requests import no_parameters, read
from posthouse.doors.api.templates.wire import RenderBody, TemplateBody, VersionBody, draft_of
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import CURSOR, LIMIT, Endpoint, Parameter, ResponseDoc, Schema, name_in_path
from posthouse.doors.http.problem import not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.model.send_request import Caller, FieldError, Rejection, invalid
from posthouse.model.template import StoredVersion, TemplateDraft
from posthouse.model.template_state import TemplateAction
from posthouse.model.timeline import cursor
from posthouse.model.views.templates import LintView, PreviewView, TemplateDetail, TemplatePage, VersionView
from posthouse.pipeline.render.build_version import blocking
from posthouse.store.templates import versions as stored
from posthouse.templates.draft import NAME
from posthouse.templates.ready_made import READY_MADE

NAME_IN_PATH: Final = "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_END: Final = UUID(int=(1 << 128) - 1)
_NO_TEMPLATE: Final = not_found("There is no such template.")
_NO_VERSION: Final = not_found(NO_VERSION)


async def list_templates(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The tenant's own, newest first, then the ready-made."""
    query = Query(request.query_params, ("cursor", "limit"))
    before, limit = query.cursor() or _END, query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    async with parts.database.session() as session:
        own = await stored.summaries(session, caller.tenant, before, limit + 1)
        names = set(await stored.names(session, caller.tenant))
    rows = [(summary.id, template_item(summary)) for summary in own]
    # Ready-made ones come last in a list by age: their positions are the smallest ids there are.
    ready_made = [(UUID(int=len(READY_MADE) - at), name) for at, name in enumerate(READY_MADE)]
    rows += [
        (position, ready_made_item(READY_MADE[name])) for position, name in ready_made if name not in names and position < before
    ]
    page, more = rows[:limit], len(rows) > limit
    return answer(TemplatePage([view for _, view in page], cursor(page[-1][0]) if more else None))


async def create(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A template with version 1; 201."""
    body = await read(parts, request, TemplateBody)
    if isinstance(body, Rejection):
        return refuse(body)
    name = body.name or body.template
    if name is None:
        return refuse(invalid(FieldError("name", "is required")))
    return _saved(await templates.create(parts.admin, actor_of(caller), draft_of(body, name)), 201)


async def get_template(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One template with its versions."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    name = request.path_params["name"]
    own = await template_versions.get_template(parts.admin, actor_of(caller), name)
    if own is not None:
        return answer(template_detail(own))
    ready_made = READY_MADE.get(name)
    return refuse(_NO_TEMPLATE) if ready_made is None else answer(ready_made_detail(ready_made))


async def revise(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The next version, as a draft; 201. Type, sender, language and variables that it leaves out are those of the version
    before.
    """
    body = await read(parts, request, VersionBody)
    if isinstance(body, Rejection):
        return refuse(body)
    name = request.path_params["name"]
    if {body.name, body.template} - {None, name}:
        return refuse(invalid(FieldError("name", "is not the name in the path")))
    if not is_name(name):
        return refuse(_NO_TEMPLATE)
    before = await _newest(parts, caller, name)
    draft = draft_of(body, name)
    if before is not None:
        draft = _completed(body, draft, before)
    return _saved(await templates.add_version(parts.admin, actor_of(caller), draft), 201)


def _completed(body: VersionBody, draft: TemplateDraft, before: StoredVersion) -> TemplateDraft:
    """The draft with what the body leaves out as it was in the version before."""
    fallback = body.locale or before.fallback
    return msgspec.structs.replace(
        draft,
        type=body.type or before.type,
        sender=before.sender if body.sender is None else draft.sender,
        variables=before.variables if body.variables is None else draft.variables,
        fallback=fallback,
        sources={fallback if tag == draft.fallback else tag: source for tag, source in draft.sources.items()},
    )


async def _newest(parts: ApiParts, caller: Caller, name: str) -> StoredVersion | None:
    async with parts.database.session() as session:
        known = await stored.summary(session, caller.tenant, name)
        return None if known is None else await stored.version(session, caller.tenant, name, known.latest)


async def get_version(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One version with its words."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    name, number = request.path_params["name"], _number(request)
    actor = actor_of(caller)
    own = await find_version(parts.admin, actor, name, number) if number else None
    if own is not None:
        return answer(version_view(SavedVersion(own, await lint_version(parts.admin, actor, own))))
    ready_made = READY_MADE.get(name)
    if ready_made is None or ready_made.version != number:
        return refuse(_NO_VERSION)
    return answer(ready_made_version(ready_made))


async def submit(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Put a draft up for review."""
    return await _moved(parts, caller, request, TemplateAction.SUBMIT)


async def approve(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Say that a version may go live."""
    return await _moved(parts, caller, request, TemplateAction.APPROVE)


async def reject(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Send a version back to its author."""
    return await _moved(parts, caller, request, TemplateAction.REJECT)


async def activate(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Switch to a version; a rollback is the same towards an older one."""
    return await _moved(parts, caller, request, TemplateAction.ACTIVATE)


async def retire(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Take a template out of use: it has no active version then."""
    return await _moved(parts, caller, request, TemplateAction.RETIRE)


async def lint(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """What lint says of a version: the one in the path or query, else the active, else the newest."""
    query = Query(request.query_params, () if "version" in request.path_params else ("version",))
    number = _number(request) if "version" in request.path_params else query.number("version", 0, 1, 999_999_999) or None
    if query.faults:
        return refuse(invalid(*query.faults))
    name = request.path_params["name"]
    actor = actor_of(caller)
    own = await find_version(parts.admin, actor, name, number)
    if own is not None:
        findings = await lint_version(parts.admin, actor, own)
        return answer(LintView(name, own.about.version, blocked=bool(blocking(findings)), findings=list(findings)))
    ready_made = READY_MADE.get(name)
    if ready_made is not None and number in (None, ready_made.version):
        return answer(LintView(name, ready_made.version, blocked=False, findings=[]))
    has_versions = ready_made is not None or await find_version(parts.admin, actor, name) is not None
    return refuse(_NO_VERSION if has_versions else _NO_TEMPLATE)


async def render(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A preview with the caller's variables and examples for the rest."""
    body = await read(parts, request, RenderBody)
    if isinstance(body, Rejection):
        return refuse(body)
    in_path = "version" in request.path_params
    number = _number(request) if in_path else body.version
    if in_path and number is None:
        return refuse(_NO_VERSION)
    preview_request = PreviewRequest(
        name=request.path_params["name"], number=number, variables=body.variables, locale=body.locale
    )
    preview = await template_preview.preview(parts.admin, actor_of(caller), preview_request)
    return refuse(preview) if isinstance(preview, Rejection) else answer(preview_view(preview))


def is_name(name: str) -> bool:
    """True for what may be the name of a template; nothing else is asked of the database."""
    return NAME.fullmatch(name) is not None


async def _moved(parts: ApiParts, caller: Caller, request: Request, action: TemplateAction) -> Response:
    """The version as it is then. A body is not needed, and not read."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    number = _number(request)
    if number is None:
        return refuse(_NO_VERSION)
    name = request.path_params["name"]
    return _saved(await templates.move_version(parts.admin, actor_of(caller), name, number, action), 200)


def _saved(saved: SavedVersion | Rejection, status: int) -> Response:
    return refuse(saved) if isinstance(saved, Rejection) else answer(version_view(saved), status)


def _number(request: Request) -> int | None:
    """The version in the path; None for what can be none."""
    shown = request.path_params["version"]
    return int(shown) if _VERSION.fullmatch(shown) else None


_VERSION_SCHEMA: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 999_999_999, "examples": [1]}
_NAME_IN_PATH: Final = name_in_path(NAME_IN_PATH, "password-reset")
_VERSION_IN_PATH: Final = {**_NAME_IN_PATH, "version": _VERSION_SCHEMA}
_CREATE_EXAMPLES: Final[dict[str, Any]] = {
    "welcome": {
        "summary": "A template with two variables, in two languages",
        "value": {
            "name": "invoice-ready",
            "type": "transactional",
            "subject": "Your invoice {{ number }} is ready",
            "html": '<p>Hello {{ user_name }},</p><p>your invoice {{ number }} is ready: <a href="{{ link }}">{{ link }}</a></p>',
            "locale": "en",
            "locales": {
                "de": {
                    "subject": "Ihre Rechnung {{ number }} ist da",
                    "html": '<p>Guten Tag {{ user_name }},</p><p>Ihre Rechnung {{ number }} ist da: <a href="{{ link }}">{{ link }}</a></p>',
                }
            },
            "variables": [
                {"name": "number", "type": "string", "required": True, "example": "R-1042"},
                {"name": "user_name", "type": "string", "required": True, "example": "Jane"},
                {"name": "link", "type": "url", "required": True, "example": "https://shop.example/invoices/1042"},
            ],
        },
    }
}
_REVISE_EXAMPLES: Final[dict[str, Any]] = {
    "shorter": {
        "summary": "The next version",
        "value": {
            "subject": "Your invoice", "text": "Your invoice {{ number }} is ready.", "variables": [{"name": "number", "type": "string"}],
        },
    }
}  # fmt: skip
_RENDER_EXAMPLES: Final[dict[str, Any]] = {
    "examples": {
        "summary": "With examples for everything that is left out",
        "value": {"variables": {"user_name": "Jane"}, "locale": "en"},
    }
}
_MOVED: Final = {200: ResponseDoc("The version as it is then.", VersionView)}
_LINTED: Final = {200: ResponseDoc("The findings.", LintView)}
_PREVIEWED: Final = {200: ResponseDoc("The preview.", PreviewView)}
ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/v1/templates", handler=list_templates, operation_id="listTemplates", summary="List templates, own and ready-made", tag="Templates",
        query=(CURSOR, LIMIT), responses={200: ResponseDoc("A page of templates.", TemplatePage)},
    ),
    Endpoint(
        method="POST", path="/v1/templates", handler=create, operation_id="createTemplate", tag="Templates",
        summary="Make a template; version 1 is active at once where nothing is against it",
        body=TemplateBody, examples=_CREATE_EXAMPLES, responses={201: ResponseDoc("Version 1, and what lint says of it.", VersionView)},
    ),
    Endpoint(
        method="GET", path="/v1/templates/{name}", handler=get_template, operation_id="getTemplate", summary="One template with its versions", tag="Templates",
        path_parameters=_NAME_IN_PATH, responses={200: ResponseDoc("The template.", TemplateDetail)},
    ),
    Endpoint(
        method="GET", path="/v1/templates/{name}/lint", handler=lint, operation_id="lintTemplate", summary="What lint says", tag="Templates",
        path_parameters=_NAME_IN_PATH, query=(Parameter("version", "Left out: the active version, else the newest.", _VERSION_SCHEMA),),
        responses=_LINTED,
    ),
    Endpoint(
        method="POST", path="/v1/templates/{name}/render", handler=render, operation_id="renderTemplate", summary="Preview as HTML, text and raw MIME",
        tag="Templates", path_parameters=_NAME_IN_PATH, body=RenderBody, examples=_RENDER_EXAMPLES, responses=_PREVIEWED, refusals=("variable_invalid",),
    ),
    Endpoint(
        method="POST", path="/v1/templates/{name}/versions", handler=revise, operation_id="createVersion", tag="Templates",
        summary="Write the next version; the active one is left alone", path_parameters=_NAME_IN_PATH, body=VersionBody, examples=_REVISE_EXAMPLES,
        responses={201: ResponseDoc("The version, a draft.", VersionView)},
    ),
    Endpoint(
        method="GET", path="/v1/templates/{name}/versions/{version}", handler=get_version, operation_id="getVersion", summary="One version with its words",
        tag="Templates", path_parameters=_VERSION_IN_PATH, responses={200: ResponseDoc("The version.", VersionView)},
    ),
    Endpoint(
        method="POST", path="/v1/templates/{name}/versions/{version}/submit", handler=submit, operation_id="submitVersion", summary="Put a draft up for review",
        tag="Templates", path_parameters=_VERSION_IN_PATH, responses=_MOVED,
    ),
    Endpoint(
        method="POST", path="/v1/templates/{name}/versions/{version}/approve", handler=approve, operation_id="approveVersion", takes_live_key=True,
        summary="Say that a version may go live", tag="Templates", path_parameters=_VERSION_IN_PATH, responses=_MOVED, refusals=("forbidden",),
    ),
    Endpoint(
        method="POST", path="/v1/templates/{name}/versions/{version}/reject", handler=reject, operation_id="rejectVersion", takes_live_key=True,
        summary="Send a version back to its author", tag="Templates", path_parameters=_VERSION_IN_PATH, responses=_MOVED, refusals=("forbidden",),
    ),
    Endpoint(
        method="POST", path="/v1/templates/{name}/versions/{version}/activate", handler=activate, operation_id="activateVersion",
        summary="Switch to a version, or back to an older one", tag="Templates", path_parameters=_VERSION_IN_PATH, responses=_MOVED, refusals=("forbidden",),
    ),
    Endpoint(
        method="POST", path="/v1/templates/{name}/versions/{version}/retire", handler=retire, operation_id="retireVersion", takes_live_key=True,
        summary="Take a template out of use", tag="Templates", path_parameters=_VERSION_IN_PATH, responses=_MOVED, refusals=("forbidden",),
    ),
    Endpoint(
        method="GET", path="/v1/templates/{name}/versions/{version}/lint", handler=lint, operation_id="lintVersion", summary="What lint says", tag="Templates",
        path_parameters=_VERSION_IN_PATH, responses=_LINTED,
    ),
    Endpoint(
        method="POST", path="/v1/templates/{name}/versions/{version}/render", handler=render, operation_id="renderVersion",
        summary="Preview as HTML, text and raw MIME", tag="Templates", path_parameters=_VERSION_IN_PATH, body=RenderBody, examples=_RENDER_EXAMPLES,
        responses=_PREVIEWED, refusals=("variable_invalid",),
    ),
)  # fmt: skip
