"""Stored templates over HTTP: made, revised, moved from draft to active and back, linted, previewed.

Templates belong to the tenant, whichever of its keys asks, live or test. Where the tenant asks for approval a test key
writes and submits but decides nothing. Ready-made templates are seen beside the tenant's own; one of the same name wins.
"""

import re
from typing import Final
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import template_preview, template_versions, templates
from posthouse.admin.rerender import rerender
from posthouse.admin.template_preview import PreviewRequest
from posthouse.admin.template_versions import SavedVersion, find_version, lint_version
from posthouse.admin.templates import NO_VERSION
from posthouse.admin.views.templates import (
    preview_view,
    ready_made_detail,
    ready_made_item,
    ready_made_version,
    rerender_view,
    template_detail,
    template_item,
    version_view,
)
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.templates.wire import BODY_BYTES, RenderBody, TemplateBody, VersionBody, draft_of
from posthouse.doors.http.answer import answer
from posthouse.doors.http.json_body import read_json
from posthouse.doors.http.problem import invalid, not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.doors.http.validation import T
from posthouse.model import ids
from posthouse.model.send_request import Caller, FieldError, Rejection
from posthouse.model.template import StoredVersion, TemplateDraft
from posthouse.model.template_state import TemplateAction
from posthouse.model.timeline import cursor
from posthouse.model.views.templates import LintView, TemplatePage
from posthouse.pipeline.render.build_version import blocking
from posthouse.store.seal import SealBroken
from posthouse.store.templates import versions as stored
from posthouse.templates.draft import NAME
from posthouse.templates.ready_made import READY_MADE

_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
_END: Final = UUID(int=(1 << 128) - 1)
_NO_TEMPLATE: Final = not_found("There is no such template.")
_NO_VERSION: Final = not_found(NO_VERSION)
_NO_MESSAGE: Final = not_found("There is no such message.")
_UNREADABLE: Final = not_found("What the message was made from can no longer be read.")


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
    """The next version, as a draft; 201. Type, sender, language and variables that it leaves out are those of the version before."""
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
    wanted = PreviewRequest(name=request.path_params["name"], number=number, variables=body.variables, locale=body.locale)
    preview = await template_preview.preview(parts.admin, actor_of(caller), wanted)
    return refuse(preview) if isinstance(preview, Rejection) else answer(preview_view(preview))


async def rerendered(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A record's mail rendered again from version and variables, and whether it says the same."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    message = ids.parse("msg", request.path_params["id"])
    if message is None:
        return refuse(_NO_MESSAGE)
    try:
        result = await rerender(parts.admin, actor_of(caller), message)
    except SealBroken:
        return refuse(_UNREADABLE)
    return refuse(result) if isinstance(result, Rejection) else answer(rerender_view(result))


def is_name(name: str) -> bool:
    """True for what may be the name of a template; nothing else is asked of the database."""
    return NAME.fullmatch(name) is not None


def no_parameters(request: Request) -> Response | None:
    """The refusal of any parameter, for operations that take none."""
    query = Query(request.query_params, ())
    return refuse(invalid(*query.faults)) if query.faults else None


async def read(parts: ApiParts, request: Request, kind: type[T]) -> T | Rejection:
    """The body, of a request without parameters."""
    return await read_json(parts, request, kind, BODY_BYTES, parts.intake.give_way)


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
