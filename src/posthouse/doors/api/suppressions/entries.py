"""The suppression list over HTTP: shown with its evidence, added to and removed from one by one or by the thousand, lifted for a
reason.

A key sees and changes the list of its own tenant and environment. A legal block is removed by no key (``forbidden``).
An address is found whatever the case of its local part (A to Z), and shown as it was added.
"""

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import suppressions
from posthouse.admin.streams import refuse_unknown
from posthouse.admin.suppression_csv import SuppressionToAdd
from posthouse.admin.suppressions import SHOWN_CAUSES, SuppressionQuery
from posthouse.admin.views.suppressions import (
    suppression_detail,
    suppression_page,
    suppression_view,
    suppressions_added,
    suppressions_removed,
)
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.suppressions.wire import LiftBody, NewSuppression, RemovalBody, SuppressionBody
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import ADDRESS, CURSOR, LIMIT, TEXT, TIME, Endpoint, Parameter, ResponseDoc, id_in_path
from posthouse.doors.http.json_body import read_json
from posthouse.doors.http.problem import not_found, refuse
from posthouse.doors.http.query import Query
from posthouse.doors.http.validation import T
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model import ids
from posthouse.model.send_request import Caller, FieldError, Rejection, invalid
from posthouse.model.suppression import Cause, Suppression
from posthouse.model.views.suppressions import (
    SuppressionDetail,
    SuppressionPage,
    SuppressionsAdded,
    SuppressionsRemoved,
    SuppressionView,
)
from posthouse.store.recipients.suppression_lookup import PREFIX

BODY_BYTES: Final = 2 << 20
_FILTERS: Final = ("address", "cause", "stream", "source", "provider", "since", "until", "cursor", "limit")
_NO_ENTRY: Final = not_found("There is no such entry on the list.")
_LEGAL: Final = Rejection(
    "forbidden", "This entry is the law's; only the operator can lift it, with `posthouse suppression remove`."
)
_NOTHING_NAMED: Final = FieldError("", "must name an address, addresses or ids")
_ONE_FORM: Final = FieldError("", "must have exactly one of address, addresses and entries")


async def list_suppressions(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """A page of the list, newest first."""
    query = Query(request.query_params, _FILTERS)
    address, cause = query.address("address"), query.choice("cause", SHOWN_CAUSES)
    stream, source, provider = query.text("stream"), query.text("source"), query.text("provider")
    since, until, before, limit = query.time("since"), query.time("until"), query.cursor(), query.limit()
    if query.faults:
        return refuse(invalid(*query.faults))
    query_ = SuppressionQuery(
        address=address,
        cause=cause,
        stream=stream,
        source=source,
        provider=provider,
        since=since,
        until=until,
        before=before,
        limit=limit + 1,
    )
    if (unknown := await refuse_unknown(parts.database_of(caller), caller.tenant, {"stream": stream})) is not None:
        return refuse(unknown)
    entries = await suppressions.list_entries(parts.admin, actor_of(caller), query_)
    return answer(suppression_page(entries, limit))


async def get_suppression(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """One entry with its evidence."""
    query = Query(request.query_params, ())
    entry_id = ids.parse(PREFIX, request.path_params["id"])
    if query.faults:
        return refuse(invalid(*query.faults))
    entry = None if entry_id is None else await suppressions.get_entry(parts.admin, actor_of(caller), entry_id)
    return refuse(_NO_ENTRY) if entry is None else answer(suppression_detail(entry))


async def add(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Enter one address (201) or many (200); entering again changes nothing."""
    body = await read(parts, request, SuppressionBody)
    if isinstance(body, Rejection):
        return refuse(body)
    additions = _additions(body)
    if isinstance(additions, Rejection):
        return refuse(additions)
    named = {"stream": body.stream} | {f"entries[{at}].stream": each.stream for at, each in enumerate(body.entries or ())}
    if (unknown := await refuse_unknown(parts.database_of(caller), caller.tenant, named)) is not None:
        return refuse(unknown)
    added = await suppressions.add(parts.admin, actor_of(caller), additions)
    if body.address is not None:
        return answer(suppression_view(added[0]), 201)
    return answer(suppressions_added(added))


async def remove(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Take off the entries of addresses, or entries by their ids."""
    body = await _removal(parts, request)
    if isinstance(body, Rejection):
        return refuse(body)
    errors: list[FieldError] = []
    named = [("addresses", body.addresses or []), ("address", [body.address] if body.address else [])]
    addresses = [address for path, texts in named for address in _parse_addresses(path, texts, errors)]
    entries = [entry for text in body.ids or () if (entry := ids.parse(PREFIX, text)) is not None]
    if not addresses and not body.ids:
        errors = errors or [_NOTHING_NAMED]
    if errors:
        return refuse(invalid(*errors))
    if (unknown := await refuse_unknown(parts.database_of(caller), caller.tenant, {"stream": body.stream})) is not None:
        return refuse(unknown)
    actor, reason = actor_of(caller), body.reason or ""
    by_address = await suppressions.remove_addresses(parts.admin, actor, addresses, reason, cause=body.cause, stream=body.stream)
    by_id = await suppressions.remove(parts.admin, actor, entries, reason)
    return answer(suppressions_removed([by_address, by_id]))


async def remove_one(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Take one entry off; 204."""
    query = Query(request.query_params, ("reason",))
    reason = query.text("reason")
    if query.faults:
        return refuse(invalid(*query.faults))
    removed = await _remove_entry(parts, caller, request, reason or "", "suppression removed")
    return refuse(removed) if isinstance(removed, Rejection) else Response(status_code=204)


async def lift(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """End one entry for a reason; answers it as it was."""
    body = await read(parts, request, LiftBody)
    if isinstance(body, Rejection):
        return refuse(body)
    removed = await _remove_entry(parts, caller, request, body.reason, "suppression lifted")
    return refuse(removed) if isinstance(removed, Rejection) else answer(suppression_view(removed))


async def _remove_entry(parts: ApiParts, caller: Caller, request: Request, reason: str, action: str) -> Suppression | Rejection:
    """Remove the entry in the path."""
    entry = ids.parse(PREFIX, request.path_params["id"])
    if entry is None:
        return _NO_ENTRY
    result = await suppressions.remove(parts.admin, actor_of(caller), [entry], reason, action=action)
    if result.refused:
        return _LEGAL
    return result.removed[0] if result.removed else _NO_ENTRY


async def read(parts: ApiParts, request: Request, kind: type[T]) -> T | Rejection:
    """What the body asks, where no query stands beside it."""
    return await read_json(parts, request, kind, BODY_BYTES)


async def _removal(parts: ApiParts, request: Request) -> RemovalBody | Rejection:
    """From the body; or, where there is none, from the query: ``?address=…&reason=…``."""
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if has_body or not request.query_params:
        return await read(parts, request, RemovalBody)
    query = Query(request.query_params, ("address", "reason", "stream"))
    body = RemovalBody(address=query.text("address"), reason=query.text("reason"), stream=query.text("stream"))
    return invalid(*query.faults) if query.faults else body


def _additions(body: SuppressionBody) -> list[SuppressionToAdd] | Rejection:
    """What the body wants added, in one of its three forms."""
    if sum(given is not None for given in (body.address, body.addresses, body.entries)) != 1:
        return invalid(_ONE_FORM)
    news, path = list(body.entries or ()), "entries[{}].address"
    if body.entries is None:
        path = "address" if body.address is not None else "addresses[{}]"
        news = [NewSuppression(address=text) for text in body.addresses or [body.address or ""]]
    errors: list[FieldError] = []
    additions = [_addition(each, body, path.format(index), errors) for index, each in enumerate(news)]
    return invalid(*errors) if errors else [each for each in additions if each is not None]


def _addition(entry: NewSuppression, common: SuppressionBody, path: str, errors: list[FieldError]) -> SuppressionToAdd | None:
    """One entry, with what stands beside the list where it leaves something out."""
    mailbox = parse_mailbox(entry.address)
    if isinstance(mailbox, AddressFault):
        errors.append(FieldError(path, mailbox.message))
        return None
    return SuppressionToAdd(
        address=mailbox.address,
        cause=Cause(entry.cause or common.cause or Cause.MANUAL),
        stream=entry.stream or common.stream,
        reason=entry.reason or common.reason or "",
        security=bool(common.security if entry.security is None else entry.security),
        until=entry.until or common.until,
    )


def _parse_addresses(path: str, texts: Sequence[str], errors: list[FieldError]) -> list[str]:
    """The addresses in their stored form; what is none is added to ``errors``."""
    addresses = []
    for index, text in enumerate(texts):
        mailbox = parse_mailbox(text)
        if isinstance(mailbox, AddressFault):
            errors.append(FieldError(path if path == "address" else f"{path}[{index}]", mailbox.message))
        else:
            addresses.append(mailbox.address)
    return addresses


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
