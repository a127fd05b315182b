"""``POST /v1/send`` and ``POST /v1/send/batch``: a request becomes a ``SendRequest``, intake's answer becomes JSON.

This is the hot path: one JSON pass, one struct check, no copy of the body. 202 comes after the commit.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.sending.rate_limit import limited
from posthouse.doors.api.sending.send_request import read_members, read_send
from posthouse.doors.api.shared.fields import BatchBody
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.http import body
from posthouse.doors.http.answer import answer, encoded
from posthouse.doors.http.problem import Problem, invalid, problem, refuse
from posthouse.doors.http.query import Query
from posthouse.doors.http.validation import validate
from posthouse.model.limits import Limits
from posthouse.model.send_request import Accepted, Caller, FieldError, Rejection, SendRequest
from posthouse.model.time_format import iso_millis
from posthouse.model.views.sending import DryRunReply, SendReply
from posthouse.policy.types import OwnTypes
from posthouse.telemetry import metrics

_SLICE: Final = 4  # items of a batch that are read before others get their turn
_LARGE: Final = 64 * 1024


class BatchSent(SendReply, frozen=True, kw_only=True, rename="camel"):
    """An item of a batch that was taken."""

    index: int


class BatchRefused(msgspec.Struct, frozen=True, kw_only=True):
    """An item of a batch that was not."""

    index: int
    error: Problem


_RESULT: Final = {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("BatchSent", "BatchRefused")]}


class BatchReply(msgspec.Struct, frozen=True):
    """The results, in the order of the messages: a ``BatchSent`` or a ``BatchRefused`` each."""

    results: tuple[Annotated[Any, msgspec.Meta(extra_json_schema=_RESULT)], ...]


async def send(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Take one message."""
    dry_run = False
    if request.scope["query_string"]:
        query = Query(request.query_params, ("dryRun",))
        dry_run = query.flag("dryRun")
        if query.faults:
            return refuse(invalid(*query.faults))
    data = await body.read(request, parts.limits.message_bytes, parts.body_seconds)
    asked = data if isinstance(data, Rejection) else await _read(parts, caller, data, _header_key(request))
    if isinstance(asked, Rejection):
        metrics.REJECTED.labels(caller.door, asked.code).inc()
    return await limited(parts, caller, (asked,), partial(_sent, parts, caller, asked, dry_run=dry_run))


async def _sent(parts: ApiParts, caller: Caller, asked: SendRequest | Rejection, *, dry_run: bool) -> Response:
    if isinstance(asked, Rejection):
        return refuse(asked)
    return await _explained(parts, caller, asked) if dry_run else accepted(await parts.intake.accept(caller, asked))


async def _read(parts: ApiParts, caller: Caller, data: bytes, key: str | Rejection | None) -> SendRequest | Rejection:
    """The message asked for; the tenant's own types are looked at only where a type is not built in, so that nobody else waits for them."""
    if isinstance(key, Rejection):
        return key
    now = parts.clock.now()
    asked = read_send(data, key, now, parts.limits)
    if isinstance(asked, Rejection) and any(fault.path == "type" for fault in asked.errors):
        return read_send(data, key, now, parts.limits, await parts.own_types(caller.tenant, ""))
    return asked


def _header_key(request: Request) -> str | Rejection | None:
    """The Idempotency-Key header; two that differ name no key at all, and either could be the one that somebody repeats."""
    given = set(request.headers.getlist("idempotency-key"))
    if len(given) > 1:
        return invalid(FieldError("Idempotency-Key", "stands twice with different values: give one of them"))
    return given.pop() if given else None


async def _explained(parts: ApiParts, caller: Caller, asked: SendRequest) -> Response:
    found = await parts.intake.explain(caller, asked)
    return refuse(found) if isinstance(found, Rejection) else answer(DryRunReply(**_reply(found[0]), explanation=found[1]), 202)


def accepted(outcome: Accepted | Rejection) -> Response:
    """Intake's answer as HTTP."""
    if isinstance(outcome, Rejection):
        return refuse(outcome)
    return encoded(SendReply(**_reply(outcome)), 202, {"Idempotency-Replayed": "true"} if outcome.duplicate else None)


async def send_batch(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Take many, each for itself."""
    query = Query(request.query_params, ())
    if query.faults:
        return refuse(invalid(*query.faults))
    data = await body.read(request, parts.limits.batch_bytes, parts.body_seconds)
    parsed, key = data if isinstance(data, Rejection) else await _decoded(data), _header_key(request)
    asked: list[SendRequest | Rejection] | Rejection
    if isinstance(parsed, Rejection):
        asked = parsed
    elif isinstance(key, Rejection):
        asked = key
    else:
        came = _Came(key, parts.clock.now(), parts.limits, await parts.own_types(caller.tenant, ""))
        asked = await _items(parsed, came, parts.intake.give_way)
    counted = (asked,) if isinstance(asked, Rejection) else asked
    return await limited(parts, caller, counted, partial(_sent_many, parts, caller, asked))


async def _sent_many(parts: ApiParts, caller: Caller, asked: list[SendRequest | Rejection] | Rejection) -> Response:
    if isinstance(asked, Rejection):
        return refuse(asked)
    outcomes = await parts.intake.accept_many(caller, asked)
    return encoded(BatchReply(tuple(_result(index, outcome) for index, outcome in enumerate(outcomes))))


async def _decoded(data: bytes) -> body.ParsedBody | Rejection:
    """A large body is read in a thread, so that a reset that comes meanwhile does not wait for it."""
    return await asyncio.to_thread(body.decode, data) if len(data) > _LARGE else body.decode(data)


async def _items(
    parsed: body.ParsedBody, came: "_Came", give_way: Callable[[], Awaitable[None]]
) -> list[SendRequest | Rejection] | Rejection:
    """Every item read for itself; only what is wrong with the list itself refuses the whole."""
    mine = [fault for fault in parsed.faults if not fault.path.startswith("messages[")]
    batch = validate(_only_objects(parsed.members), BatchBody, mine)
    limits = came.limits
    if len(batch.messages or ()) > limits.batch_items:
        mine.append(FieldError("messages", f"must have at most {limits.batch_items} items, not {len(batch.messages)}"))
    if came.key is not None and not 0 < len(came.key) <= limits.batch_key_length:
        mine.append(FieldError("Idempotency-Key", f"must have 1 to {limits.batch_key_length} characters for a batch"))
    if mine:
        return invalid(*mine)
    items: list[SendRequest | Rejection] = []
    given = parsed.members["messages"]
    for index in range(len(batch.messages)):
        if index % _SLICE == _SLICE - 1:
            await give_way()
        items.append(_item(given[index], index, came, parsed.faults))
    return items


def _only_objects(members: dict[str, Any]) -> dict[str, Any]:
    """The list with a stand-in for each item that is no object: such an item fails alone."""
    messages = members.get("messages")
    if not isinstance(messages, list):
        return members
    return members | {"messages": [item if isinstance(item, dict) else {} for item in messages]}


class _Came(msgspec.Struct, frozen=True):
    """What holds for every item of a batch: the batch's key, when it came, the limits, the tenant's own types."""

    key: str | None
    now: datetime
    limits: Limits
    own: OwnTypes


def _item(members: Any, index: int, came: _Came, faults: list[FieldError]) -> SendRequest | Rejection:
    if not isinstance(members, dict):
        return invalid(FieldError("", "must be an object"))
    before = f"messages[{index}]."
    own = [FieldError(fault.path.removeprefix(before), fault.message) for fault in faults if fault.path.startswith(before)]
    return read_members(members, None if came.key is None else f"{came.key}#{index}", own, came.now, came.limits, came.own)


def _result(index: int, outcome: Accepted | Rejection) -> BatchSent | BatchRefused:
    if isinstance(outcome, Rejection):
        return BatchRefused(index=index, error=problem(outcome))
    return BatchSent(index=index, **_reply(outcome))


def _reply(outcome: Accepted) -> dict[str, Any]:
    return {
        "id": outcome.id,
        "status": outcome.status,
        "deliver_by": None if outcome.deliver_by is None else iso_millis(outcome.deliver_by),
        "duplicate": outcome.duplicate,
        "deliveries": outcome.deliveries,
        "warnings": outcome.warnings,
    }
