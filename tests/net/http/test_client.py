"""Asking other HTTP servers: bounds, connections that are kept, TLS, and what each trouble is called."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from posthouse.model.http import HttpRequest, HttpResponse, NoAnswer, NoAnswerReason
from posthouse.net.clock import SystemClock
from posthouse.net.http.client import HttpClient
from posthouse.net.http.limits import HttpLimits
from posthouse.net.reach import is_public
from posthouse.testing.certificates import certificate
from posthouse.testing.clock import FakeClock
from tests.support.http_stranger import Asked, Names, answer, raw, silence, stranger

QUICK = HttpLimits(total=timedelta(seconds=0.3), connect=timedelta(seconds=0.2))


@contextlib.asynccontextmanager
async def client(
    names: Names | None = None,
    *,
    limits: HttpLimits | None = None,
    private: bool = True,
    authorities: Path | None = None,
    clock: SystemClock | None = None,
) -> AsyncIterator[HttpClient]:
    made = HttpClient(
        names or Names(),
        clock or SystemClock(),
        limits=limits,
        allow_private=private,
        agent="Posthouse/test",
        authorities=authorities,
    )
    try:
        yield made
    finally:
        await made.close()


def post(url: str, body: bytes = b"{}", *, repeatable: bool = True) -> HttpRequest:
    return HttpRequest(method="POST", url=url, headers=(("Content-Type", "application/json"),), body=body, repeatable=repeatable)


def got(found: HttpResponse | NoAnswer) -> HttpResponse:
    assert isinstance(found, HttpResponse), found
    return found


def error(found: HttpResponse | NoAnswer) -> NoAnswerReason:
    assert isinstance(found, NoAnswer), found
    return found.reason


async def test_a_request_arrives_whole_and_its_answer_comes_back() -> None:
    async with stranger(answer("201 Created", b"made", "X-Thing: 1")) as there, client() as http:
        found = got(await http.send(post(there.url("/a?b=c"), b"body")))
    assert (found.status, found.body, found.header("x-thing"), found.truncated) == (201, b"made", "1", False)
    assert (found.address, found.tls) == ("127.0.0.1", "")
    (asked,) = there.asked
    assert asked.head.startswith("POST /a?b=c HTTP/1.1\r\n")
    assert asked.body == b"body"
    told = asked.headers
    assert (told["host"], told["content-type"], told["user-agent"]) == (
        f"127.0.0.1:{there.port}",
        "application/json",
        "Posthouse/test",
    )
    assert "content-encoding" not in told


async def test_a_connection_is_used_again_while_it_is_fresh() -> None:
    clock = FakeClock()
    async with stranger(answer()) as there, client(clock=clock) as http:
        for _ in range(3):
            got(await http.send(post(there.url())))
        assert there.connections == 1
        clock.advance(timedelta(minutes=1))
        got(await http.send(post(there.url())))
        assert there.connections == 2


async def test_connections_at_rest_are_bounded_by_origin_and_in_all() -> None:
    limits = HttpLimits(per_origin=2, max_idle=3)
    async with stranger(answer()) as one, stranger(answer()) as two, client(limits=limits) as http:
        await asyncio.gather(*(http.send(post(one.url())) for _ in range(5)), *(http.send(post(two.url())) for _ in range(5)))
        assert sum(len(kept) for kept in http._idle.values()) == 3 == http._idle_count
        assert all(len(kept) <= 2 for kept in http._idle.values())


async def test_what_a_server_says_unasked_is_not_the_next_answer() -> None:
    late = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", close=False)
    async with stranger(late) as there, client() as http:
        assert got(await http.send(post(there.url()))).status == 200
        assert got(await http.send(post(there.url()))).status == 200
        assert there.connections == 2


async def test_a_connection_closed_at_rest_is_made_anew_for_what_may_be_repeated() -> None:
    async def once(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if len(there.asked) != 2:
            await answer()(asked, writer)
        else:
            writer.transport.abort()

    async with stranger(once) as there, client() as http:
        got(await http.send(post(there.url())))
        got(await http.send(post(there.url())))
        assert there.connections == 2
        assert len(there.asked) == 3


async def test_what_may_not_be_repeated_is_in_doubt_instead() -> None:
    async def once(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if len(there.asked) == 1:
            await answer()(asked, writer)
        else:
            writer.transport.abort()

    async with stranger(once) as there, client() as http:
        got(await http.send(post(there.url(), repeatable=False)))
        found = await http.send(post(there.url(), repeatable=False))
        assert error(found) is NoAnswerReason.LOST
        assert isinstance(found, NoAnswer)
        assert found.fully_sent
        assert len(there.asked) == 2


async def test_redirects_are_answers() -> None:
    async with stranger(answer("302 Found", b"", "Location: http://127.0.0.1:1/x")) as there, client() as http:
        assert got(await http.send(post(there.url()))).status == 302
        assert len(there.asked) == 1


async def test_at_most_so_much_of_an_answer_is_read() -> None:
    async with stranger(answer("200 OK", b"x" * 3_000_000)) as there, client() as http:
        found = got(await http.send(post(there.url())))
        assert (len(found.body), found.truncated) == (65536, True)
        got(await http.send(post(there.url())))
        assert there.connections == 2


WRONG = {
    "no HTTP": (b"220 mail.example ESMTP\r\n\r\n", NoAnswerReason.PROTOCOL),
    "a header without end": (b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"b" * 60_000, NoAnswerReason.PROTOCOL),
    "only interim answers": (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20, NoAnswerReason.PROTOCOL),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", NoAnswerReason.PROTOCOL),
    "a body cut short": (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nxx", NoAnswerReason.LOST),
    "nothing": (b"", NoAnswerReason.LOST),
}


@pytest.mark.parametrize("case", WRONG)
async def test_an_answer_that_is_none_has_a_name(case: str) -> None:
    data, expected = WRONG[case]
    async with stranger(raw(data)) as there, client() as http:
        found = await http.send(post(there.url()))
        assert error(found) is expected
        assert isinstance(found, NoAnswer)
        assert found.fully_sent


async def test_a_server_that_says_nothing_costs_the_budget_and_no_more() -> None:
    async with stranger(silence) as there, client(limits=QUICK) as http:
        found = await http.send(post(there.url()))
        assert error(found) is NoAnswerReason.TIMED_OUT
        assert isinstance(found, NoAnswer)
        assert found.fully_sent
        assert found.duration_ms > 0


async def test_a_request_that_never_left_whole_is_not_in_doubt() -> None:
    held: list[asyncio.StreamWriter] = []

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        held.append(writer)

    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with client(limits=QUICK) as http:
        found = await http.send(post(f"http://127.0.0.1:{port}/", b"x" * 30_000_000))
    server.close()
    for writer in held:
        writer.transport.abort()
    await asyncio.sleep(0.01)
    assert error(found) is NoAnswerReason.TIMED_OUT
    assert isinstance(found, NoAnswer)
    assert not found.fully_sent


async def test_nobody_listening_is_not_reached() -> None:
    async with stranger(answer()) as there:
        pass
    async with client() as http:
        found = await http.send(post(there.url()))
    assert error(found) is NoAnswerReason.CONNECT
    assert isinstance(found, NoAnswer)
    assert not found.fully_sent


async def test_tls_is_checked_chain_and_name(tmp_path: Path) -> None:
    good = certificate(tmp_path, "hooks.example")
    names = Names(hooks_example=[("127.0.0.1",)], other_example=[("127.0.0.1",)])
    async with stranger(answer(), good.server) as there:
        async with client(names, authorities=good.authority) as http:
            found = got(await http.send(post(there.url(host="hooks.example", scheme="https"))))
            assert found.tls.startswith("TLSv1.")
            got(await http.send(post(there.url(host="hooks.example", scheme="https"))))
            assert there.connections == 1
            wrong = await http.send(post(there.url(host="other.example", scheme="https")))
            assert error(wrong) is NoAnswerReason.TLS
        async with client(names) as http:
            assert error(await http.send(post(there.url(host="hooks.example", scheme="https")))) is NoAnswerReason.TLS


async def test_a_name_without_address_is_a_trouble_of_dns() -> None:
    async with client() as http:
        assert error(await http.send(post("http://nowhere.example/"))) is NoAnswerReason.DNS


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    names = Names(hooks_example=[("127.0.0.2", "127.0.0.1")])
    async with stranger(answer()) as there, client(names) as http:
        assert got(await http.send(post(there.url(host="hooks.example")))).address == "127.0.0.1"


async def test_cancelling_leaves_no_connection_behind() -> None:
    async with stranger(silence) as there, client() as http:
        asking = asyncio.create_task(http.send(post(there.url())))
        while not there.asked:  # noqa: ASYNC110 - a stranger tells nobody
            await asyncio.sleep(0.01)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert http._idle_count == 0


@pytest.mark.parametrize(
    "address",
    ["::127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "192.0.0.8", "192.88.99.1", "5f00::1", "3fff::1", "::ffff:0:127.0.0.1"],
)
def test_what_only_looks_public_is_not(address: str) -> None:
    assert not is_public(address)
