"""Every operation of the HTTP door as OpenAPI tells it: parameters, bodies, answers, refusals. A test compares it with the routes.

What an operation shares with its like (the key, the body's faults, an id that is not there) is added by ``openapi``.
"""

from typing import Final

from posthouse.doors.api.operations_alerts import ALERTS
from posthouse.doors.api.operations_feedback import FEEDBACK
from posthouse.doors.api.operations_suppressions import SUPPRESSIONS
from posthouse.doors.api.operations_templates import TEMPLATES
from posthouse.doors.api.operations_webhooks import WEBHOOKS
from posthouse.doors.api.sending.send import BatchReply
from posthouse.doors.api.shared import examples
from posthouse.doors.api.shared.fields import BatchBody, KeyBody, KeyChange, SendBody
from posthouse.doors.http.limits import WAIT_SECONDS
from posthouse.doors.http.operation import ADDRESS as _ADDRESS
from posthouse.doors.http.operation import CURSOR as _CURSOR
from posthouse.doors.http.operation import LIMIT as _LIMIT
from posthouse.doors.http.operation import TEXT as _TEXT
from posthouse.doors.http.operation import TIME as _TIME
from posthouse.doors.http.operation import Operation, Parameter, ResponseDoc, Schema
from posthouse.doors.http.operation import ids_of as _ids
from posthouse.model.delivery import DeliveryState
from posthouse.model.timeline import MessagePage, MessageView
from posthouse.model.views.keys import KeyPage, KeyView, NewKey
from posthouse.model.views.messages import ContentView, EventPage, InboxMail, InboxPage
from posthouse.model.views.sending import DryRunReply, SendReply

_REPLAYED: Final = ("Idempotency-Replayed",)

_ON_A_MESSAGE: Final = ("getMessage", "getRaw", "getContent", "cancel", "resend")
_FIRST: Final = "/data/0/id"

SENDING: Final = (
    Operation(
        method="post", path="/v1/send", name="send", summary="Send one message", tag="Send", body=SendBody,
        examples=examples.SEND, idempotent=True, limited=True,
        parameters=(Parameter("dryRun", "Everything but the send.", {"type": "boolean", "default": False}),),
        replies={202: ResponseDoc("Taken, durably; or a duplicate's first reply again. With dryRun, what would happen.", SendReply, DryRunReply, headers=_REPLAYED, leads_to=_ON_A_MESSAGE)},
        refusals=("forbidden", "domain_not_verified", "idempotency_conflict", "variable_invalid", "template_not_active", "content_refused", "no_route"),
    ),
    Operation(
        method="post", path="/v1/send/batch", name="sendBatch", summary="Send many messages, each for itself", tag="Send",
        body=BatchBody, examples=examples.BATCH, idempotent=True, limited=True,
        replies={200: ResponseDoc("A result for each message, in order.", BatchReply)},
    ),
)  # fmt: skip
MESSAGES: Final = (
    Operation(
        method="get", path="/v1/messages", name="listMessages", summary="List messages with their timelines", tag="Messages",
        parameters=(
            Parameter("type", "Of this message type.", _TEXT),
            Parameter("stream", "On this stream.", _TEXT),
            Parameter("status", "With this status.", {"type": "string", "enum": [state.value for state in DeliveryState]}),
            Parameter("recipient", "With a delivery to this address.", _ADDRESS),
            Parameter("tag", "With this tag.", _TEXT),
            Parameter("dedupeKey", "Sent under this key.", _TEXT),
            Parameter("template", "Made from this template.", _TEXT),
            Parameter("since", "Accepted at or after this time.", _TIME),
            Parameter("until", "Accepted at or before this time.", _TIME),
            _CURSOR,
            _LIMIT,
        ),
        replies={200: ResponseDoc("A page of messages, newest first.", MessagePage, leads_to=_ON_A_MESSAGE, id_at=_FIRST)},
    ),
    Operation(
        method="get", path="/v1/messages/{id}", name="getMessage", summary="One message with its timeline", tag="Messages",
        replies={200: ResponseDoc("The message.", MessageView)},
    ),
    Operation(
        method="get", path="/v1/messages/{id}/raw", name="getRaw", summary="The exact bytes handed over", tag="Messages",
        parameters=(Parameter("recipient", "Whose; left out: the first that was tried.", _ADDRESS),),
        replies={200: ResponseDoc("The message as it was on the wire.", media_type="message/rfc822", schema={"type": "string"})},
    ),
    Operation(
        method="get", path="/v1/messages/{id}/content", name="getContent", summary="What the message says", tag="Messages",
        replies={200: ResponseDoc("Its text, HTML, header and attachments.", ContentView)},
    ),
    Operation(
        method="post", path="/v1/messages/{id}/cancel", name="cancel", summary="Take back what was never attempted", tag="Messages",
        replies={200: ResponseDoc("The message as it is then.", MessageView)}, refusals=("not_cancellable",),
    ),
    Operation(
        method="post", path="/v1/messages/{id}/resend", name="resend", summary="Send it once more", tag="Messages", limited=True,
        replies={202: ResponseDoc("A new message; for in_doubt and failed the same deliveries again.", SendReply, headers=_REPLAYED)},
        refusals=("forbidden", "domain_not_verified", "not_cancellable", "content_refused", "no_route"),
    ),
)  # fmt: skip
INBOX: Final = (
    Operation(
        method="get", path="/v1/inbox", name="listInbox", summary="List or wait for mail in the built-in inbox", tag="Inbox",
        parameters=(
            Parameter("to", "Delivered to this address.", _ADDRESS),
            Parameter("type", "Of this message type.", _TEXT),
            Parameter("subject", "With this in the subject, in any case.", _TEXT),
            Parameter("since", "Received at or after this time.", _TIME),
            Parameter("wait", "Seconds to wait for the first that fits.", {"type": "integer", "minimum": 0, "maximum": WAIT_SECONDS, "default": 0}),
            _CURSOR,
            _LIMIT,
        ),
        replies={200: ResponseDoc("A page of mails, newest first; empty when the time is over.", InboxPage, leads_to=("getInboxMail",), id_at=_FIRST)},
    ),
    Operation(
        method="delete", path="/v1/inbox", name="emptyInbox", summary="Throw the inbox's mail away", tag="Inbox",
        parameters=(Parameter("to", "Only mail to this address.", _ADDRESS),),
        replies={204: ResponseDoc("Gone.")},
    ),
    Operation(
        method="get", path="/v1/inbox/{id}", name="getInboxMail", summary="One mail of the inbox", tag="Inbox",
        replies={200: ResponseDoc("The mail.", InboxMail)},
    ),
)  # fmt: skip
KEYS: Final = (
    Operation(
        method="get", path="/v1/keys", name="listKeys", summary="List API keys", tag="Keys",
        parameters=(_CURSOR, _LIMIT), replies={200: ResponseDoc("A page of keys, newest first.", KeyPage)},
    ),
    Operation(
        method="post", path="/v1/keys", name="createKey", summary="Make an API key", tag="Keys", body=KeyBody,
        examples=examples.KEY, replies={201: ResponseDoc("The key; its secret is shown this once.", NewKey, leads_to=("changeKey", "revokeKey"))}, refusals=("forbidden",),
    ),
    Operation(
        method="patch", path="/v1/keys/{id}", name="changeKey", summary="Change or take away a key's rate limit", tag="Keys", body=KeyChange,
        examples=examples.RATE, replies={200: ResponseDoc("The key as it is then.", KeyView)}, refusals=("forbidden",),
    ),
    Operation(
        method="delete", path="/v1/keys/{id}", name="revokeKey", summary="Revoke an API key", tag="Keys",
        replies={204: ResponseDoc("Revoked.")},
    ),
)  # fmt: skip
EVENTS: Final = (
    Operation(
        method="get", path="/v1/events", name="listEvents", summary="Every event, oldest first, without gaps", tag="Events",
        parameters=(Parameter("after", "The last event that was seen.", _ids("evt")), _LIMIT),
        replies={200: ResponseDoc("A page of events.", EventPage)},
    ),
)  # fmt: skip


def _machine(path: str, name: str, summary: str, reply: ResponseDoc) -> Operation:
    return Operation(method="get", path=path, name=name, summary=summary, tag="Health", replies={200: reply}, keyed=False)


def _state(word: str) -> Schema:
    return {"type": "object", "properties": {"status": {"const": word}}, "required": ["status"], "additionalProperties": False}


HEALTH: Final = (
    _machine("/healthz", "healthz", "Does the process answer?", ResponseDoc("It does.", schema=_state("ok"))),
    _machine(
        "/readyz", "readyz", "Can mail be taken and sent?", ResponseDoc("It can; else 503 with reasons.", schema=_state("ready"))
    ),
    _machine(
        "/metrics",
        "metrics",
        "Prometheus metrics",
        ResponseDoc("Text exposition.", media_type="text/plain", schema={"type": "string"}),
    ),
    _machine("/openapi.json", "openapi", "This document", ResponseDoc("OpenAPI 3.1.", schema={"type": "object"})),
)
ALL: Final = (*SENDING, *MESSAGES, *INBOX, *KEYS, *EVENTS, *ALERTS, *SUPPRESSIONS, *TEMPLATES, *WEBHOOKS, *FEEDBACK, *HEALTH)
