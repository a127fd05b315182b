"""The operations on a tenant's settings, as OpenAPI tells them; ``operations_templates`` joins them to its own."""

from typing import Any, Final

from posthouse.doors.api.settings.wire import BrandBody, NewStreamBody, StreamBody, TenantBody, TypeBody
from posthouse.doors.http.operation import CURSOR, LIMIT, TEXT, Operation, Parameter, ResponseDoc
from posthouse.model.brand import Brand
from posthouse.model.stream import Stream
from posthouse.model.views.settings import AuditPage, StreamPage, TenantView, TypePage, TypeView

BRAND: Final[dict[str, Any]] = {"colour": {"summary": "Some of it", "value": {"company": "Shop", "color": "#1a73e8"}}}
TENANT: Final[dict[str, Any]] = {
    "sender": {
        "summary": "Who mail is from that does not say",
        "value": {"from": "Shop <noreply@shop.example>", "replyTo": "help@shop.example"},
    }
}
NEW_STREAM: Final[dict[str, Any]] = {
    "orders": {
        "summary": "Orders, with their own author",
        "value": {"name": "orders", "from": "Shop <orders@shop.example>", "replyTo": "help@shop.example"},
    }
}
STREAM: Final[dict[str, Any]] = {
    "policy": {"summary": "Refuse content that does not belong here", "value": {"contentPolicy": "refuse"}}
}
TYPE: Final[dict[str, Any]] = {
    "update": {
        "summary": "Word of an order under way",
        "value": {"name": "order_update", "parent": "shipping_update", "description": "Order under way"},
    }
}
_SETTINGS: Final = "Settings"

SETTINGS: Final = (
    Operation(method="get", path="/v1/brand", name="getBrand", summary="How your mail looks", tag=_SETTINGS, replies={200: ResponseDoc("The brand.", Brand)}),
    Operation(
        method="patch", path="/v1/brand", name="changeBrand", summary="Change the brand; '' clears", tag=_SETTINGS, body=BrandBody, examples=BRAND,
        replies={200: ResponseDoc("The brand as it is then.", Brand)},
    ),
    Operation(
        method="get", path="/v1/tenant", name="getTenant", summary="The tenant of your key", tag=_SETTINGS, replies={200: ResponseDoc("Its settings.", TenantView)}
    ),
    Operation(
        method="patch", path="/v1/tenant", name="changeTenant", summary="Change who mail is from, and where answers go, where nothing nearer says; '' clears",
        tag=_SETTINGS, body=TenantBody, examples=TENANT, replies={200: ResponseDoc("Its settings as they are then.", TenantView)},
    ),
    Operation(
        method="get", path="/v1/streams", name="listStreams", summary="List streams", tag=_SETTINGS, parameters=(CURSOR, LIMIT),
        replies={200: ResponseDoc("A page of streams, by name.", StreamPage)},
    ),
    Operation(
        method="post", path="/v1/streams", name="createStream", summary="Make a stream", tag=_SETTINGS, body=NewStreamBody, examples=NEW_STREAM,
        replies={201: ResponseDoc("Its settings.", Stream)},
    ),
    Operation(method="get", path="/v1/streams/{name}", name="getStream", summary="One stream", tag=_SETTINGS, replies={200: ResponseDoc("Its settings.", Stream)}),
    Operation(
        method="patch", path="/v1/streams/{name}", name="changeStream", summary="Change a stream's settings", tag=_SETTINGS, body=StreamBody,
        examples=STREAM, replies={200: ResponseDoc("Its settings as they are then.", Stream)},
    ),
    Operation(
        method="get", path="/v1/types", name="listTypes", summary="List message types, own and built-in", tag=_SETTINGS, parameters=(CURSOR, LIMIT),
        replies={200: ResponseDoc("A page of types.", TypePage)},
    ),
    Operation(
        method="post", path="/v1/types", name="createType", summary="Make a message type that behaves as a built-in one", tag=_SETTINGS, body=TypeBody,
        examples=TYPE, replies={201: ResponseDoc("The type.", TypeView)},
    ),
    Operation(method="get", path="/v1/types/{name}", name="getType", summary="One message type", tag=_SETTINGS, replies={200: ResponseDoc("The type.", TypeView)}),
    Operation(
        method="delete", path="/v1/types/{name}", name="removeType", summary="Take a type out of use that no live template or key names",
        tag=_SETTINGS, replies={204: ResponseDoc("Out of use; what was sent as it stays.")},
    ),
    Operation(
        method="get", path="/v1/audit", name="listAudit", summary="Who changed what", tag=_SETTINGS,
        parameters=(Parameter("subject", "Of this, such as template/welcome.", TEXT), CURSOR, LIMIT),
        replies={200: ResponseDoc("A page of changes, newest first.", AuditPage)},
    ),
)  # fmt: skip
