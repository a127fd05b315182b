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

from posthouse.admin.rerender import rerender
from posthouse.admin.template_preview import preview
from posthouse.admin.templates import NO_VERSION, SavedVersion, TemplateActor
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.templates.view import (
    item,
    preview_view,
    ready_item,
    ready_version,
    ready_view,
    version_item,
    version_view,
)
from posthouse.doors.api.templates.wire import BODY_BYTES, RenderBody, TemplateBody, VersionBody, draft_of
from posthouse.doors.http.answer import answer
from posthouse.doors.http.json_body import read_json
from posthouse.doors.http.problem import invalid, not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.doors.http.validation import T
from posthouse.model import ids
from posthouse.model.send_request import Caller, Environment, FieldError, Rejection
from posthouse.model.template import StoredVersion, TemplateDraft
from posthouse.model.template_state import TemplateAction
from posthouse.model.timeline import cursor
from posthouse.model.views.templates import LintView, RerenderView, TemplateDetail, TemplatePage
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
        taken = set(await stored.names(session, caller.tenant))
    rows = [(found.id, item(found)) for found in own]
    # Ready-made ones come last in a list by age: their places are the smallest ids there are.
    ready = [(UUID(int=len(READY_MADE) - at), name) for at, name in enumerate(READY_MADE)]
    rows += [(place, ready_item(READY_MADE[name])) for place, name in ready if name not in taken and place < before]
    page, more = rows[:limit], len(rows) > limit
    return answer(TemplatePage([shown for _, shown in page], cursor(page[-1][0]) if more else None))


async def create(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A template with version 1; 201."""
    asked = await read(parts, request, TemplateBody)
    if isinstance(asked, Rejection):
        return refuse(asked)
    name = asked.name or asked.template
    if name is None:
        return refuse(invalid(FieldError("name", "is required")))
    return _saved(await parts.templates.create(actor(caller), draft_of(asked, name)), 201)


async def get_template(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One template with its versions."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    name = request.path_params["name"]
    async with parts.database.session() as session:
        known = await stored.summary(session, caller.tenant, name) if is_name(name) else None
        versions = await stored.versions(session, caller.tenant, name) if known is not None else []
    if known is not None:
        return answer(TemplateDetail(**msgspec.structs.asdict(item(known)), versions=[version_item(each) for each in versions]))
    ready = READY_MADE.get(name)
    return refuse(_NO_TEMPLATE) if ready is None else answer(ready_view(ready))


async def revise(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """The next version, as a draft; 201. Type, sender, language and variables that it leaves out are those of the version before."""
    asked = await read(parts, request, VersionBody)
    if isinstance(asked, Rejection):
        return refuse(asked)
    name = request.path_params["name"]
    if {asked.name, asked.template} - {None, name}:
        return refuse(invalid(FieldError("name", "is not the name in the path")))
    if not is_name(name):
        return refuse(_NO_TEMPLATE)
    before = await _newest(parts, caller, name)
    draft = draft_of(asked, name)
    if before is not None:
        draft = _completed(asked, draft, before)
    return _saved(await parts.templates.revise(actor(caller), draft), 201)


def _completed(asked: VersionBody, draft: TemplateDraft, before: StoredVersion) -> TemplateDraft:
    fallback = asked.locale or before.fallback
    return msgspec.structs.replace(
        draft, type=asked.type or before.type, sender=draft.sender if asked.sender is not None else before.sender, variables=draft.variables if asked.variables is not None else before.variables,
        fallback=fallback, sources={fallback if tag == draft.fallback else tag: said for tag, said in draft.sources.items()},
    )  # fmt: skip


async def _newest(parts: ApiParts, caller: Caller, name: str) -> StoredVersion | None:
    async with parts.database.session() as session:
        known = await stored.summary(session, caller.tenant, name)
        return None if known is None else await stored.version(session, caller.tenant, name, known.latest)


async def get_version(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One version with its words."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    name, number = request.path_params["name"], _number(request)
    own = await parts.templates.worded(caller.tenant, name, number) if number else None
    if own is not None:
        return answer(version_view(SavedVersion(own, await parts.templates.findings(caller.tenant, own))))
    ready = READY_MADE.get(name)
    return answer(ready_version(ready)) if ready is not None and ready.version == number else refuse(_NO_VERSION)


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
    own = await parts.templates.worded(caller.tenant, name, number)
    ready = READY_MADE.get(name) if own is None else None
    if own is None and (ready is None or number not in (None, ready.version)):
        return refuse(_NO_VERSION if await parts.templates.worded(caller.tenant, name) or ready else _NO_TEMPLATE)
    if own is None:
        assert ready is not None  # noqa: S101 - or we had refused
        return answer(LintView(name, ready.version, blocked=False, findings=[]))
    findings = await parts.templates.findings(caller.tenant, own)
    return answer(LintView(name, own.about.version, blocked=bool(blocking(findings)), findings=list(findings)))


async def render(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A preview with the caller's variables and examples for the rest."""
    asked = await read(parts, request, RenderBody)
    if isinstance(asked, Rejection):
        return refuse(asked)
    in_path = "version" in request.path_params
    number = _number(request) if in_path else asked.version
    if in_path and number is None:
        return refuse(_NO_VERSION)
    seen = await preview(
        parts.templates, caller.tenant, request.path_params["name"], number=number, variables=asked.variables, locale=asked.locale
    )
    return refuse(seen) if isinstance(seen, Rejection) else answer(preview_view(seen))


async def rerendered(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A record's mail rendered again from version and variables, and whether it says the same."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    message = ids.parse("msg", request.path_params["id"])
    if message is None:
        return refuse(_NO_MESSAGE)
    try:
        again = await rerender(parts.templates, parts.sealer, caller.tenant, int(caller.environment), message)
    except SealBroken:
        return refuse(_UNREADABLE)
    if isinstance(again, Rejection):
        return refuse(again)
    made = again.rendered
    return answer(
        RerenderView(
            same=again.is_same, template=again.version.name, version=again.version.version, locale=made.locale, digest=again.digest,
            accepted_digest=again.kept, subject=made.subject, html=made.html, text=made.text,
        )
    )  # fmt: skip


def actor(caller: Caller) -> TemplateActor:
    """Who changes something, for the audit trail."""
    return TemplateActor(caller.tenant, caller.credential, caller.environment is Environment.LIVE)


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


async def _moved(parts: ApiParts, caller: Caller, request: Request, verb: TemplateAction) -> Response:
    """The version as it is then. A body is not needed, and not read."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    number = _number(request)
    if number is None:
        return refuse(_NO_VERSION)
    return _saved(await parts.templates.move(actor(caller), request.path_params["name"], number, verb), 200)


def _saved(saved: SavedVersion | Rejection, status: int) -> Response:
    return refuse(saved) if isinstance(saved, Rejection) else answer(version_view(saved), status)


def _number(request: Request) -> int | None:
    """The version in the path; None for what can be none."""
    shown = request.path_params["version"]
    return int(shown) if _VERSION.fullmatch(shown) else None
