"""How a request's body becomes JSON: bounded while it arrives, and read strictly (RFC 8259, I-JSON where it matters).

Refused as ``invalid_json``: what is no JSON, invalid UTF-8, an object that names a member twice, nesting
deeper than 64, NaN, and numbers that no 64 bits hold. NUL and lone surrogates are legal JSON but no text:
each is a field error with its path, and its value counts as absent from there on.

The standard library's decoder is used on purpose: it is the one that can see a repeated member, at
7 µs for 4 KB. Never log what is read here.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import MutableMapping
from enum import Enum, auto
from typing import Any, Final, NoReturn

import msgspec
from starlette.requests import ClientDisconnect, Request

from posthouse.doors.http.limits import DEPTH
from posthouse.model.send_request import FieldError, Rejection

_SUSPICIOUS: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_LARGEST: Final = (1 << 64) - 1
_SMALLEST: Final = -(1 << 63)
_NO_TEXT: Final = "must not contain NUL or half of a surrogate pair"
_TOO_LARGE: Final = Rejection("too_large", "The body is larger than this endpoint takes.")
_PRINTED_LENGTH: Final = 64
_DISCARDED_LIMITS: Final = 4  # how many times the limit is read and dropped


class ParsedBody(msgspec.Struct, frozen=True):
    """A decoded body: its members, and which of its strings are no text."""

    members: dict[str, Any]
    faults: list[FieldError]


class _InvalidJson(ValueError):
    """JSON that breaks a rule of ours, raised by the decoder's hooks."""


class UnreadBody(Enum):
    """Why a body was not read to its end."""

    TOO_LARGE = auto()
    TOO_SLOW = auto()


async def receive(request: Request, limit: int, seconds: float) -> bytes | UnreadBody:
    """The whole body of any media type, at most ``limit`` bytes within ``seconds``; nothing beyond the limit is kept in
    memory.
    """
    if _is_announced_too_large(request, limit):
        if "expect" not in request.headers:  # a client that waits for 100 Continue sends nothing
            await discard(request, _DISCARDED_LIMITS * limit, seconds)
        return UnreadBody.TOO_LARGE
    try:
        async with asyncio.timeout(seconds):  # a body may never begin, too
            first = await _next_message(request)
            data: bytes = first.get("body", b"")
            if first.get("more_body"):
                return await _receive_rest(request, data, limit, seconds)
    except TimeoutError:
        return UnreadBody.TOO_SLOW
    return data if len(data) <= limit else UnreadBody.TOO_LARGE


async def receive_json(request: Request, limit: int, seconds: float) -> bytes | Rejection:
    """The same for a body that must be JSON by its Content-Type."""
    rejection = _check_media_type(request)
    if rejection is not None:
        return rejection
    data = await receive(request, limit, seconds)
    if data is UnreadBody.TOO_SLOW:
        return Rejection("invalid_json", f"The body did not arrive within {seconds:g} seconds.")
    return _TOO_LARGE if data is UnreadBody.TOO_LARGE else data


async def discard(request: Request, limit: int, seconds: float) -> None:
    """Read and drop at most ``limit`` bytes: many clients read no response before they have sent everything (RFC 9112 9.6)."""
    with contextlib.suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(seconds):
            while limit > 0:
                message = await _next_message(request)
                limit -= len(message.get("body", b""))
                if not message.get("more_body"):
                    return


def _check_media_type(request: Request) -> Rejection | None:
    headers = request.headers
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if media_type.strip().lower() != "application/json" or charset not in ("", "charset=utf-8", "charset=utf8"):
        return Rejection("unsupported_media_type", "Send the body as Content-Type: application/json, in UTF-8.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        return Rejection("unsupported_media_type", "Send the body without Content-Encoding.")
    return None


def _is_announced_too_large(request: Request, limit: int) -> bool:
    length = request.headers.get("content-length", "")
    # Fifteen digits are more than any limit, and int() of thousands would raise.
    return length.isdigit() and (len(length) > 15 or int(length) > limit)


async def _receive_rest(request: Request, first: bytes, limit: int, seconds: float) -> bytes | UnreadBody:
    parts, size = [first], len(first)
    while size <= limit:
        message = await _next_message(request)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body"):
            return b"".join(parts) if size <= limit else UnreadBody.TOO_LARGE
    await discard(request, _DISCARDED_LIMITS * limit, seconds)
    return UnreadBody.TOO_LARGE


async def _next_message(request: Request) -> MutableMapping[str, Any]:
    message = await request.receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return message


def decode(data: bytes) -> ParsedBody | Rejection:
    """The JSON object in ``data``, or why there is none."""
    try:
        value = _DECODER.decode(data.decode())
    except UnicodeDecodeError as fault:
        return Rejection("invalid_json", f"The body is not UTF-8: byte {fault.start} cannot be read.")
    except RecursionError:
        return _too_deep()
    except ValueError as fault:  # JSONDecodeError, our hooks, and int() on thousands of digits
        return Rejection("invalid_json", _detail(fault))
    if not isinstance(value, dict):
        return Rejection("validation_failed", "The body must be a JSON object.", (FieldError("", "must be an object"),))
    if data.count(b"[") + data.count(b"{") > DEPTH and _deeper_than(value, DEPTH):
        return _too_deep()
    faults: list[FieldError] = []
    if _SUSPICIOUS.search(data):
        value = _without_broken_text(value, "", faults)
    return ParsedBody(value, faults)


def printable(name: str) -> str:
    """A caller's own name for something, safe to put into a response: short, and encodable."""
    short = name if len(name) <= _PRINTED_LENGTH else name[:_PRINTED_LENGTH] + "…"
    return short.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def member_path(path: str, name: str) -> str:
    """The path of a member."""
    return f"{path}.{printable(name)}" if path else printable(name)


def _too_deep() -> Rejection:
    return Rejection("invalid_json", f"The body is nested deeper than {DEPTH} levels.")


def _detail(fault: ValueError) -> str:
    if isinstance(fault, json.JSONDecodeError):
        return f"{fault.msg} at line {fault.lineno} column {fault.colno}."
    return str(fault) if isinstance(fault, _InvalidJson) else "A number is too long."


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        repeated = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _InvalidJson(f"The member '{printable(repeated)}' stands twice in one object.")
    return members


def _integer(digits: str) -> int:
    number = int(digits)
    if not _SMALLEST <= number <= _LARGEST:
        raise _InvalidJson("A number does not fit into 64 bits.")
    return number


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise _InvalidJson("A number does not fit into 64 bits.")
    return number


def _constant(name: str) -> NoReturn:
    raise _InvalidJson(f"{name} is not JSON.")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_members, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _deeper_than(value: Any, levels: int) -> bool:
    level: list[Any] = [value]
    for _ in range(levels):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> list[Any]:
    items = value.values() if isinstance(value, dict) else value
    return [inner for inner in items if isinstance(inner, dict | list)]


def _without_broken_text(value: Any, path: str, faults: list[FieldError]) -> Any:
    """The value without the strings that are no text; each is a fault with its path."""
    if isinstance(value, str):
        return _text(value, path, faults)
    if isinstance(value, list):
        return [_without_broken_text(item, f"{path}[{index}]", faults) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            name: _without_broken_text(inner, member_path(path, name), faults)
            for name, inner in value.items()
            if _text(name, member_path(path, name), faults) is not None
        }
    return value


def _text(value: str, path: str, faults: list[FieldError]) -> str | None:
    if "\0" not in value and (value.isascii() or _encodable(value)):
        return value
    faults.append(FieldError(path, _NO_TEXT))
    return None


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
