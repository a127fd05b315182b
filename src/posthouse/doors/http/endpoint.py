"""What is an operation of the HTTP door? One ``Endpoint`` record per handler says everything about it.

Its route, the check of its key, the OpenAPI document (3.1) and the reference page ``docs/api.md`` are made from this record, so
no fact about an operation is written twice. A resource module of a door ends in a literal tuple ``ENDPOINTS``.

Must never know: which resources there are. What every operation may answer beside its own refusals is in ``openapi``.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.http.limits import ADDRESS_LENGTH, LIST_DEFAULT, LIST_MOST
from posthouse.model.limits import Limits
from posthouse.model.send_request import Caller

JSON: Final = "application/json"
Schema = dict[str, Any]
KeyedHandler = Callable[[Any, Caller, Request], Awaitable[Response]]
OpenHandler = Callable[[Any, Request], Awaitable[Response]]


class Parameter(msgspec.Struct, frozen=True):
    """A query parameter."""

    name: str
    description: str
    schema: Schema


class ResponseDoc(msgspec.Struct, frozen=True):
    """A response that is no error: what it means, and the type of its JSON or another media type.

    ``or_body``: another type that it may have instead. ``links``: operations on the id that is in the body at ``id_pointer``, a
    JSON pointer.
    """

    description: str
    body: type | None = None
    or_body: type | None = None
    media_type: str = JSON
    headers: tuple[str, ...] = ()
    schema: Schema | None = None
    links: tuple[str, ...] = ()
    id_pointer: str = "/id"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One operation. ``handler`` is called with the door's parts, the caller where ``needs_key``, and the request.

    ``path_parameters``: a schema for each name in ``path``; the same for every method of a path. ``refusals``: codes beside
    those that ``openapi`` adds to every operation. ``media_types``: schemas of a body that is no JSON of ours.
    ``is_rate_limited``: counts towards a key's rate. ``takes_live_key``: changes what live mail uses, so a test key is
    refused. ``component_types``: types that the schemas name beside the body's and the responses'. ``body_size`` and
    ``apply_limits`` describe the limits that the operator may set.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    handler: KeyedHandler | OpenHandler
    operation_id: str
    summary: str
    tag: str
    responses: dict[int, ResponseDoc]
    needs_key: bool = True
    path_parameters: dict[str, Schema] = {}
    query: tuple[Parameter, ...] = ()
    body: type | None = None
    is_body_optional: bool = False
    media_types: dict[str, Schema] = {}
    examples: dict[str, Any] = {}
    refusals: tuple[str, ...] = ()
    is_idempotent: bool = False
    is_rate_limited: bool = False
    takes_live_key: bool = False
    component_types: tuple[type, ...] = ()
    body_size: Callable[[Limits], str] | None = None
    apply_limits: Callable[[dict[str, Schema], Limits], None] | None = None


def id_schema(prefix: str) -> Schema:
    """The schema of ids with that prefix."""
    return {"type": "string", "pattern": f"^{prefix}_[0-9a-z]{{26}}$"}


def id_in_path(prefix: str) -> dict[str, Schema]:
    """The path parameter ``id``, of ids with that prefix."""
    return {"id": id_schema(prefix) | {"examples": [f"{prefix}_01k9p2m4x7c8v5b3n6q1w0e9rt"]}}


def name_in_path(pattern: str, example: str, **more: Any) -> dict[str, Schema]:
    """The path parameter ``name``."""
    return {"name": {"type": "string", "pattern": pattern, "examples": [example], **more}}


TEXT: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 1024}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
ADDRESS: Final[Schema] = {"type": "string", "maxLength": ADDRESS_LENGTH, "examples": ["user@example.com"]}
LIMIT: Final = Parameter(
    "limit", "How many items a page holds.", {"type": "integer", "minimum": 1, "maximum": LIST_MOST, "default": LIST_DEFAULT}
)
CURSOR: Final = Parameter("cursor", "The nextCursor of the page before.", {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"})
