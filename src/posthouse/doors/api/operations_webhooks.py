"""The operations on webhook endpoints as OpenAPI tells them; ``operations`` joins them to the others."""

from typing import Any, Final

from posthouse.admin.webhooks import LONGEST_OVERLAP, OUTCOMES, OVERLAP
from posthouse.doors.api.webhooks.wire import ReplayBody, WebhookBody, WebhookChange
from posthouse.doors.http.operation import CURSOR, LIMIT, Operation, Parameter, ResponseDoc, ids_of
from posthouse.model.views.webhooks import NewWebhook, Replayed, Rotated, Tested, TryPage, WebhookPage, WebhookView

CREATE: Final[dict[str, Any]] = {
    "all": {"summary": "Everything that happens", "value": {"url": "https://app.example.com/hooks/mail"}},
    "some": {
        "summary": "What ends badly, of one stream",
        "value": {
            "url": "https://app.example.com/hooks/mail", "events": ["message.bounced", "message.complained", "alert.*"],
            "streams": ["transactional"],
        },
    },
}  # fmt: skip
CHANGE: Final[dict[str, Any]] = {"on": {"summary": "Switch on again", "value": {"enabled": True}}}
REPLAY: Final[dict[str, Any]] = {
    "failed": {"summary": "All that failed", "value": {"failed": True}},
    "window": {"summary": "Since this morning", "value": {"since": "2026-11-22T06:00:00Z"}},
}
_ON_AN_ENDPOINT: Final = (
    "getWebhook", "changeWebhook", "removeWebhook", "listWebhookDeliveries", "replayWebhook", "testWebhook", "rotateWebhook",
)  # fmt: skip
_OVERLAP_SCHEMA: Final[dict[str, Any]] = {
    "type": "integer", "minimum": 0, "maximum": int(LONGEST_OVERLAP.total_seconds()), "default": int(OVERLAP.total_seconds()),
}  # fmt: skip

WEBHOOKS: Final = (
    Operation(
        method="get", path="/v1/webhooks", name="listWebhooks", summary="Where events are posted", tag="Webhooks",
        parameters=(CURSOR, LIMIT),
        replies={200: ResponseDoc("A page of endpoints, newest first.", WebhookPage, leads_to=_ON_AN_ENDPOINT, id_at="/data/0/id")},
    ),
    Operation(
        method="post", path="/v1/webhooks", name="createWebhook", summary="Have events posted somewhere", tag="Webhooks", body=WebhookBody,
        examples=CREATE,
        replies={201: ResponseDoc("The endpoint; its secret is shown this once.", NewWebhook, leads_to=_ON_AN_ENDPOINT)},
    ),
    Operation(
        method="get", path="/v1/webhooks/{id}", name="getWebhook", summary="One endpoint", tag="Webhooks",
        replies={200: ResponseDoc("The endpoint.", WebhookView)},
    ),
    Operation(
        method="patch", path="/v1/webhooks/{id}", name="changeWebhook", summary="Change, switch off or switch on", tag="Webhooks",
        body=WebhookChange, examples=CHANGE, replies={200: ResponseDoc("The endpoint as it is then.", WebhookView)},
    ),
    Operation(
        method="delete", path="/v1/webhooks/{id}", name="removeWebhook", summary="Post nothing there any more", tag="Webhooks",
        replies={204: ResponseDoc("Gone.")},
    ),
    Operation(
        method="get", path="/v1/webhooks/{id}/deliveries", name="listWebhookDeliveries", summary="Every try, newest first", tag="Webhooks",
        parameters=(
            Parameter("event", "Of this event.", ids_of("evt")),
            Parameter("outcome", "That came to this.", {"type": "string", "enum": list(OUTCOMES)}),
            CURSOR,
            LIMIT,
        ),
        replies={200: ResponseDoc("A page of tries; they are kept for two weeks.", TryPage)},
    ),
    Operation(
        method="post", path="/v1/webhooks/{id}/replay", name="replayWebhook", summary="Tell events again", tag="Webhooks",
        body=ReplayBody, examples=REPLAY, replies={202: ResponseDoc("They are being told.", Replayed)},
    ),
    Operation(
        method="post", path="/v1/webhooks/{id}/test", name="testWebhook", summary="Post a test event", tag="Webhooks",
        replies={202: ResponseDoc("It is being posted.", Tested)},
    ),
    Operation(
        method="post", path="/v1/webhooks/{id}/rotate", name="rotateWebhook", summary="Make a new secret", tag="Webhooks",
        parameters=(Parameter("overlap", "Seconds for which the secrets before sign too.", _OVERLAP_SCHEMA),),
        replies={200: ResponseDoc("The new secret; it is shown this once.", Rotated)},
    ),
)  # fmt: skip
