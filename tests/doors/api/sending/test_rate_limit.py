"""A key with a rate limit over HTTP: counted by message, told in every answer, refused with the time to wait."""

from datetime import timedelta
from typing import Any

import pytest

from posthouse.store.tenants.credentials import REMEMBERED
from tests.support.asgi import Answer
from tests.support.http_door import HttpDoor

BODY = {"to": "jane@example.com", "from": "noreply@shop.example", "subject": "Hello", "text": "Hello"}
CODE = BODY | {"type": "two_factor_code"}


async def limited(door: HttpDoor, rate: int) -> str:
    made = await door.ask("POST", "/v1/keys", {"ratePerMinute": rate})
    assert made.json()["ratePerMinute"] == rate
    return str(made.json()["key"])


def standing(answer: Answer) -> tuple[int, int, int]:
    limit, remaining, reset = (int(answer.headers[f"ratelimit-{name}"]) for name in ("limit", "remaining", "reset"))
    return limit, remaining, reset


async def test_a_key_without_a_limit_is_told_of_none(door: HttpDoor) -> None:
    answer = await door.ask("POST", "/v1/send", BODY)
    assert answer.status == 202
    assert not [name for name in answer.headers if name.startswith("ratelimit")]


async def test_what_is_left_is_told_and_beyond_it_is_refused_with_the_wait(door: HttpDoor) -> None:
    key = await limited(door, 2)
    for left in (1, 0):
        taken = await door.ask("POST", "/v1/send", BODY, key=key)
        assert (taken.status, standing(taken)) == (202, (2, left, 60 - 30 * left))
    refused = await door.ask("POST", "/v1/send", BODY, key=key)
    assert (refused.status, refused.code(), refused.headers["retry-after"]) == (429, "rate_limited", "30")
    assert standing(refused) == (2, 0, 30)
    assert refused.json()["detail"] == "This key may ask for 2 messages a minute; 1 more fits in 30 seconds."
    door.clock.advance(timedelta(seconds=30))
    assert (await door.ask("POST", "/v1/send", BODY, key=key)).status == 202


async def test_codes_have_a_bucket_of_their_own_either_way(door: HttpDoor) -> None:
    for flood, spared in ((BODY, CODE), (CODE, BODY)):
        key = await limited(door, 1)
        assert (await door.ask("POST", "/v1/send", flood, key=key)).status == 202
        refused = await door.ask("POST", "/v1/send", flood, key=key)
        assert refused.status == 429
        assert ("authentication" in refused.json()["detail"]) is (flood is CODE)
        assert (await door.ask("POST", "/v1/send", spared, key=key)).status == 202


async def test_the_template_and_the_key_say_what_is_authentication_too(door: HttpDoor) -> None:
    made = await door.ask("POST", "/v1/keys", {"ratePerMinute": 1, "type": "magic_link"})
    key = made.json()["key"]
    by_template = {
        "to": "jane@example.com",
        "template": "password-reset",
        "variables": {"user_name": "Jane", "reset_link": "https://x.example/r"},
    }
    answers = [await door.ask("POST", "/v1/send", body, key=key) for body in (BODY, by_template, BODY | {"type": "receipt"})]
    assert [answer.status for answer in answers] == [202, 429, 202]


async def test_a_batch_counts_each_message_and_is_taken_whole_or_not_at_all(door: HttpDoor) -> None:
    key = await limited(door, 10)
    taken = await door.ask("POST", "/v1/send/batch", {"messages": [BODY] * 6 + [CODE] * 7}, key=key)
    assert (taken.status, standing(taken)[:2]) == (200, (10, 3))
    refused = await door.ask("POST", "/v1/send/batch", {"messages": [BODY] * 5 + [CODE]}, key=key)
    assert (refused.status, refused.code(), refused.headers["retry-after"]) == (429, "rate_limited", "6")
    again = await door.ask("POST", "/v1/send/batch", {"messages": [BODY] * 4 + [CODE] * 3}, key=key)
    assert (again.status, standing(again)[:2]) == (200, (10, 0))


async def test_a_batch_that_never_fits_is_told_so_and_not_to_wait(door: HttpDoor) -> None:
    key = await limited(door, 3)
    answer = await door.ask("POST", "/v1/send/batch", {"messages": [BODY] * 4}, key=key)
    assert (answer.status, answer.code()) == (413, "too_large")
    assert "retry-after" not in answer.headers
    assert answer.faults() == {"messages": "4 at once never fit: this key may ask for 3 messages a minute; send fewer at once"}
    assert standing(answer) == (3, 3, 0)


async def test_a_duplicate_a_dry_run_and_a_refusal_count(door: HttpDoor) -> None:
    key = await limited(door, 10)
    asked: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
        (BODY | {"dedupeKey": "a"}, {}),
        (BODY | {"dedupeKey": "a"}, {}),
        (BODY, {"dryRun": "true"}),
        (BODY | {"type": "lottery"}, {}),
    )
    for left, (body, query) in zip((9, 8, 7, 6), asked, strict=True):
        assert standing(await door.ask("POST", "/v1/send", body, key=key, query=query))[:2] == (10, left)


@pytest.mark.parametrize("body", [b"{", {"to": 1}])
@pytest.mark.parametrize("path", ["/v1/send", "/v1/send/batch"])
async def test_what_cannot_be_read_counts_nothing_and_is_told_of_the_limit(door: HttpDoor, body: Any, path: str) -> None:
    answer = await door.ask("POST", path, body, key=await limited(door, 10))
    assert (answer.status in {400, 422}, standing(answer)) == (True, (10, 10, 0))


async def test_sending_again_counts_by_the_type_of_the_message(door: HttpDoor) -> None:
    key = await limited(door, 1)
    sent = [(await door.send(type=name))["id"] for name in ("two_factor_code", "receipt")]
    for message in sent:
        assert (await door.ask("POST", f"/v1/messages/{message}/resend", key=key)).status == 202
        refused = await door.ask("POST", f"/v1/messages/{message}/resend", key=key)
        assert (refused.status, standing(refused)) == (429, (1, 0, 60))
    lost = await door.ask("POST", "/v1/messages/msg_01jd0000000000000000000000/resend", key=key)
    assert (lost.status, standing(lost)[:2]) == (404, (1, 0))


async def test_a_limit_is_changed_taken_away_and_listed(door: HttpDoor) -> None:
    made = (await door.ask("POST", "/v1/keys", {"ratePerMinute": 1})).json()
    assert (await door.ask("POST", "/v1/send", BODY, key=made["key"])).status == 202
    for rate in (100, None):
        changed = await door.ask("PATCH", f"/v1/keys/{made['id']}", {"ratePerMinute": rate or 0})
        assert (changed.status, changed.json()["ratePerMinute"]) == (200, rate)
        listed = (await door.ask("GET", "/v1/keys")).json()["data"]
        assert next(each for each in listed if each["id"] == made["id"]) == changed.json()
        door.clock.advance(timedelta(seconds=REMEMBERED))
        answer = await door.ask("POST", "/v1/send", BODY, key=made["key"])
        assert (answer.status, answer.headers.get("ratelimit-limit")) == (202, None if rate is None else str(rate))


async def test_a_limited_key_cannot_take_its_limit_off(door: HttpDoor) -> None:
    made = (await door.ask("POST", "/v1/keys", {"ratePerMinute": 1})).json()
    for method, path, body in (("POST", "/v1/keys", {}), ("PATCH", f"/v1/keys/{made['id']}", {"ratePerMinute": 0})):
        answer = await door.ask(method, path, body, key=made["key"])
        assert (answer.status, answer.code()) == (403, "forbidden")


@pytest.mark.parametrize("rate", [-1, 100_001, 1.5, "10", True])
async def test_a_rate_that_is_none_is_named(door: HttpDoor, rate: object) -> None:
    answer = await door.ask("POST", "/v1/keys", {"ratePerMinute": rate})
    assert (answer.status, list(answer.faults())) == (422, ["ratePerMinute"])


async def test_nobody_changes_a_strangers_key(door: HttpDoor) -> None:
    mine = (await door.ask("GET", "/v1/keys")).json()["data"][0]["id"]
    for key, wanted in ((door.stranger, mine), (door.test, "key_01jd0000000000000000000000"), (door.test, "nonsense")):
        assert (await door.ask("PATCH", f"/v1/keys/{wanted}", {"ratePerMinute": 5}, key=key)).status == 404
