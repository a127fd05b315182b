"""The suppression list over HTTP: shown with its evidence, entered and taken off one by one or by the thousand, lifted for a reason.

A key sees and changes the list of its own tenant and environment. What the law put there no key takes off (``forbidden``).
An address is found however its local part is spelled (A to Z), and shown as it was entered.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import suppressions as lists
from posthouse.admin.suppressions import MANUAL_CAUSES, Desk, SuppressionToAdd
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.suppressions.wire import LiftBody, NewSuppression, RemovalBody, SuppressionBody
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import ADDRESS, CURSOR, LIMIT, TEXT, TIME, Endpoint, Parameter, ResponseDoc, id_in_path
from posthouse.doors.http.json_body import read_json
from posthouse.doors.http.problem import invalid, not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.doors.http.validation import T
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model import ids
from posthouse.model.send_request import Caller, FieldError, Rejection
from posthouse.model.suppression import Cause, Suppression, SuppressionFilter
from posthouse.model.timeline import cursor
from posthouse.model.views.suppressions import (
    SuppressionDetail,
    SuppressionPage,
    SuppressionsAdded,
    SuppressionsRemoved,
    SuppressionView,
)
from posthouse.policy.recipients.suppress import lifted_by
from posthouse.store.recipients import suppression_lookup, suppressions
from posthouse.store.recipients.suppression_lookup import PREFIX

BODY_BYTES: Final = 2 << 20
SHOWN_CAUSES: Final = sorted({*MANUAL_CAUSES, Cause.PROVISIONAL})
_FILTERS: Final = ("address", "cause", "stream", "source", "provider", "since", "until", "cursor", "limit")
_NOT_HERE: Final = not_found("There is no such entry on the list.")
_LAW: Final = Rejection(
    "forbidden", "This entry is the law's; only the operator can lift it, with `posthouse suppression remove`."
)
_NOBODY: Final = FieldError("", "must name an address, addresses or ids")
_SOMEBODY: Final = FieldError("", "must have exactly one of address, addresses and entries")


async def list_suppressions(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A page of the list, newest first."""
    query = Query(request.query_params, _FILTERS)
    address, cause = query.address("address"), query.choice("cause", SHOWN_CAUSES)
    stream, source, provider = query.text("stream"), query.text("source"), query.text("provider")
    since, until, before, limit = query.time("since"), query.time("until"), query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    held = cause == Cause.PROVISIONAL
    wanted = SuppressionFilter(
        lookup=(await _key(parts)).of(address) if address else None, cause=None if held else cause, stream=stream, source=source,
        provider=provider, since=since, until=until, provisional=held if cause else None, before=before, limit=limit + 1,
    )  # fmt: skip
    async with parts.database.session() as session:
        found = await suppressions.list_entries(session, caller.tenant, int(caller.environment), wanted)
    shown = found[:limit]
    more = len(found) > limit
    return answer(SuppressionPage(data=[view(each) for each in shown], next_cursor=cursor(shown[-1].id) if more else None))


async def get_suppression(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One entry with its evidence."""
    query = Query(request.query_params, ())
    wanted = ids.parse(PREFIX, request.path_params["id"])
    if query.faults:
        return refuse(invalid(*query.faults))
    found = None
    if wanted is not None:
        async with parts.database.session() as session:
            found = await suppressions.get(session, caller.tenant, int(caller.environment), wanted)
    return refuse(_NOT_HERE) if found is None else answer(SuppressionDetail(**_shown(found), evidence=found.evidence))


async def add(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Enter one address (201) or many (200); entering again changes nothing."""
    asked = await read(parts, request, SuppressionBody)
    entries = asked if isinstance(asked, Rejection) else _entries(asked)
    if isinstance(asked, Rejection) or isinstance(entries, Rejection):
        return refuse(asked if isinstance(asked, Rejection) else entries)  # type: ignore[arg-type]  # one of them is one
    made = await lists.add(await desk_of(parts, caller), entries)
    if asked.address is not None:
        return answer(view(made[0]), 201)
    return answer(SuppressionsAdded([view(each) for each in made], sum(each.created for each in made)))


async def remove(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Take off the entries of addresses, or entries by their ids."""
    asked = await _removal(parts, request)
    if isinstance(asked, Rejection):
        return refuse(asked)
    faults: list[FieldError] = []
    named = [("addresses", asked.addresses or []), ("address", [asked.address] if asked.address else [])]
    addresses = [found for path, texts in named for found in _parsed(path, texts, faults)]
    wanted = [found for text in asked.ids or () if (found := ids.parse(PREFIX, text)) is not None]
    if not addresses and not asked.ids:
        faults = faults or [_NOBODY]
    if faults:
        return refuse(invalid(*faults))
    desk = await desk_of(parts, caller)
    reason = asked.reason or ""
    done = await lists.remove_addresses(desk, addresses, reason, cause=asked.cause, stream=asked.stream)
    also = await lists.remove(desk, wanted, reason)
    removed, refused = (*done.gone, *also.gone), (*done.refused, *also.refused)
    return answer(SuppressionsRemoved([view(each) for each in removed], [view(each) for each in refused]))


async def remove_one(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Take one entry off; 204."""
    query = Query(request.query_params, ("reason",))
    reason = query.text("reason")
    if query.faults:
        return refuse(invalid(*query.faults))
    done = await _lifted(parts, caller, request, reason or "", "suppression removed")
    return refuse(done) if isinstance(done, Rejection) else Response(status_code=204)


async def lift(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """End one entry for a reason; answers it as it was."""
    asked = await read(parts, request, LiftBody)
    done = asked if isinstance(asked, Rejection) else await _lifted(parts, caller, request, asked.reason, "suppression lifted")
    return refuse(done) if isinstance(done, Rejection) else answer(view(done))


def view(each: Suppression) -> SuppressionView:
    """An entry as it is shown."""
    return SuppressionView(**_shown(each))


async def _lifted(parts: ApiParts, caller: Caller, request: Request, reason: str, action: str) -> Suppression | Rejection:
    wanted = ids.parse(PREFIX, request.path_params["id"])
    if wanted is None:
        return _NOT_HERE
    done = await lists.remove(await desk_of(parts, caller), [wanted], reason, action=action)
    if done.refused:
        return _LAW
    return done.gone[0] if done.gone else _NOT_HERE


async def read(parts: ApiParts, request: Request, kind: type[T]) -> T | Rejection:
    """What the body asks, where no query stands beside it."""
    return await read_json(parts, request, kind, BODY_BYTES)


async def _removal(parts: ApiParts, request: Request) -> RemovalBody | Rejection:
    """From the body; or, where there is none, from the query: ``?address=…&reason=…``."""
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if has_body or not request.query_params:
        return await read(parts, request, RemovalBody)
    query = Query(request.query_params, ("address", "reason", "stream"))
    asked = RemovalBody(address=query.text("address"), reason=query.text("reason"), stream=query.text("stream"))
    return invalid(*query.faults) if query.faults else asked


def _entries(asked: SuppressionBody) -> list[SuppressionToAdd] | Rejection:
    if sum(given is not None for given in (asked.address, asked.addresses, asked.entries)) != 1:
        return invalid(_SOMEBODY)
    news, path = list(asked.entries or ()), "entries[{}].address"
    if asked.entries is None:
        path = "address" if asked.address is not None else "addresses[{}]"
        news = [NewSuppression(address=text) for text in asked.addresses or [asked.address or ""]]
    faults: list[FieldError] = []
    found = [_entering(each, asked, path.format(index), faults) for index, each in enumerate(news)]
    return invalid(*faults) if faults else [each for each in found if each is not None]


def _entering(each: NewSuppression, common: SuppressionBody, path: str, faults: list[FieldError]) -> SuppressionToAdd | None:
    parsed = _parsed(path, [each.address], faults, one=True)
    if not parsed:
        return None
    return SuppressionToAdd(
        address=parsed[0], cause=Cause(each.cause or common.cause or Cause.MANUAL), stream=each.stream or common.stream,
        reason=each.reason or common.reason or "", security=bool(common.security if each.security is None else each.security),
        until=each.until or common.until,
    )  # fmt: skip


def _parsed(path: str, texts: Sequence[str], faults: list[FieldError], *, one: bool = False) -> list[str]:
    """The addresses in their stored form; what is none is noted."""
    found = []
    for index, text in enumerate(texts):
        mailbox = parse_mailbox(text)
        if isinstance(mailbox, AddressFault):
            faults.append(FieldError(path if one or path == "address" else f"{path}[{index}]", mailbox.message))
        else:
            found.append(mailbox.address)
    return found


async def _key(parts: ApiParts) -> suppression_lookup.AddressKey:
    return await suppression_lookup.load_key(parts.database, parts.sealer, parts.random)


async def desk_of(parts: ApiParts, caller: Caller) -> Desk:
    """Where the holder of a key sits: at the list of its tenant and environment."""
    return Desk(
        database=parts.database, key=await _key(parts), tenant=caller.tenant, environment=int(caller.environment),
        actor=caller.credential, source="api", operator=False, now=parts.clock.now, new_id=parts.new_id,
    )  # fmt: skip


def _shown(each: Suppression) -> dict[str, Any]:
    by = lifted_by(Cause(each.cause))
    identifier: UUID = each.id
    return {
        "id": ids.text(PREFIX, identifier), "address": each.address,
        "cause": Cause.PROVISIONAL.value if each.held_until else each.cause, "stream": each.stream, "reason": each.reason,
        "source": each.source, "actor": each.actor, "since": each.since, "until": each.until, "liftable": by == "tenant",
        "liftable_by": by, "security": each.security, "provider": each.provider, "provisional_until": each.held_until,
    }  # fmt: skip


_ID: Final = id_in_path(PREFIX)
_LINKS: Final = ("getSuppression", "removeSuppression", "liftSuppression")
_ADD_EXAMPLES: Final[dict[str, Any]] = {
    "one": {"summary": "One address", "value": {"address": "user@example.com", "reason": "asked us on the telephone"}},
    "many": {
        "summary": "Many alike",
        "value": {"addresses": ["a@example.com", "b@example.com"], "cause": "unsubscribe", "stream": "marketing"},
    },
    "entries": {
        "summary": "Entries of their own",
        "value": {
            "entries": [{"address": "a@example.com", "cause": "hard_bounce"}, {"address": "b@example.com", "cause": "complaint"}]
        },
    },
}
_REMOVE_EXAMPLES: Final[dict[str, Any]] = {
    "addresses": {"summary": "By address", "value": {"addresses": ["user@example.com"], "reason": "the mailbox is back"}}
}
_LIFT_EXAMPLES: Final[dict[str, Any]] = {"reason": {"summary": "With its reason", "value": {"reason": "the mailbox is back"}}}
ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/v1/suppressions", handler=list_suppressions, operation_id="listSuppressions", summary="Who is not written to, and why", tag="Suppressions",
        query=(
            Parameter("address", "Of this address, however its local part is spelled.", ADDRESS),
            Parameter("cause", "Of this cause.", {"type": "string", "enum": SHOWN_CAUSES}),
            Parameter("stream", "Made on this stream.", TEXT),
            Parameter("source", "From this source: smtp, soft, api, cli, import and so on.", TEXT),
            Parameter("provider", "Heard from this mailbox provider.", TEXT),
            Parameter("since", "Entered at or after this time.", TIME),
            Parameter("until", "Entered at or before this time.", TIME),
            CURSOR,
            LIMIT,
        ),
        responses={200: ResponseDoc("A page of entries, newest first.", SuppressionPage, links=_LINKS, id_pointer="/data/0/id")},
    ),
    Endpoint(
        method="POST", path="/v1/suppressions", handler=add, operation_id="addSuppressions", summary="Enter one address, or up to a thousand", tag="Suppressions",
        body=SuppressionBody, examples=_ADD_EXAMPLES,
        responses={
            201: ResponseDoc("The entry of the one address.", SuppressionView, links=_LINKS),
            200: ResponseDoc("The entries of many.", SuppressionsAdded),
        },
    ),
    Endpoint(
        method="DELETE", path="/v1/suppressions", handler=remove, operation_id="removeSuppressions", summary="Take addresses or entries off the list",
        tag="Suppressions", body=RemovalBody, is_body_optional=True, examples=_REMOVE_EXAMPLES,
        query=(
            Parameter("address", "Without a body: whose entries.", ADDRESS),
            Parameter("reason", "Without a body: why; kept on record.", TEXT),
            Parameter("stream", "Without a body: only entries of this stream.", TEXT),
        ),
        responses={200: ResponseDoc("What was taken off, and what is the law's and stays.", SuppressionsRemoved)},
    ),
    Endpoint(
        method="GET", path="/v1/suppressions/{id}", handler=get_suppression, operation_id="getSuppression", summary="One entry with its evidence",
        tag="Suppressions", path_parameters=_ID, responses={200: ResponseDoc("The entry.", SuppressionDetail)},
    ),
    Endpoint(
        method="DELETE", path="/v1/suppressions/{id}", handler=remove_one, operation_id="removeSuppression", summary="Take one entry off the list",
        tag="Suppressions", path_parameters=_ID, query=(Parameter("reason", "Why; kept on record.", TEXT),), responses={204: ResponseDoc("Gone.")},
        refusals=("forbidden",),
    ),
    Endpoint(
        method="POST", path="/v1/suppressions/{id}/lift", handler=lift, operation_id="liftSuppression", summary="End one entry for a reason",
        tag="Suppressions", path_parameters=_ID, body=LiftBody, examples=_LIFT_EXAMPLES, responses={200: ResponseDoc("The entry as it was.", SuppressionView)},
        refusals=("forbidden",),
    ),
)  # fmt: skip
