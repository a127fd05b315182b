"""``GET /openapi.json``: the door's own description, OpenAPI 3.1, made from the very types that judge and answer.

Schemas come from the Structs; statuses from the codes an operation may refuse with. Made once, when the app is.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from posthouse import __version__
from posthouse.doors.api import operations
from posthouse.doors.api.operations_feedback import HOOK
from posthouse.doors.api.operations_templates import NAMED, VERSION
from posthouse.doors.api.sending.rate_limit import FIELDS
from posthouse.doors.api.sending.send import BatchRefused, BatchSent
from posthouse.doors.api.shared.fields import SendBody
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http.answer import encoded
from posthouse.doors.http.endpoint import Endpoint
from posthouse.doors.http.openapi_limits import body_size, limit_schemas
from posthouse.doors.http.operation import JSON, Operation, Parameter, ResponseDoc, Schema
from posthouse.doors.http.problem import MEDIA_TYPE, STATUS, Problem
from posthouse.model.limits import CONTRACT, Limits

_ALWAYS: Final = ("unavailable",)
_KEYED: Final = ("unauthenticated", "validation_failed")
_BODY: Final = ("invalid_json", "too_large", "unsupported_media_type")
_LATER: Final = (STATUS["unavailable"], STATUS["rate_limited"])
_REFERENCE: Final = "#/components/schemas/{name}"
_ID_PREFIXES: Final = {
    "/v1/messages": "msg",
    "/v1/inbox": "inb",
    "/v1/keys": "key",
    "/v1/suppressions": "sup",
    "/v1/webhooks": "whk",
}
_HEADERS: Final[Schema] = {
    "Request-Id": {"description": "Names this request in the log.", "required": True, "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds until another try is worth while.", "schema": {"type": "integer", "minimum": 1}},
    "RateLimit-Limit": {
        "description": "Where the key has a rate limit: how many messages it may ask for in a minute.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "RateLimit-Remaining": {
        "description": "How many it may ask for now; authentication mail has a count of its own.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "RateLimit-Reset": {
        "description": "Seconds until all of them are back; of a 429 the same as Retry-After.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Idempotency-Replayed": {
        "description": "true where the key was used before and this is the first reply again.",
        "schema": {"const": "true"},
    },
}
_INTRODUCTION: Final = (
    "Transactional mail over HTTP. Names are camelCase, unknown fields and parameters are refused, `null` counts as absent, times are "
    "RFC 3339 with their zone. Errors are RFC 9457 problems whose `code` is one of a closed list. "
    "A path that does not take a method answers 404 `not_found` with `Allow`."
)


def document_endpoint(parts: ApiParts) -> Endpoint:
    """Answers the document."""
    told = document(parts.public_url, parts.limits)

    async def endpoint(request: Request) -> Response:  # noqa: ARG001 - the shape of an endpoint
        return encoded(told)

    return endpoint


def document(public_url: str | None, limits: Limits = CONTRACT) -> dict[str, Any]:
    """The whole document; ``limits`` are those in effect."""
    _, schemas = msgspec.json.schema_components(_kinds(), ref_template=_REFERENCE)
    schemas["BatchBody"]["properties"]["messages"]["items"] = _reference(SendBody)
    limit_schemas(schemas, limits)
    paths: dict[str, Any] = {}
    for operation in operations.ALL:
        paths.setdefault(operation.path, _path(operation.path))[operation.method] = _operation(operation, limits)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Posthouse",
            "version": __version__,
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url or "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": _HEADERS,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key: `ph_live_…`, or `ph_test_…` for the sandbox.",
                }
            },
        },
    }


def _kinds() -> list[type]:
    told = [reply for operation in operations.ALL for reply in operation.replies.values()]
    replies = [kind for reply in told for kind in (reply.kind, reply.or_kind) if kind is not None]
    bodies = [operation.body for operation in operations.ALL if operation.body is not None]
    return [Problem, SendBody, BatchSent, BatchRefused, *dict.fromkeys([*bodies, *replies])]


def _reference(kind: type) -> Schema:
    return {"$ref": _REFERENCE.format(name=kind.__name__)}


def _path(path: str) -> dict[str, Any]:
    if "{name}" in path:
        return _named(path)
    if path.startswith("/hooks/"):
        return {"parameters": [{"name": name, "in": "path", "required": True, "schema": schema} for name, schema in HOOK.items()]}
    if "{id}" not in path:
        return {}
    prefix = next(prefix for start, prefix in _ID_PREFIXES.items() if path.startswith(start))
    schema = {"type": "string", "pattern": f"^{prefix}_[0-9a-z]{{26}}$", "examples": [f"{prefix}_01k9p2m4x7c8v5b3n6q1w0e9rt"]}
    return {"parameters": [{"name": "id", "in": "path", "required": True, "schema": schema}]}


def _named(path: str) -> dict[str, Any]:
    """The parameters of a path that is found by name, and perhaps version."""
    schemas = {"name": next(schema for start, schema in NAMED.items() if path.startswith(start)), "version": VERSION}
    given = [name for name in schemas if f"{{{name}}}" in path]
    return {"parameters": [{"name": name, "in": "path", "required": True, "schema": schemas[name]} for name in given]}


def _operation(operation: Operation, limits: Limits) -> dict[str, Any]:
    told: dict[str, Any] = {"operationId": operation.name, "summary": operation.summary, "tags": [operation.tag]}
    parameters = [_parameter(parameter) for parameter in operation.parameters] + [_key_header(limits)] * operation.idempotent
    if parameters:
        told["parameters"] = parameters
    if operation.body is not None:
        content = {"schema": _reference(operation.body), "examples": operation.examples}
        told["requestBody"] = {"required": not operation.optional, "content": {JSON: content}} | body_size(operation.name, limits)
    elif operation.takes:
        told["requestBody"] = {
            "required": True,
            "content": {media: {"schema": schema} for media, schema in operation.takes.items()},
        }
    told["responses"] = {str(status): _reply(reply) for status, reply in operation.replies.items()} | _refusals(_codes(operation))
    if operation.limited:
        for response in told["responses"].values():
            response["headers"] |= _headers(*FIELDS)
    told["security"] = [{"key": []}] if operation.keyed else []
    return told


def _key_header(limits: Limits) -> Schema:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same as dedupeKey; for a batch, each item's key is `<key>#<index>`.",
        "schema": {"type": "string", "minLength": 1, "maxLength": limits.batch_key_length, "pattern": "^[!-~]+$"},
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {"name": parameter.name, "in": "query", "description": parameter.description, "schema": parameter.schema}


def _codes(operation: Operation) -> Iterable[str]:
    codes = [*_ALWAYS, *operation.refusals]
    codes += _KEYED if operation.keyed else ()
    codes += ("rate_limited",) if operation.limited else ()
    codes += _BODY if operation.body is not None else ()
    return [*codes, "not_found"] if "{" in operation.path else codes


def _reply(reply: ResponseDoc) -> dict[str, Any]:
    told: dict[str, Any] = {"description": reply.description, "headers": _headers("Request-Id", *reply.headers)}
    if reply.leads_to:
        pointer = f"$response.body#{reply.id_at}"
        told["links"] = {name: {"operationId": name, "parameters": {"id": pointer}} for name in reply.leads_to}
    schema = reply.schema if reply.kind is None else _reference(reply.kind)
    if reply.or_kind is not None and schema is not None:
        schema = {"anyOf": [_reference(reply.or_kind), schema]}
    if schema is not None:
        told["content"] = {reply.media_type: {"schema": schema}}
    return told


def _refusals(codes: Iterable[str]) -> dict[str, Any]:
    """A response for each status, saying which codes come with it."""
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes, key=partial(_place_of, list(STATUS))):
        by_status.setdefault(STATUS[code], []).append(code)
    return {str(status): _refusal(status, found) for status, found in by_status.items()}


def _place_of(order: list[str], code: str) -> int:
    return order.index(code)


def _refusal(status: int, codes: list[str]) -> dict[str, Any]:
    schema = {"allOf": [_reference(Problem), {"properties": {"code": {"enum": codes}, "status": {"const": status}}}]}
    return {
        "description": "Refused: " + ", ".join(f"`{code}`" for code in codes) + ".",
        "headers": _headers("Request-Id", *(("Retry-After",) if status in _LATER else ())),
        "content": {MEDIA_TYPE: {"schema": schema}},
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
