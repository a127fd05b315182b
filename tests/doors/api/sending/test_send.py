"""``POST /v1/send`` and its batch, over a real database."""

import base64
import json
from typing import Any

import pytest

from posthouse.model.route import RouteFact
from posthouse.store.postgres.database import Database
from tests.support.http_door import HttpDoor, open_door
from tests.support.postgres import NOW
from tests.support.wrong_fields import WRONG

LETTER = {"to": "jane@example.com", "from": "Shop <noreply@shop.example>", "subject": "Hello", "text": "Hello Jane"}
PASSWORD_RESET = {
    "to": "user@example.com",
    "from": "noreply@yoursite.com",
    "subject": "Password Reset",
    "html": "<p>Click here to reset your password.</p>",
    "template": "password-reset",
    "variables": {"reset_link": "https://yoursite.com/reset?token=xyz", "user_name": "John"},
}
ORDER = {
    "to": "customer@example.com",
    "template": "order-confirmation",
    "dedupeKey": "order-confirm:ord_abc123:v1",
    "payload": {"orderId": "ord_abc123", "total": "$49.99"},
}


async def test_a_message_is_taken_with_an_id_and_a_status(door: HttpDoor) -> None:
    answer = await door.ask("POST", "/v1/send", LETTER)
    assert answer.status == 202
    said = answer.json()
    assert said["id"].startswith("msg_")
    assert said | {"id": ""} == {
        "id": "",
        "status": "queued",
        "deliverBy": "2026-11-23T12:01:00.000Z",
        "duplicate": False,
        "deliveries": [{"recipient": "jane@example.com", "status": "queued", "reason": None}],
        "warnings": said["warnings"],
    }


async def test_the_first_example_of_the_documents_works_as_written(door: HttpDoor) -> None:
    answer = await door.ask("POST", "/v1/send", PASSWORD_RESET)
    assert answer.status == 202, answer.body
    message = (await door.ask("GET", f"/v1/messages/{answer.json()['id']}")).json()
    assert message["type"] == "password_reset"
    assert message["template"]["name"] == "password-reset"
    content = (await door.ask("GET", f"/v1/messages/{message['id']}/content")).json()
    assert "https://yoursite.com/reset?token=xyz" in content["text"]


async def test_the_second_example_of_the_documents_is_sent_once_however_often_it_is_asked_for(door: HttpDoor) -> None:
    first, second = [await door.ask("POST", "/v1/send", ORDER) for _ in range(2)]
    assert (first.status, second.status) == (202, 202)
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.json() == first.json() | {"duplicate": True}


async def test_other_content_under_a_key_is_a_conflict(door: HttpDoor) -> None:
    await door.send(dedupeKey="k")
    answer = await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "k", "text": "Something else"})
    assert (answer.status, answer.code()) == (409, "idempotency_conflict")


async def test_the_header_is_the_same_key_as_the_field(door: HttpDoor) -> None:
    first = await door.ask("POST", "/v1/send", LETTER, headers={"Idempotency-Key": "k"})
    second = await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "k"})
    both = await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "k"}, headers={"Idempotency-Key": "k"})
    assert first.json()["id"] == second.json()["id"] == both.json()["id"]


async def test_two_keys_that_differ_are_refused(door: HttpDoor) -> None:
    answer = await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "a"}, headers={"Idempotency-Key": "b"})
    assert (answer.status, list(answer.faults())) == (422, ["dedupeKey"])


@pytest.mark.parametrize(("path", "body"), [("/v1/send", LETTER), ("/v1/send/batch", {"messages": [LETTER]})])
async def test_two_keys_in_the_head_are_none(door: HttpDoor, path: str, body: Any) -> None:
    both = await door.ask("POST", path, body, headers={"Idempotency-Key": "a"}, again=[("idempotency-key", "b")])
    assert both.faults() == {"Idempotency-Key": "stands twice with different values: give one of them"}
    assert (await door.ask("POST", path, body, headers={"Idempotency-Key": "a"}, again=[("idempotency-key", "a")])).status < 300
    assert (await door.ask("POST", path, body, headers={"Idempotency-Key": ""})).faults().keys() == {"Idempotency-Key"}


async def test_a_refused_request_does_not_burn_its_key(door: HttpDoor) -> None:
    refused = await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "k", "to": "nobody"})
    taken = await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "k"})
    assert (refused.status, taken.status, taken.json()["duplicate"]) == (422, 202, False)


DRY = {"dryRun": "true"}


async def test_a_dry_run_explains_everything_and_leaves_nothing_behind(door: HttpDoor) -> None:
    body = {
        "to": ["a@example.com", "suppressed@simulator.test"],
        "type": "password_reset",
        "template": "password-reset",
        "variables": {"reset_link": "https://shop.example/r", "user_name": "Jane"},
        "from": "Shop <orders@shop.example>",
    }
    answer = await door.ask("POST", "/v1/send", body, query=DRY)
    assert answer.status == 202, answer.json()
    why = answer.json()["explanation"]
    assert (why["type"], why["class"], why["stream"], why["lane"]) == (
        "password_reset",
        "authentication",
        "transactional",
        "instant",
    )
    assert (why["from"], why["inDoubt"], why["dedupeWindowSeconds"]) == ("orders@shop.example", "again", 3600)
    assert why["waitsSeconds"] == [2, 5, 10, 20, 60]
    assert why["template"]["name"] == "password-reset"
    assert why["preview"]["subject"] == "Reset your password"
    assert "https://shop.example/r" in why["preview"]["text"]
    assert why["preview"]["bytes"] > len(why["preview"]["html"])
    assert [(way["recipient"], way["reason"]) for way in why["ways"]] == [
        ("a@example.com", None),
        ("suppressed@simulator.test", "simulated"),
    ]
    assert (why["ways"][0]["routes"] != [], why["ways"][1]["routes"]) == (True, [])
    assert why["expiresAt"].endswith("Z")
    assert (await door.ask("GET", "/v1/messages")).json()["data"] == []


async def test_a_dry_run_under_a_used_key_tells_what_a_send_would_be_answered(door: HttpDoor) -> None:
    sent = (await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "k"})).json()
    again = (await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "k"}, query=DRY)).json()
    assert (again["id"], again["duplicate"]) == (sent["id"], True)
    other = await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "k", "text": "other"}, query=DRY)
    assert (other.status, other.code()) == (409, "idempotency_conflict")
    unused = await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "new"}, query=DRY)
    taken = await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "new"})
    assert (unused.json()["duplicate"], taken.json()["duplicate"]) == (False, False)


@pytest.mark.parametrize("query", [{"dryrun": "true"}, {"dryRun": "yes"}])
async def test_a_dry_run_spelled_wrong_sends_nothing(door: HttpDoor, query: dict[str, str]) -> None:
    answer = await door.ask("POST", "/v1/send", LETTER, query=query)
    assert (answer.status, answer.code()) == (422, "validation_failed")
    assert (await door.ask("GET", "/v1/messages")).json()["data"] == []


async def test_every_fault_is_told_in_one_answer(door: HttpDoor) -> None:
    body = {
        "to": ["good@example.com", "bad", {"email": "x@y..z", "nme": "X"}],
        "subjct": "Hello",
        "text": "x",
        "type": "lottery",
        "sendAt": "2028-01-01T00:00:00Z",
        "tags": ["a"] * 11,
        "headers": {"Bcc": "evil@example.com"},
        "attachments": [{"filename": "a.txt", "content": "not base64!"}],
    }
    answer = await door.ask("POST", "/v1/send", body)
    assert answer.status == 422
    assert set(answer.faults()) == {
        "to[1]",
        "to[2].nme",
        "to[2].email",
        "subjct",
        "type",
        "sendAt",
        "tags",
        "headers.Bcc",
        "attachments[0].content",
    }


async def test_each_field_wrong_in_each_way_is_named(door: HttpDoor) -> None:
    for name, value, path in WRONG:
        about = {"template": "password-reset"} if name == "templateVersion" else {}
        answer = await door.ask("POST", "/v1/send", LETTER | about | {name: value})
        assert (answer.status, answer.code()) == (422, "validation_failed"), (name, value)
        assert list(answer.faults()) == [path], (name, value)
    assert (await door.ask("GET", "/v1/messages")).json()["data"] == []


@pytest.mark.parametrize(("content", "path"), [({"text": None}, ""), ({"text": ""}, ""), ({"text": None, "html": 5}, "html")])
async def test_a_message_without_content_is_refused(door: HttpDoor, content: dict[str, Any], path: str) -> None:
    answer = await door.ask("POST", "/v1/send", LETTER | content)
    assert list(answer.faults()) == [path]


async def test_an_unverified_domain_cannot_leave_the_house(database: Database) -> None:
    door = await open_door(database, NOW, routes=(RouteFact(name="mx", kind="mx"),))
    answer = await door.ask("POST", "/v1/send", LETTER, key=door.live)
    assert (answer.status, answer.code()) == (403, "domain_not_verified")


async def test_without_a_route_the_answer_says_when_to_try_again(database: Database) -> None:
    door = await open_door(database, NOW, routes=())
    answer = await door.ask("POST", "/v1/send", LETTER, key=door.live)
    assert (answer.status, answer.code()) == (503, "no_route")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_missing_variable_is_named(door: HttpDoor) -> None:
    answer = await door.ask("POST", "/v1/send", ORDER | {"payload": {"orderId": "1"}})
    assert (answer.status, answer.code()) == (422, "variable_invalid")
    assert any("total" in path for path in answer.faults())


async def test_what_was_attached_is_what_is_kept(door: HttpDoor) -> None:
    file = {"filename": "größe.pdf", "content": base64.b64encode(b"%PDF" * 100).decode()}
    sent = await door.send(attachments=[file])
    content = (await door.ask("GET", f"/v1/messages/{sent['id']}/content")).json()
    assert content["attachments"] == [{"filename": "größe.pdf", "contentType": "application/pdf", "size": 400, "contentId": None}]


async def test_a_batch_answers_each_item_in_order(door: HttpDoor) -> None:
    items: list[Any] = [LETTER, {"to": "bad"}, "no object", None, LETTER | {"to": "b@example.com"}]
    answer = await door.ask("POST", "/v1/send/batch", {"messages": items})
    assert answer.status == 200
    results = answer.json()["results"]
    assert [result["index"] for result in results] == [0, 1, 2, 3, 4]
    assert ["id" in result for result in results] == [True, False, False, False, True]
    assert results[1]["error"]["code"] == "validation_failed"
    assert [error["path"] for error in results[1]["error"]["errors"]] == ["to", ""]


async def test_a_batch_key_means_key_and_index(door: HttpDoor) -> None:
    items = [LETTER, LETTER | {"to": "b@example.com"}]
    first, second = [
        (await door.ask("POST", "/v1/send/batch", {"messages": items}, headers={"Idempotency-Key": "b"})).json()["results"]
        for _ in range(2)
    ]
    assert [result["duplicate"] for result in first] == [False, False]
    assert [result["duplicate"] for result in second] == [True, True]
    single = await door.ask("POST", "/v1/send", LETTER | {"dedupeKey": "b#0"})
    assert single.json()["id"] == first[0]["id"]


@pytest.mark.parametrize("messages", [None, [], {}, "x", [LETTER] * 501])
async def test_a_list_that_is_none_refuses_the_whole_batch(door: HttpDoor, messages: Any) -> None:
    answer = await door.ask("POST", "/v1/send/batch", {"messages": messages})
    assert (answer.status, list(answer.faults())) == (422, ["messages"])


async def test_broken_text_in_a_batch_fails_its_own_item(door: HttpDoor) -> None:
    raw = json.dumps({"messages": [LETTER, LETTER | {"subject": "a\0b"}]}).encode()
    results = (await door.ask("POST", "/v1/send/batch", raw)).json()["results"]
    assert "id" in results[0]
    assert [error["path"] for error in results[1]["error"]["errors"]] == ["subject"]
