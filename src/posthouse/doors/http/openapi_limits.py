"""What the OpenAPI document says of the limits that the operator may set: the effective numbers, where a schema has a place for them."""

from collections.abc import Iterator
from typing import Any, Final

from posthouse.doors.api.sending.count_limits import LISTS, OBJECTS
from posthouse.doors.http.operation import Schema
from posthouse.model.limits import Limits, size

_KEYS: Final = ("dedupeKey", "supersedes")


def limit_schemas(schemas: dict[str, Any], limits: Limits) -> None:
    """Put the limits into the schemas of a send and a batch."""
    fields = schemas["SendBody"]["properties"]
    for name, limit in LISTS.items():
        _form(fields[name], "array")["maxItems"] = getattr(limits, limit)
    for name, limit in OBJECTS.items():
        _form(fields[name], "object")["maxProperties"] = getattr(limits, limit)
    for name in _KEYS:
        _form(fields[name], "string")["maxLength"] = limits.dedupe_key_length
    _form(_form(fields["headers"], "object")["additionalProperties"], "string")["maxLength"] = limits.header_bytes
    html = _form(fields["html"], "string")
    html["maxLength"] = limits.html_bytes
    html["description"] += f" At most {size(limits.html_bytes)} of UTF-8."
    _form(fields["sendAt"], "string")["description"] += f" At most {limits.send_at_days} days ahead."
    fields["to"]["description"] = f"At most {limits.recipients} recipients in to, cc and bcc together."
    schemas["BatchBody"]["properties"]["messages"]["maxItems"] = limits.batch_items


def body_size(operation: str, limits: Limits) -> dict[str, str]:
    """What an operation's body may hold, where that is the operator's to say."""
    told = {
        "send": f"At most {size(limits.message_bytes)}, and so much as the message that is made of it.",
        "sendBatch": f"At most {size(limits.batch_bytes)}; each message at most {size(limits.message_bytes)}.",
    }
    return {"description": told[operation]} if operation in told else {}


def _form(schema: Schema, kind: str) -> Schema:
    """The form of that type, of a schema or of its alternatives."""
    return next(form for form in _forms(schema) if form.get("type") == kind)


def _forms(schema: Schema) -> Iterator[Schema]:
    if "anyOf" not in schema:
        yield schema
    for alternative in schema.get("anyOf", ()):
        yield from _forms(alternative)
