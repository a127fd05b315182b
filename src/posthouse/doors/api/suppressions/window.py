"""The suppression list as a whole, over HTTP: a window undone, an address erased, and what the list goes by.

Each reaches further than one entry, so it takes a live key: erasing goes over live and test alike, and what a test key could try
of the others says nothing about live mail. What is done, and by which key, is on record (``GET /v1/audit``).
"""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from posthouse.admin import erasure, suppressions
from posthouse.admin.erasure import AddressInUse, Erased
from posthouse.admin.suppressions import UndoWindow
from posthouse.admin.views.suppressions import undone
from posthouse.doors.api.shared.actor import actor_of
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.suppressions.entries import read
from posthouse.doors.api.suppressions.wire import EraseBody, RulesBody, UndoBody
from posthouse.doors.http.answer import answer
from posthouse.doors.http.endpoint import Endpoint, ResponseDoc
from posthouse.doors.http.problem import refuse
from posthouse.doors.http.query import Query
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model.send_request import Caller, Environment, FieldError, Rejection, invalid
from posthouse.model.suppression import SuppressionRule
from posthouse.model.views.suppressions import Undone

_LIVE: Final = Rejection("forbidden", "This takes a live key.")
_ONE: Final = FieldError("", "must have exactly one of provider and site")
_BACKWARDS: Final = FieldError("to", "must not be before from")


async def undo(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Undo what a provider, or the receiver of a site, made us add in a window."""
    body = _LIVE if caller.environment is not Environment.LIVE else await read(parts, request, UndoBody)
    if isinstance(body, Rejection):
        return refuse(body)
    errors = [_ONE] if (body.provider is None) == (body.site is None) else []
    errors += [_BACKWARDS] if body.to < body.from_ else []
    path = "site" if body.provider is None else "provider"
    mailbox = parse_mailbox(f"somebody@{body.provider or body.site or 'nobody.invalid'}")
    if isinstance(mailbox, AddressFault):
        return refuse(invalid(*errors, FieldError(path, "must be a domain such as google.com")))
    if errors:
        return refuse(invalid(*errors))
    window = UndoWindow(name=mailbox.domain, begin=body.from_, end=body.to, is_site=body.provider is None)
    return answer(undone(await suppressions.undo(parts.admin, actor_of(caller), window, body.reason)))


async def erase(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Forget an address, live and test, and never write to it again."""
    body = _LIVE if caller.environment is not Environment.LIVE else await read(parts, request, EraseBody)
    if isinstance(body, Rejection):
        return refuse(body)
    mailbox = parse_mailbox(body.address)
    if isinstance(mailbox, AddressFault):
        return refuse(invalid(FieldError("address", mailbox.message)))
    result = await erasure.erase(parts.admin, actor_of(caller), mailbox, body.reason)
    if isinstance(result, AddressInUse):
        return refuse(invalid(FieldError("address", f"is in use; change it first in: {', '.join(result.places)}")))
    return answer(result)


async def get_rules(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """What the list of the key's environment goes by."""
    query = Query(request.query_params, ())
    if query.faults:
        return refuse(invalid(*query.faults))
    return answer(await suppressions.get_rule(parts.admin, actor_of(caller)))


async def patch_rules(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Change some of it."""
    body = _LIVE if caller.environment is not Environment.LIVE else await read(parts, request, RulesBody)
    if isinstance(body, Rejection):
        return refuse(body)
    rule = await suppressions.change_rule(
        parts.admin,
        actor_of(caller),
        soft_limit=body.soft_limit,
        legal_passes_security=body.legal_passes_security,
    )
    return answer(rule)


_UNDO_EXAMPLES: Final[dict[str, Any]] = {
    "provider": {
        "summary": "A provider was wrong",
        "value": {
            "provider": "google.com", "from": "2026-12-14T20:00:00Z", "to": "2026-12-15T03:00:00Z", "reason": "they said so themselves",
        },
    },
    "site": {
        "summary": "A domain's receiver was wrong, heard over a relay",
        "value": {"site": "example.com", "from": "2026-12-14T20:00:00Z", "to": "2026-12-15T03:00:00Z", "reason": "their server was moved"},
    },
}  # fmt: skip
_ERASE_EXAMPLES: Final[dict[str, Any]] = {
    "one": {"summary": "One person", "value": {"address": "user@example.com", "reason": "erasure was asked for"}}
}
_RULES_EXAMPLES: Final[dict[str, Any]] = {"soft": {"summary": "Fewer soft bounces", "value": {"softLimit": 3}}}
ENDPOINTS: Final = (
    Endpoint(
        method="POST", path="/v1/suppressions/undo", handler=undo, operation_id="undoSuppressions", summary="Take a window of hard bounces back",
        tag="Suppressions", body=UndoBody, examples=_UNDO_EXAMPLES, refusals=("forbidden",),
        responses={200: ResponseDoc("How many entries left the list, and how many deliveries go now.", Undone)},
    ),
    Endpoint(
        method="POST", path="/v1/suppressions/erase", handler=erase, operation_id="eraseAddress", takes_live_key=True, summary="Forget an address, and never write to it again",
        tag="Suppressions", body=EraseBody, examples=_ERASE_EXAMPLES, refusals=("forbidden",),
        responses={200: ResponseDoc("What was erased; answered when it is done.", Erased)},
    ),
    Endpoint(
        method="GET", path="/v1/suppressions/rules", handler=get_rules, operation_id="getSuppressionRules", summary="What the list goes by", tag="Suppressions",
        responses={200: ResponseDoc("The rules.", SuppressionRule)},
    ),
    Endpoint(
        method="PATCH", path="/v1/suppressions/rules", handler=patch_rules, operation_id="changeSuppressionRules", summary="Change what the list goes by",
        tag="Suppressions", body=RulesBody, examples=_RULES_EXAMPLES, refusals=("forbidden",),
        responses={200: ResponseDoc("The rules.", SuppressionRule)},
    ),
)  # fmt: skip
