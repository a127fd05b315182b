"""S-17: nobody makes us knock at doors inside. The listener on loopback counts the connections: there are none."""

import pytest

from posthouse.model.http import HttpRequest, HttpResponse, NoAnswer, NoAnswerReason
from posthouse.net.clock import SystemClock
from posthouse.net.http.client import HttpClient
from tests.support.http_stranger import Names, answer, stranger

INSIDE = [
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://x.localhost:{port}/", "http://[::1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/", "http://[64:ff9b::7f00:1]:{port}/", "http://[::127.0.0.1]:{port}/",
    "http://[2002:7f00:1::]:{port}/", "http://0.0.0.0:{port}/", "http://[::]:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/",
    "http://0177.0.0.1:{port}/", "http://127.1:{port}/", "http://good.example@127.0.0.1:{port}/", "http://127.0.0.1:{port}\\@good.example/",
    "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://192.168.1.1/", "http://100.64.0.1/", "http://[fd00:ec2::254]/",
    "http://[fe80::1]/", "file:///etc/passwd", "gopher://127.0.0.1:{port}/", "unix:///run/x.sock", "http://inside.example:{port}/",
    "http://１２７.0.0.1:{port}/",
]  # fmt: skip


def post(url: str) -> HttpRequest:
    return HttpRequest(method="POST", url=url, body=b"{}", repeatable=True)


@pytest.mark.parametrize("url", INSIDE)
async def test_no_spelling_of_an_inside_address_is_connected_to(url: str) -> None:
    names = Names(inside_example=[("127.0.0.1",)])
    async with stranger(answer()) as there:
        http = HttpClient(names, SystemClock())
        found = await http.send(post(url.format(port=there.port)))
        await http.close()
        assert isinstance(found, NoAnswer)
        assert found.reason in {NoAnswerReason.PRIVATE_ADDRESS, NoAnswerReason.URL}
        assert there.connections == 0


async def test_a_name_that_changes_its_mind_between_check_and_connection_gains_nothing() -> None:
    names = Names(rebind_example=[("203.0.113.1",), ("127.0.0.1",), ("8.8.8.8", "127.0.0.1"), ("127.0.0.1",)])
    async with stranger(answer()) as there:
        http = HttpClient(names, SystemClock())
        for _ in range(2):
            found = await http.send(post(f"http://rebind.example:{there.port}/"))
            assert isinstance(found, NoAnswer)
        await http.close()
        assert names.looked == 2
        assert there.connections == 0


async def test_the_address_that_was_judged_is_the_one_that_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    dialled: list[str] = []

    async def dial(_: HttpClient, __: object, ___: object, address: str) -> None:
        dialled.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(HttpClient, "_dial", dial)
    names = Names(rebind_example=[("8.8.8.8", "127.0.0.1", "::ffff:10.0.0.1", "2606:4700::1111")])
    http = HttpClient(names, SystemClock())
    await http.send(post("https://rebind.example/"))
    assert dialled == ["8.8.8.8", "2606:4700::1111"]
    assert names.looked == 1


async def test_a_redirect_inside_is_an_answer_and_not_a_way() -> None:
    async with stranger(answer()) as inside:
        async with stranger(answer("307 Temporary Redirect", b"", f"Location: http://127.0.0.1:{inside.port}/")) as outside:
            http = HttpClient(Names(), SystemClock())
            found = await http.send(post(outside.url()), trusted=True)
            await http.close()
            assert isinstance(found, HttpResponse)
            assert found.status == 307
        assert inside.connections == 0


async def test_a_trusted_connection_at_rest_is_not_lent_to_strangers() -> None:
    async with stranger(answer()) as there:
        http = HttpClient(Names(), SystemClock())
        assert isinstance(await http.send(post(there.url()), trusted=True), HttpResponse)
        found = await http.send(post(there.url()))
        await http.close()
        assert isinstance(found, NoAnswer)
        assert found.reason is NoAnswerReason.PRIVATE_ADDRESS
        assert there.connections == 1
