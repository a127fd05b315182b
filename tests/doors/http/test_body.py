"""How strictly a body is read."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from posthouse.doors.http import body
from posthouse.doors.http.body import ParsedBody
from posthouse.doors.http.problem import refuse
from posthouse.model.send_request import Rejection
from tests.support.asgi import ask

LIMIT = 100


def refused(data: bytes) -> Rejection:
    found = body.decode(data)
    assert isinstance(found, Rejection)
    return found


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{} x",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": 01}',
        b'{"a": "\x01"}',
        b'{"a": "\\x"}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b'{"a": 18446744073709551616}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 1, "a": 2}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"v": {"b": {"c": 1, "c": 1}}}',
        b'{"a": ' + b"[" * 64 + b"]" * 64 + b"}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
)
def test_what_is_no_strict_json_is_refused(data: bytes) -> None:
    assert refused(data).code == "invalid_json"


def test_a_member_given_twice_is_named() -> None:
    assert "'to'" in refused(b'{"to": "a@b.example", "to": "c@d.example"}').detail


@pytest.mark.parametrize("data", [b"[]", b'"x"', b"1", b"null", b"true"])
def test_a_body_that_is_no_object_is_not_valid(data: bytes) -> None:
    assert refused(data).code == "validation_failed"


def test_sixty_four_levels_are_read() -> None:
    assert isinstance(body.decode(b'{"a": ' + b"[" * 63 + b"]" * 63 + b"}"), ParsedBody)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (rb'{"subject": "a\u0000b"}', "subject"),
        (rb'{"subject": "\ud800"}', "subject"),
        (rb'{"to": ["a", {"name": "\udfff x"}]}', "to[1].name"),
        (rb'{"variables": {"a": [{"b": "\uD83D"}]}}', "variables.a[0].b"),
        (rb'{"a\u0000": 1}', r"a\x00"),
        (rb'{"metadata": {"\ud800": "x"}}', r"metadata.\ud800"),
    ],
)
def test_what_is_no_text_is_a_fault_with_its_path(data: bytes, path: str) -> None:
    parsed = body.decode(data)
    assert isinstance(parsed, ParsedBody)
    assert [fault.path for fault in parsed.faults] == [path]
    parsed.faults[0].path.encode()


def test_a_whole_surrogate_pair_is_text() -> None:
    assert body.decode(rb'{"a": "\ud83d\ude00"}') == ParsedBody({"a": "\U0001f600"}, [])


@settings(max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(),
        lambda inner: st.lists(inner, max_size=3),
        max_leaves=8,
    )
)
def test_what_a_good_client_writes_is_what_is_read(value: Any) -> None:
    parsed = body.decode(json.dumps({"v": value}).encode())
    assert isinstance(parsed, ParsedBody)
    if not parsed.faults:
        assert parsed.members == {"v": value}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:

    data = await body.receive_json(Request(scope, receive), LIMIT, 0.05)
    await (refuse(data) if isinstance(data, Rejection) else Response(data))(scope, receive, send)


async def test_a_body_in_many_pieces_is_one_body() -> None:
    answer = await ask(echo, "POST", "/", chunks=[b'{"a"', b"", b": 1}"])
    assert (answer.status, answer.body) == (200, b'{"a": 1}')


@pytest.mark.parametrize("chunks", [[b"x" * 101], [b"x" * 60, b"x" * 60], [b"x" * 100, b"x"]])
async def test_a_body_beyond_the_limit_is_refused_while_it_arrives(chunks: list[bytes]) -> None:
    answer = await ask(echo, "POST", "/", chunks=chunks)
    assert (answer.status, answer.code()) == (413, "too_large")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("headers", "read"), [({}, 3), ({"Content-Length": "150"}, 3), ({"Content-Length": "150", "Expect": "100-continue"}, 0)]
)
async def test_what_comes_all_the_same_is_discarded_before_the_answer(headers: dict[str, str], read: int) -> None:
    """Or a client that has not sent everything finds its connection reset instead of the answer."""
    taken = 0

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        async def counted() -> Message:
            nonlocal taken
            taken += 1
            return await receive()

        await echo(scope, counted, send)

    answer = await ask(counting, "POST", "/", chunks=[b"x" * 60, b"x" * 60, b"x" * 30], headers=headers)
    assert (answer.code(), taken) == ("too_large", read)


async def test_discarding_has_an_end() -> None:
    answer = await ask(echo, "POST", "/", chunks=[b"x" * 60] * 100)
    assert answer.code() == "too_large"


@pytest.mark.parametrize("length", ["101", "9" * 400])
async def test_a_length_beyond_the_limit_is_refused_before_anything_is_read(length: str) -> None:
    answer = await ask(echo, "POST", "/", chunks=[None], headers={"Content-Length": length})
    assert answer.status == 413


async def test_exactly_the_limit_is_taken() -> None:
    assert (await ask(echo, "POST", "/", chunks=[b"x" * 100])).status == 200


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ('Application/JSON;charset="UTF-8"', 200),
        ("application/json; charset=latin-1", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonx", 415),
        ("", 415),
    ],
)
async def test_only_json_in_utf_8_is_read(kind: str, status: int) -> None:
    assert (await ask(echo, "POST", "/", chunks=[b"{}"], headers={"Content-Type": kind})).status == status


async def test_a_compressed_body_is_not_unpacked() -> None:
    answer = await ask(echo, "POST", "/", chunks=[b"{}"], headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.code()) == (415, "unsupported_media_type")


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0 if first.pop() else 5)
        return {"type": "http.request", "body": b"{", "more_body": True}

    first = [False, True]
    scope = {
        "type": "http",
        "headers": [(b"content-type", b"application/json")],
        "method": "POST",
        "path": "/",
        "query_string": b"",
    }
    found = await body.receive_json(Request(scope, receive), LIMIT, 0.05)
    assert isinstance(found, Rejection)
