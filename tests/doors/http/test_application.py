"""What holds for every path: request ids, keys, methods, and that nothing breaks out."""

import asyncio
import contextlib
import io
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from posthouse.pipeline.accept.accept import StoreUnavailable
from posthouse.store.postgres.database import Database
from tests.support.asgi import Answer
from tests.support.http_door import KEYED, HttpDoor, Reasons, open_door
from tests.support.postgres import NOW

LETTER = {"to": "jane@example.com", "from": "noreply@shop.example", "text": "Hello"}
ID = "msg_00000000000000000000000000"
PATHS = [(method, path.replace("{id}", ID)) for method, path in KEYED]

NO_KEYS = (
    None,
    "",
    "Bearer",
    "Bearer x",
    "Basic eDp5",
    "Bearer ph_live_" + "0" * 42,
    "Bearer " + "x" * 5000,
    "Bearer ph_test_\xfc",
)


def has_id(answer: Answer) -> bool:
    return answer.headers["request-id"].startswith("req_") and not answer.repeated


async def test_every_answer_carries_a_request_id(door: HttpDoor) -> None:
    for path in (
        "/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/v1/messages",
        "/v1/send",
        "/nothing",
        "/v1/messages/",
    ):
        for method in ("GET", "HEAD", "POST", "PUT", "TRACE", "OPTIONS", "get", "NONSENSE"):
            assert has_id(await door.ask(method, path)), (method, path)


async def test_no_two_requests_share_an_id(door: HttpDoor) -> None:
    seen = {(await door.ask("GET", "/healthz")).headers["request-id"] for _ in range(20)}
    assert len(seen) == 20


async def test_no_keyed_endpoint_answers_without_a_key(door: HttpDoor) -> None:
    for method, path in PATHS:
        for header in NO_KEYS:
            answer = await door.ask(method, path, key=None, headers={} if header is None else {"Authorization": header})
            assert (answer.status, answer.code()) == (401, "unauthenticated"), (method, path, header)
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_scheme_may_be_written_in_any_case(door: HttpDoor) -> None:
    answer = await door.ask("GET", "/v1/messages", key=None, headers={"Authorization": f"bearer  {door.test}"})
    assert answer.status == 200


async def test_a_wrong_method_gets_the_right_ones_in_allow(door: HttpDoor) -> None:
    answer = await door.ask("PUT", "/v1/inbox")
    assert (answer.status, answer.code()) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, DELETE, HEAD"
    assert "allow" not in (await door.ask("GET", "/v2")).headers


class Failing:
    """An intake that fails with a given error."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def accept(self, *_: Any, **__: Any) -> Any:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [StoreUnavailable(), StoreUnavailable(disk_full=True), ConnectionRefusedError(), TimeoutError(), ValueError("secret marker")],
)
async def test_every_failure_is_answered_as_unavailable(database: Database, error: BaseException) -> None:
    door = await open_door(database, NOW, intake=Failing(error))
    with contextlib.redirect_stdout(io.StringIO()):
        answer = await door.ask("POST", "/v1/send", LETTER)
    assert (answer.status, answer.code()) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert has_id(answer)
    assert b"secret marker" not in answer.body


async def test_a_bug_is_logged_by_place_and_never_by_what_it_says(database: Database) -> None:
    door = await open_door(database, NOW, intake=Failing(ValueError("secret marker jane@example.com")))
    with structlog.testing.capture_logs() as lines:
        answer = await door.ask("POST", "/v1/send", LETTER)
    assert lines[0]["request"] == answer.headers["request-id"]
    assert lines[0]["kind"] == "ValueError"
    assert "test_application.py" in lines[0]["at"][-1]
    assert "secret marker" not in repr(lines)


async def test_a_client_that_hangs_up_gets_no_answer(door: HttpDoor) -> None:
    answer = await door.ask("POST", "/v1/send", chunks=[b'{"to"', None])
    assert (answer.status, answer.body) == (0, b"")


async def test_a_database_that_is_away_is_unavailable_for_reads(database: Database) -> None:
    door = await open_door(database, NOW)
    await door.ask("GET", "/v1/messages")
    await database.close()
    answer = await door.ask("GET", "/v1/messages")
    assert (answer.status, answer.code()) == (503, "unavailable")


async def test_health_says_ok_and_readiness_says_why_not(door: HttpDoor) -> None:
    assert (await door.ask("GET", "/healthz", key=None)).json() == {"status": "ok"}
    assert (await door.ask("GET", "/readyz", key=None)).json() == {"status": "ready"}
    door.reasons.append("The database is away.")
    answer = await door.ask("GET", "/readyz", key=None)
    assert (answer.status, answer.code()) == (503, "unavailable")
    assert answer.json()["reasons"] == ["The database is away."]


async def test_a_relay_that_is_down_is_a_reason_only_for_who_asks_for_sending(database: Database) -> None:
    reasons = Reasons(())
    reasons.sending = ("no route can be used",)
    door = await open_door(database, NOW, readiness=reasons)
    assert (await door.ask("GET", "/readyz", key=None)).status == 200
    answer = await door.ask("GET", "/readyz", key=None, query={"for": "sending"})
    assert (answer.status, answer.json()["reasons"]) == (503, ["no route can be used"])
    assert (await door.ask("GET", "/readyz", key=None, query={"for": "mail"})).code() == "validation_failed"


async def test_metrics_are_for_this_machine_and_for_who_has_the_token(database: Database) -> None:
    door = await open_door(database, NOW, metrics_token="for prometheus")
    behind_a_proxy = {"X-Forwarded-For": "192.0.2.1"}
    assert (await door.ask("GET", "/metrics", key=None)).status == 200
    assert (await door.ask("GET", "/metrics", key=None, headers=behind_a_proxy)).code() == "forbidden"
    assert (await door.ask("GET", "/metrics", key="for prometheus", headers=behind_a_proxy)).status == 200
    assert (await door.ask("GET", "/metrics", key="for nobody", headers=behind_a_proxy)).code() == "forbidden"


async def test_no_answer_may_be_taken_for_another_type(door: HttpDoor) -> None:
    for path in ("/healthz", "/nowhere", "/metrics", "/openapi.json", "/v1/messages", "/messages"):
        answer = await door.ask("GET", path)
        assert answer.headers["x-content-type-options"] == "nosniff", path


async def test_wrong_keys_are_counted_and_said_with_the_peer(door: HttpDoor) -> None:
    with capture_logs() as lines:
        for _ in range(9):
            assert (await door.ask("GET", "/v1/messages", key="ph_live_wrong")).code() == "unauthenticated"
    assert {(line["event"], line["door"]) for line in lines} == {("key refused", "http")}
    assert 1 <= len(lines) < 9
    assert all(line["peer"] for line in lines)


async def test_metrics_are_for_prometheus(door: HttpDoor) -> None:
    await door.send()
    answer = await door.ask("GET", "/metrics", key=None)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert b"posthouse_accepted_total" in answer.body


async def test_a_hundred_at_once_all_get_their_own_answer(door: HttpDoor) -> None:
    answers = await asyncio.gather(*(door.ask("POST", "/v1/send", LETTER | {"subject": str(n)}) for n in range(100)))
    assert len({answer.json()["id"] for answer in answers}) == 100
