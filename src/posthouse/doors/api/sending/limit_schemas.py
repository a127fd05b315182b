"""The limits that the operator may set, as the OpenAPI document shows them: the numbers in effect, where a schema has a keyword
for them.
"""

from collections.abc import Iterator
from typing import Any, Final

from posthouse.doors.api.sending.count_limits import LISTS, OBJECTS
from posthouse.doors.http.endpoint import Schema
from posthouse.model.limits import Limits, size

_KEYS: Final = ("dedupeKey", "supersedes")


def apply_send_limits(schemas: dict[str, Any], limits: Limits) -> None:
    """Put the limits into the schema of a send."""
    fields = schemas["SendBody"]["properties"]
    for name, limit in LISTS.items():
        _variant(fields[name], "array")["maxItems"] = getattr(limits, limit)
    for name, limit in OBJECTS.items():
        _variant(fields[name], "object")["maxProperties"] = getattr(limits, limit)
    for name in _KEYS:
        _variant(fields[name], "string")["maxLength"] = limits.dedupe_key_length
    _variant(_variant(fields["headers"], "object")["additionalProperties"], "string")["maxLength"] = limits.header_bytes
    html = _variant(fields["html"], "string")
    html["maxLength"] = limits.html_bytes
    html["description"] += f" At most {size(limits.html_bytes)} of UTF-8."
    _variant(fields["sendAt"], "string")["description"] += f" At most {limits.send_at_days} days ahead."
    fields["to"]["description"] = f"At most {limits.recipients} recipients in to, cc and bcc together."


def apply_batch_limits(schemas: dict[str, Any], limits: Limits) -> None:
    """Put the limits into the schema of a batch, whose items are sends."""
    messages = schemas["BatchBody"]["properties"]["messages"]
    messages["maxItems"] = limits.batch_items
    messages["items"] = {"$ref": "#/components/schemas/SendBody"}


def describe_send_size(limits: Limits) -> str:
    """How large the body of a send may be."""
    return f"At most {size(limits.message_bytes)}, and so much as the message that is made of it."


def describe_batch_size(limits: Limits) -> str:
    """How large the body of a batch may be."""
    return f"At most {size(limits.batch_bytes)}; each message at most {size(limits.message_bytes)}."


def _variant(schema: Schema, type_: str) -> Schema:
    """The schema itself or the one of its alternatives that has this type."""
    return next(variant for variant in _variants(schema) if variant.get("type") == type_)


def _variants(schema: Schema) -> Iterator[Schema]:
    if "anyOf" not in schema:
        yield schema
    for alternative in schema.get("anyOf", ()):
        yield from _variants(alternative)
