"""The operations on the suppression list as OpenAPI tells them; ``operations`` joins them to the others."""

from typing import Any, Final

from posthouse.admin.erasure import Erased
from posthouse.admin.suppressions import SHOWN_CAUSES
from posthouse.doors.api.suppressions.wire import EraseBody, LiftBody, RemovalBody, RulesBody, SuppressionBody, UndoBody
from posthouse.doors.http.operation import ADDRESS, CURSOR, LIMIT, TEXT, TIME, Operation, Parameter, ResponseDoc
from posthouse.model.suppression import SuppressionRule
from posthouse.model.views.suppressions import (
    SuppressionDetail,
    SuppressionPage,
    SuppressionsAdded,
    SuppressionsRemoved,
    SuppressionView,
    Undone,
)

ADD: Final[dict[str, Any]] = {
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
REMOVE: Final[dict[str, Any]] = {
    "addresses": {"summary": "By address", "value": {"addresses": ["user@example.com"], "reason": "the mailbox is back"}}
}
LIFT: Final[dict[str, Any]] = {"reason": {"summary": "With its reason", "value": {"reason": "the mailbox is back"}}}
UNDO: Final[dict[str, Any]] = {
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
ERASE: Final[dict[str, Any]] = {
    "one": {"summary": "One person", "value": {"address": "user@example.com", "reason": "erasure was asked for"}}
}
RULES: Final[dict[str, Any]] = {"soft": {"summary": "Fewer soft bounces", "value": {"softLimit": 3}}}
_ON_AN_ENTRY: Final = ("getSuppression", "removeSuppression", "liftSuppression")

SUPPRESSIONS: Final = (
    Operation(
        method="get", path="/v1/suppressions", name="listSuppressions", summary="Who is not written to, and why", tag="Suppressions",
        parameters=(
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
        replies={200: ResponseDoc("A page of entries, newest first.", SuppressionPage, leads_to=_ON_AN_ENTRY, id_at="/data/0/id")},
    ),
    Operation(
        method="post", path="/v1/suppressions", name="addSuppressions", summary="Enter one address, or up to a thousand",
        tag="Suppressions", body=SuppressionBody, examples=ADD,
        replies={
            201: ResponseDoc("The entry of the one address.", SuppressionView, leads_to=_ON_AN_ENTRY),
            200: ResponseDoc("The entries of many.", SuppressionsAdded),
        },
    ),
    Operation(
        method="delete", path="/v1/suppressions", name="removeSuppressions", summary="Take addresses or entries off the list",
        tag="Suppressions", body=RemovalBody, optional=True, examples=REMOVE,
        parameters=(
            Parameter("address", "Without a body: whose entries.", ADDRESS), Parameter("reason", "Without a body: why; kept on record.", TEXT),
            Parameter("stream", "Without a body: only entries of this stream.", TEXT),
        ),
        replies={200: ResponseDoc("What was taken off, and what is the law's and stays.", SuppressionsRemoved)},
    ),
    Operation(
        method="get", path="/v1/suppressions/{id}", name="getSuppression", summary="One entry with its evidence", tag="Suppressions",
        replies={200: ResponseDoc("The entry.", SuppressionDetail)},
    ),
    Operation(
        method="delete", path="/v1/suppressions/{id}", name="removeSuppression", summary="Take one entry off the list",
        tag="Suppressions", parameters=(Parameter("reason", "Why; kept on record.", TEXT),), replies={204: ResponseDoc("Gone.")},
        refusals=("forbidden",),
    ),
    Operation(
        method="post", path="/v1/suppressions/{id}/lift", name="liftSuppression", summary="End one entry for a reason",
        tag="Suppressions", body=LiftBody, examples=LIFT, replies={200: ResponseDoc("The entry as it was.", SuppressionView)},
        refusals=("forbidden",),
    ),
    Operation(
        method="post", path="/v1/suppressions/undo", name="undoSuppressions", summary="Take a window of hard bounces back",
        tag="Suppressions", body=UndoBody, examples=UNDO,
        replies={200: ResponseDoc("How many entries left the list, and how many deliveries go now.", Undone)}, refusals=("forbidden",),
    ),
    Operation(
        method="post", path="/v1/suppressions/erase", name="eraseAddress", summary="Forget an address, and never write to it again",
        tag="Suppressions", body=EraseBody, examples=ERASE,
        replies={200: ResponseDoc("What was erased; answered when it is done.", Erased)}, refusals=("forbidden",),
    ),
    Operation(
        method="get", path="/v1/suppressions/rules", name="getSuppressionRules", summary="What the list goes by", tag="Suppressions",
        replies={200: ResponseDoc("The rules.", SuppressionRule)},
    ),
    Operation(
        method="patch", path="/v1/suppressions/rules", name="changeSuppressionRules", summary="Change what the list goes by",
        tag="Suppressions", body=RulesBody, examples=RULES, replies={200: ResponseDoc("The rules.", SuppressionRule)}, refusals=("forbidden",),
    ),
)  # fmt: skip
