"""What templates share, and the tenant's settings, over HTTP: layouts, partials, brand, streams; and who changed what."""

import re
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.answer import answer
from posthouse.doors.api.parts import ApiParts
from posthouse.doors.api.problem import invalid, not_found, refuse
from posthouse.doors.api.query import Query
from posthouse.doors.api.template_wire import (
    AuditItem,
    AuditPage,
    BrandBody,
    PartBody,
    PartPage,
    PartView,
    StreamBody,
    StreamPage,
    changes,
)
from posthouse.doors.api.templates import actor, is_name, read, unasked
from posthouse.journeys import shared_parts
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model import ids
from posthouse.model.send_request import Caller, FieldError, Rejection
from posthouse.model.timeline import cursor
from posthouse.store import audit, brands, domains, streams, template_parts
from posthouse.store.template_parts import StoredPart

Handler = Callable[[ApiParts, Caller, Request], Awaitable[Response]]
PREFIX: Final = "aud"
STREAM: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_NO_STREAM: Final = not_found("A stream's name is small letters, digits, '.', '_' and '-'.")


def part_operations(kind: str) -> dict[str, dict[str, Handler]]:
    """The operations on layouts or partials, by path and method."""
    missing = not_found(f"There is no such {kind}.")

    async def list_parts(parts: ApiParts, caller: Caller, request: Request) -> Response:
        if (wrong := unasked(request)) is not None:
            return wrong
        async with parts.database.acquire() as connection:
            found = await template_parts.current(connection, caller.tenant)
        return answer(PartPage([_part(each) for each in found if each.kind == kind], None))

    async def get_part(parts: ApiParts, caller: Caller, request: Request) -> Response:
        if (wrong := unasked(request)) is not None:
            return wrong
        name = request.path_params["name"]
        async with parts.database.acquire() as connection:
            found = await template_parts.get(connection, caller.tenant, kind, name) if is_name(name) else None
        return refuse(missing) if found is None else answer(_part(found))

    async def put_part(parts: ApiParts, caller: Caller, request: Request) -> Response:
        asked = await read(parts, request, PartBody)
        if isinstance(asked, Rejection):
            return refuse(asked)
        name = request.path_params["name"]
        if not is_name(name):
            return refuse(missing)
        source = asked.source.replace("\r\n", "\n")
        put = await shared_parts.put_part(parts.templates.parts, actor(caller), kind, name, source)
        assert put is not None  # noqa: S101 - only what is taken away may be missing
        return refuse(put) if isinstance(put, Rejection) else answer(_part(put))

    async def delete_part(parts: ApiParts, caller: Caller, request: Request) -> Response:
        if (wrong := unasked(request)) is not None:
            return wrong
        name = request.path_params["name"]
        gone = await shared_parts.put_part(parts.templates.parts, actor(caller), kind, name, None) if is_name(name) else None
        return Response(status_code=204) if isinstance(gone, StoredPart) else refuse(missing)

    return {
        f"/v1/{kind}s": {"GET": list_parts},
        f"/v1/{kind}s/{{name}}": {"GET": get_part, "PUT": put_part, "DELETE": delete_part},
    }


async def get_brand(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """How the tenant's mail looks."""
    return unasked(request) or answer(await brands.get(parts.database, caller.tenant))


async def patch_brand(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Change some of it."""
    asked = await read(parts, request, BrandBody)
    if isinstance(asked, Rejection):
        return refuse(asked)
    wanted = changes(asked)
    if (wrong := _no_address(wanted.get("support_email"), "supportEmail")) is not None:
        return refuse(wrong)
    brand = await shared_parts.change_brand(parts.templates.parts, actor(caller), wanted)
    parts.forget(caller.tenant)
    return answer(brand)


async def list_streams(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """All streams with their settings."""
    return unasked(request) or answer(StreamPage(await streams.list_streams(parts.database, caller.tenant), None))


async def get_stream(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One stream; of one that nobody set anything for, the defaults."""
    if (wrong := unasked(request)) is not None:
        return wrong
    name = request.path_params["name"]
    return answer(await streams.get(parts.database, caller.tenant, name)) if STREAM.fullmatch(name) else refuse(_NO_STREAM)


async def patch_stream(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Change some of its settings."""
    asked = await read(parts, request, StreamBody)
    if isinstance(asked, Rejection):
        return refuse(asked)
    name, wanted = request.path_params["name"], changes(asked)
    if not STREAM.fullmatch(name):
        return refuse(_NO_STREAM)
    for field, path in (("reply_to", "replyTo"), ("sender", "from")):
        if (wrong := _no_address(wanted.get(field), path)) is not None:
            return refuse(wrong)
    if wanted.get("tracking_domain"):
        host = await _own_host(parts, caller, wanted["tracking_domain"])
        if isinstance(host, Rejection):
            return refuse(host)
        wanted["tracking_domain"] = host
    stream = await shared_parts.change_stream(parts.templates.parts, actor(caller), name, wanted)
    parts.forget(caller.tenant)
    return answer(stream)


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


async def _own_host(parts: ApiParts, caller: Caller, text: str) -> str | Rejection:
    """The host as it stands in links: below a domain of the tenant's that is trusted or verified, so that nobody takes another's."""
    mailbox = parse_mailbox(f"postmaster@{text.strip()}")
    if isinstance(mailbox, AddressFault) or mailbox.domain.startswith("["):
        return invalid(FieldError("trackingDomain", "must be a host name such as links.shop.example"))
    mine = [one.name for one in await domains.list_domains(parts.database, caller.tenant) if one.trusted_at or one.verified_at]
    host = mailbox.domain.lower()
    if not any(host.endswith(f".{name}") for name in mine):
        known = f"; yours are {', '.join(mine[:10])}" if mine else "; there is none yet: `posthouse domain add NAME`"
        return invalid(FieldError("trackingDomain", f"must be below a domain of yours that is verified or trusted{known}"))
    return host


def _part(found: StoredPart) -> PartView:
    return PartView(
        name=found.name, version=found.version, source=found.source or "", author=found.author, created_at=found.created_at
    )


def _no_address(value: str | None, path: str) -> Rejection | None:
    found = parse_mailbox(value) if value else None
    return invalid(FieldError(path, found.message)) if isinstance(found, AddressFault) else None
