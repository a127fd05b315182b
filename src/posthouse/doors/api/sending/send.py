"""``POST /v1/send`` and ``POST /v1/send/batch``: a request becomes a ``SendRequest``, the intake's result becomes JSON.

This is the hot path: one JSON pass, one check against the Struct, no copy of the body. 202 comes after the commit.

Must never know: how a message is accepted; which rules a request must keep (``policy.accept``).
"""

import asyncio
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.api.sending.limit_schemas import (
    apply_batch_limits,
    apply_send_limits,
    describe_batch_size,
    describe_send_size,
)
from posthouse.doors.api.sending.rate_limit import respond_if_allowed
from posthouse.doors.api.sending.send_request import FaultyRequest, parse_members, parse_send, reject
from posthouse.doors.api.shared.fields import BatchBody, SendBody
from posthouse.doors.api.shared.parts import ApiParts
from posthouse.doors.api.shared.requests import no_parameters
from posthouse.doors.http import body
from posthouse.doors.http.answer import answer, encoded
from posthouse.doors.http.endpoint import Endpoint, Parameter, ResponseDoc
from posthouse.doors.http.problem import Problem, problem, refuse
from posthouse.doors.http.query import Query
from posthouse.doors.http.validation import validate
from posthouse.model.limits import Limits
from posthouse.model.send_request import Accepted, Caller, FieldError, Rejection, SendRequest, invalid
from posthouse.model.time_format import iso_millis
from posthouse.model.views.sending import DryRunReply, SendReply
from posthouse.telemetry import metrics

MESSAGE_LINKS: Final = ("getMessage", "getRaw", "getContent", "cancel", "resend")
_SLICE: Final = 4  # items of a batch that are parsed before others get their turn
_LARGE: Final = 64 * 1024


class BatchSent(SendReply, frozen=True, kw_only=True, rename="camel"):
    """An item of a batch that was accepted."""

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
    """Send one message."""
    dry_run = _read_dry_run(request)
    if isinstance(dry_run, Rejection):
        return refuse(dry_run)
    message = await _read_send(parts, caller, request)
    if isinstance(message, Rejection):
        metrics.REJECTED.labels(caller.door, message.code).inc()
    return await respond_if_allowed(parts, caller, (message,), partial(_accept, parts, caller, message, dry_run=dry_run))


def _read_dry_run(request: Request) -> bool | Rejection:
    # Nearly every request has no query: nothing is parsed then.
    if not request.scope["query_string"]:
        return False
    query = Query(request.query_params, ("dryRun",))
    dry_run = query.flag("dryRun")
    return invalid(*query.faults) if query.faults else dry_run


async def _read_send(parts: ApiParts, caller: Caller, request: Request) -> SendRequest | Rejection:
    """The message in the body."""
    data = await body.receive_json(request, parts.limits.message_bytes, parts.body_seconds)
    if isinstance(data, Rejection):
        return data
    key = _idempotency_key(request)
    if isinstance(key, Rejection):
        return key
    message = parse_send(data, key, parts.limits)
    if not isinstance(message, FaultyRequest):
        return message
    # The tenant's own types are loaded only where a faulty message names one, so that no other request waits for them.
    own_types = await parts.own_types(caller.tenant, "") if message.names_unknown_type else {}
    return reject(message, parts.clock.now(), parts.limits, own_types)


def _idempotency_key(request: Request) -> str | Rejection | None:
    """The Idempotency-Key header. Two that differ are refused: either could be the one that a retry repeats."""
    keys = set(request.headers.getlist("idempotency-key"))
    if len(keys) > 1:
        return invalid(FieldError("Idempotency-Key", "stands twice with different values: give one of them"))
    return keys.pop() if keys else None


async def _accept(parts: ApiParts, caller: Caller, message: SendRequest | Rejection, *, dry_run: bool) -> Response:
    if isinstance(message, Rejection):
        return refuse(message)
    return await _explain(parts, caller, message) if dry_run else send_response(await parts.intake.accept(caller, message))


async def _explain(parts: ApiParts, caller: Caller, message: SendRequest) -> Response:
    outcome = await parts.intake.explain(caller, message)
    if isinstance(outcome, Rejection):
        return refuse(outcome)
    accepted, explanation = outcome
    return answer(DryRunReply(**_reply_fields(accepted), explanation=explanation), 202)


def send_response(outcome: Accepted | Rejection) -> Response:
    """The intake's result as HTTP."""
    if isinstance(outcome, Rejection):
        return refuse(outcome)
    headers = {"Idempotency-Replayed": "true"} if outcome.duplicate else None
    return encoded(SendReply(**_reply_fields(outcome)), 202, headers)


async def send_batch(parts: ApiParts, caller: Caller, request: Request) -> Response:
    """Send many messages, each for itself."""
    if (wrong := no_parameters(request)) is not None:
        return wrong
    messages = await _read_batch(parts, caller, request)
    counted = (messages,) if isinstance(messages, Rejection) else messages
    return await respond_if_allowed(parts, caller, counted, partial(_accept_many, parts, caller, messages))


async def _accept_many(parts: ApiParts, caller: Caller, messages: list[SendRequest | Rejection] | Rejection) -> Response:
    if isinstance(messages, Rejection):
        return refuse(messages)
    outcomes = await parts.intake.accept_many(caller, messages)
    return encoded(BatchReply(tuple(_batch_result(index, outcome) for index, outcome in enumerate(outcomes))))


async def _read_batch(parts: ApiParts, caller: Caller, request: Request) -> list[SendRequest | Rejection] | Rejection:
    """The messages in the body; only what is wrong with the list itself rejects all of them."""
    data = await body.receive_json(request, parts.limits.batch_bytes, parts.body_seconds)
    if isinstance(data, Rejection):
        return data
    parsed, key = await _decode(data), _idempotency_key(request)
    if isinstance(parsed, Rejection):
        return parsed
    if isinstance(key, Rejection):
        return key
    faults = _check_batch(parsed, key, parts.limits)
    if faults:
        return invalid(*faults)
    now, own_types = parts.clock.now(), await parts.own_types(caller.tenant, "")
    messages: list[SendRequest | Rejection] = []
    for index, item in enumerate(parsed.members["messages"]):
        if index % _SLICE == _SLICE - 1:
            await parts.intake.give_way()
        message = _parse_item(item, index, key, parsed.faults, parts.limits)
        messages.append(reject(message, now, parts.limits, own_types) if isinstance(message, FaultyRequest) else message)
    return messages


async def _decode(data: bytes) -> body.ParsedBody | Rejection:
    """A large body is decoded in a thread, so that a single send that comes meanwhile does not wait for it."""
    return await asyncio.to_thread(body.decode, data) if len(data) > _LARGE else body.decode(data)


def _check_batch(parsed: body.ParsedBody, key: str | None, limits: Limits) -> list[FieldError]:
    """What is wrong with the list itself."""
    faults = [fault for fault in parsed.faults if not fault.path.startswith("messages[")]
    batch = validate(_with_objects_only(parsed.members), BatchBody, faults)
    if len(batch.messages or ()) > limits.batch_items:
        faults.append(FieldError("messages", f"must have at most {limits.batch_items} items, not {len(batch.messages)}"))
    if key is not None and not 0 < len(key) <= limits.batch_key_length:
        faults.append(FieldError("Idempotency-Key", f"must have 1 to {limits.batch_key_length} characters for a batch"))
    return faults


def _with_objects_only(members: dict[str, Any]) -> dict[str, Any]:
    """The list with an empty object for each item that is no object: such an item is rejected alone."""
    messages = members.get("messages")
    if not isinstance(messages, list):
        return members
    return members | {"messages": [item if isinstance(item, dict) else {} for item in messages]}


def _parse_item(
    members: Any, index: int, batch_key: str | None, faults: list[FieldError], limits: Limits
) -> SendRequest | FaultyRequest | Rejection:
    if not isinstance(members, dict):
        return invalid(FieldError("", "must be an object"))
    prefix = f"messages[{index}]."
    item_faults = [FieldError(each.path.removeprefix(prefix), each.message) for each in faults if each.path.startswith(prefix)]
    return parse_members(members, None if batch_key is None else f"{batch_key}#{index}", item_faults, limits)


def _batch_result(index: int, outcome: Accepted | Rejection) -> BatchSent | BatchRefused:
    if isinstance(outcome, Rejection):
        return BatchRefused(index=index, error=problem(outcome))
    return BatchSent(index=index, **_reply_fields(outcome))


def _reply_fields(outcome: Accepted) -> dict[str, Any]:
    return {
        "id": outcome.id,
        "status": outcome.status,
        "deliver_by": None if outcome.deliver_by is None else iso_millis(outcome.deliver_by),
        "duplicate": outcome.duplicate,
        "deliveries": outcome.deliveries,
        "warnings": outcome.warnings,
    }


_SEND_EXAMPLES: Final[dict[str, Any]] = {
    "passwordReset": {
        "summary": "A ready-made template with variables",
        "value": {
            "to": "user@example.com", "from": "noreply@yoursite.com", "template": "password-reset",
            "variables": {"reset_link": "https://yoursite.com/reset?token=xyz", "user_name": "John"},
        },
    },
    "orderConfirmation": {
        "summary": "Once, however often it is asked for",
        "value": {
            "to": "customer@example.com", "template": "order-confirmation", "dedupeKey": "order-confirm:ord_abc123:v1",
            "payload": {"orderId": "ord_abc123", "total": "$49.99"},
        },
    },
    "ownContent": {
        "summary": "Content of one's own, with a file",
        "value": {
            "to": [{"email": "jane@example.com", "name": "Jane Doe"}], "from": "Shop <noreply@shop.example>",
            "subject": "Your receipt", "html": "<p>Thank you for your order.</p>", "type": "receipt",
            "attachments": [{"filename": "receipt.txt", "content": "VGhhbmsgeW91IQ==", "contentType": "text/plain"}],
            "tags": ["checkout"], "metadata": {"order": "12345"},
        },
    },
}  # fmt: skip
_BATCH_EXAMPLES: Final[dict[str, Any]] = {
    "two": {
        "summary": "Two messages",
        "value": {
            "messages": [
                {"to": "a@example.com", "from": "noreply@shop.example", "subject": "Hello", "text": "Hello A"},
                {"to": "b@example.com", "from": "noreply@shop.example", "subject": "Hello", "text": "Hello B"},
            ]
        },
    }
}
ENDPOINTS: Final = (
    Endpoint(
        method="POST", path="/v1/send", handler=send, operation_id="send", summary="Send one message", tag="Send", body=SendBody,
        body_size=describe_send_size, apply_limits=apply_send_limits, examples=_SEND_EXAMPLES, is_idempotent=True, is_rate_limited=True,
        query=(Parameter("dryRun", "Everything but the send.", {"type": "boolean", "default": False}),),
        responses={
            202: ResponseDoc(
                "Taken, durably; or a duplicate's first reply again. With dryRun, what would happen.", SendReply, DryRunReply,
                headers=("Idempotency-Replayed",), links=MESSAGE_LINKS,
            )
        },
        refusals=("forbidden", "domain_not_verified", "idempotency_conflict", "variable_invalid", "template_not_active", "content_refused", "no_route"),
    ),
    Endpoint(
        method="POST", path="/v1/send/batch", handler=send_batch, operation_id="sendBatch", summary="Send many messages, each for itself", tag="Send",
        body=BatchBody, body_size=describe_batch_size, apply_limits=apply_batch_limits, component_types=(SendBody, BatchSent, BatchRefused),
        examples=_BATCH_EXAMPLES, is_idempotent=True, is_rate_limited=True,
        responses={200: ResponseDoc("A result for each message, in order.", BatchReply)},
    ),
)  # fmt: skip
