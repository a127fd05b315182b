"""``GET /openapi.json``: the door's own description, OpenAPI 3.1, made from the endpoint records and the types that validate and
answer.

Schemas come from the Structs; status codes from the codes an operation may refuse with. Made once, when the application is.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from posthouse import __version__
from posthouse.doors.http.answer import RATE_LIMIT_FIELDS
from posthouse.doors.http.endpoint import JSON, Endpoint, Parameter, ResponseDoc, Schema
from posthouse.doors.http.problem import MEDIA_TYPE, STATUS, Problem
from posthouse.model.limits import CONTRACT, Limits

_ALWAYS: Final = ("unavailable",)
_WITH_KEY: Final = ("unauthenticated", "validation_failed")
_WITH_BODY: Final = ("invalid_json", "too_large", "unsupported_media_type")
_RETRY_STATUSES: Final = (STATUS["unavailable"], STATUS["rate_limited"])
_REFERENCE: Final = "#/components/schemas/{name}"
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
    "Transactional mail over HTTP. Names are camelCase, unknown fields and parameters are refused, `null` counts as absent, "
    "times are "
    "RFC 3339 with their zone. Errors are RFC 9457 problems whose `code` is one of a closed list. "
    "A path that does not take a method answers 405 `method_not_allowed` with `Allow`."
)


async def send_document(encoded_document: bytes, request: Request) -> Response:  # noqa: ARG001 - the signature of a handler
    """The document, which was encoded once."""
    return Response(encoded_document, media_type=JSON)


def _unwrapped(docstring: str) -> str:
    """A docstring without the line breaks of the source; its paragraphs stay."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in docstring.split("\n\n"))


def document(endpoints: Sequence[Endpoint], public_url: str | None, limits: Limits = CONTRACT) -> dict[str, Any]:
    """The whole document; ``limits`` are those in effect."""
    _, schemas = msgspec.json.schema_components(_types(endpoints), ref_template=_REFERENCE)
    for schema in schemas.values():
        if "description" in schema:
            schema["description"] = _unwrapped(schema["description"])
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        if endpoint.apply_limits is not None:
            endpoint.apply_limits(schemas, limits)
        paths.setdefault(endpoint.path, _path_item(endpoint))[endpoint.method.lower()] = _operation(endpoint, limits)
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


def refusal_codes(endpoint: Endpoint) -> list[str]:
    """Every code with which the operation may refuse, in the order of their status."""
    codes = {*_ALWAYS, *endpoint.refusals}
    codes.update(_WITH_KEY if endpoint.needs_key else ())
    codes.update(_WITH_BODY if endpoint.body is not None else ())
    codes.update(("rate_limited",) if endpoint.is_rate_limited else ())
    codes.update(("forbidden",) if endpoint.takes_live_key else ())
    codes.update(("not_found",) if endpoint.path_parameters else ())
    return [code for code in STATUS if code in codes]


def _types(endpoints: Iterable[Endpoint]) -> list[type]:
    types: list[type | None] = [Problem]
    for endpoint in endpoints:
        types += [*endpoint.component_types, endpoint.body]
        types += [each for response in endpoint.responses.values() for each in (response.body, response.or_body)]
    return [each for each in dict.fromkeys(types) if each is not None]


def _reference(type_: type) -> Schema:
    return {"$ref": _REFERENCE.format(name=type_.__name__)}


def _path_item(endpoint: Endpoint) -> dict[str, Any]:
    schemas = endpoint.path_parameters
    parameters = [{"name": name, "in": "path", "required": True, "schema": schema} for name, schema in schemas.items()]
    return {"parameters": parameters} if parameters else {}


def _operation(endpoint: Endpoint, limits: Limits) -> dict[str, Any]:
    operation: dict[str, Any] = {"operationId": endpoint.operation_id, "summary": endpoint.summary, "tags": [endpoint.tag]}
    if endpoint.takes_live_key:
        operation["description"] = "This takes a live key."
    parameters = [_parameter(parameter) for parameter in endpoint.query] + [_key_header(limits)] * endpoint.is_idempotent
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None or endpoint.media_types:
        operation["requestBody"] = _request_body(endpoint, limits)
    responses = {str(status): _response(response) for status, response in endpoint.responses.items()}
    operation["responses"] = responses | _refusals(refusal_codes(endpoint))
    if endpoint.is_rate_limited:
        for response in operation["responses"].values():
            response["headers"] |= _headers(*RATE_LIMIT_FIELDS)
    operation["security"] = [{"key": []}] if endpoint.needs_key else []
    return operation


def _request_body(endpoint: Endpoint, limits: Limits) -> dict[str, Any]:
    content: dict[str, Any] = {media_type: {"schema": schema} for media_type, schema in endpoint.media_types.items()}
    if endpoint.body is not None:
        content[JSON] = {"schema": _reference(endpoint.body), "examples": endpoint.examples}
    size = {} if endpoint.body_size is None else {"description": endpoint.body_size(limits)}
    return {"required": not endpoint.is_body_optional, "content": content} | size


def _key_header(limits: Limits) -> Schema:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same as dedupeKey; for a batch, each item's key is `<key>#<index>`.",
        "schema": {"type": "string", "minLength": 1, "maxLength": limits.batch_key_length, "pattern": "^[!-~]+$"},
    }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {"name": parameter.name, "in": "query", "description": parameter.description, "schema": parameter.schema}


def _response(response: ResponseDoc) -> dict[str, Any]:
    result: dict[str, Any] = {"description": response.description, "headers": _headers("Request-Id", *response.headers)}
    if response.links:
        pointer = f"$response.body#{response.id_pointer}"
        result["links"] = {name: {"operationId": name, "parameters": {"id": pointer}} for name in response.links}
    schema = response.schema if response.body is None else _reference(response.body)
    if response.or_body is not None and schema is not None:
        schema = {"anyOf": [_reference(response.or_body), schema]}
    if schema is not None:
        result["content"] = {response.media_type: {"schema": schema}}
    return result


def _refusals(codes: Iterable[str]) -> dict[str, Any]:
    """A response for each status, with the codes that have it."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS[code], []).append(code)
    return {str(status): _refusal(status, same_status) for status, same_status in by_status.items()}


def _refusal(status: int, codes: list[str]) -> dict[str, Any]:
    schema = {"allOf": [_reference(Problem), {"properties": {"code": {"enum": codes}, "status": {"const": status}}}]}
    return {
        "description": "Refused: " + ", ".join(f"`{code}`" for code in codes) + ".",
        "headers": _headers("Request-Id", *(("Retry-After",) if status in _RETRY_STATUSES else ())),
        "content": {MEDIA_TYPE: {"schema": schema}},
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


# The document describes itself: its handler is given the encoded document as its parts.
ENDPOINTS: Final = (
    Endpoint(
        method="GET", path="/openapi.json", handler=send_document, operation_id="openapi", summary="This document", tag="Health", needs_key=False,
        responses={200: ResponseDoc("OpenAPI 3.1.", schema={"type": "object"})},
    ),
)  # fmt: skip
