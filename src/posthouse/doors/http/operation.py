"""What OpenAPI tells of one operation: its parameters, body, answers and refusals; and the schemas that many share."""

from typing import Any, Final

import msgspec

from posthouse.doors.http.limits import LIST_DEFAULT, LIST_MOST

JSON: Final = "application/json"
Schema = dict[str, Any]


class ResponseDoc(msgspec.Struct, frozen=True):
    """An answer that is no error: what it means, of which type its JSON is, or another media type.

    ``or_kind``: another type that it may be instead. ``leads_to``: operations on the id that stands in the body at ``id_at`` (a JSON pointer).
    """

    description: str
    kind: type | None = None
    or_kind: type | None = None
    media_type: str = JSON
    headers: tuple[str, ...] = ()
    schema: Schema | None = None
    leads_to: tuple[str, ...] = ()
    id_at: str = "/id"


class Parameter(msgspec.Struct, frozen=True):
    """A query parameter."""

    name: str
    description: str
    schema: Schema


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """``refusals``: codes beside those that go without saying. ``keyed``: needs a key.

    ``limited``: counts towards a key's rate. ``optional``: the body may be left out. ``takes``: what is sent where it is no JSON of ours.
    """

    method: str
    path: str
    name: str
    summary: str
    tag: str
    replies: dict[int, ResponseDoc]
    parameters: tuple[Parameter, ...] = ()
    body: type | None = None
    optional: bool = False
    takes: dict[str, Schema] = {}
    examples: dict[str, Any] = {}
    idempotent: bool = False
    refusals: tuple[str, ...] = ()
    keyed: bool = True
    limited: bool = False


TEXT: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 1024}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}


def ids_of(prefix: str) -> Schema:
    """Ids of that prefix."""
    return {"type": "string", "pattern": f"^{prefix}_[0-9a-z]{{26}}$"}


LIMIT: Final = Parameter(
    "limit", "How many items a page holds.", {"type": "integer", "minimum": 1, "maximum": LIST_MOST, "default": LIST_DEFAULT}
)
CURSOR: Final = Parameter("cursor", "The nextCursor of the page before.", {"type": "string", "pattern": "^[A-Za-z0-9_-]{22}$"})
ADDRESS: Final[Schema] = {"type": "string", "maxLength": 1024, "examples": ["user@example.com"]}
