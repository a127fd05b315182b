"""The suppression list over HTTP, and what a send is answered that meets it."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

import pytest

from posthouse.admin import suppressions
from posthouse.admin.suppression_csv import SuppressionToAdd
from posthouse.admin.suppressions import ImportFile
from posthouse.model.suppression import Cause
from tests.support.asgi import Answer
from tests.support.http_door import HttpDoor, endpoint
from tests.support.use_cases import operator

PATH = "/v1/suppressions"


async def asked(door: HttpDoor, method: str, path: str, body: Any = None, key: str | None = None) -> Answer:
    """A request with the live key; what follows a question mark is the query."""
    bare, _, query = path.partition("?")
    return await door.ask(method, bare, body, key=key or door.live, query=dict(parse_qsl(query)))


async def added(door: HttpDoor, key: str | None = None, **fields: Any) -> dict[str, Any]:
    answer = await asked(door, "POST", PATH, {"address": "Jane@example.com"} | fields, key=key)
    assert answer.status == 201, answer.body
    return dict(answer.json())


async def listed(door: HttpDoor, query: str = "", key: str | None = None) -> list[dict[str, Any]]:
    answer = await asked(door, "GET", f"{PATH}{query}", key=key)
    assert answer.status == 200, answer.body
    return list(answer.json()["data"])


async def test_an_entry_says_all_that_the_contract_names(door: HttpDoor) -> None:
    entry = await added(door, reason="asked us")
    assert entry["id"].startswith("sup_")
    assert {
        name: entry[name] for name in ("address", "cause", "stream", "reason", "source", "until", "liftable", "liftableBy")
    } == {
        "address": "Jane@example.com",
        "cause": "manual",
        "stream": None,
        "reason": "asked us",
        "source": "api",
        "until": None,
        "liftable": True,
        "liftableBy": "tenant",
    }
    assert entry["actor"].startswith("key_")
    assert entry["since"].endswith("Z")
    assert (await added(door, reason="again"))["id"] == entry["id"]


async def test_a_recipient_on_the_list_is_answered_suppressed_with_reason_and_evidence_and_the_others_go(door: HttpDoor) -> None:
    entry = await added(door, cause="hard_bounce")
    sent = await door.send(door.live, to=["jane@example.com", "joe@example.com"])
    assert [(each["recipient"], each["status"], each["reason"]) for each in sent["deliveries"]] == [
        ("jane@example.com", "suppressed", "hard_bounce"),
        ("joe@example.com", "queued", None),
    ]
    [warning] = [each for each in sent["warnings"] if each["code"] == "suppressed"]
    assert (warning["path"], entry["id"] in warning["message"]) == ("deliveries[0]", True)
    view = (await asked(door, "GET", f"/v1/messages/{sent['id']}")).json()
    assert view["events"][0]["data"] == {"reason": "hard_bounce", "suppression": entry["id"]}


async def test_the_very_next_send_sees_an_entry_and_its_removal(door: HttpDoor) -> None:
    for _ in range(3):
        entry = await added(door)
        assert (await door.send(door.live, to="jane@example.com"))["status"] == "suppressed"
        assert (await asked(door, "DELETE", f"{PATH}/{entry['id']}?reason=back")).status == 204
        assert (await door.send(door.live, to="jane@example.com"))["status"] == "queued"


async def test_a_batch_looks_once_for_everybody(door: HttpDoor) -> None:
    await added(door)
    body = {"messages": [{"to": to, "subject": "s", "text": "t"} for to in ("joe@example.com", "JANE@example.com")]}
    answer = await asked(door, "POST", "/v1/send/batch", body)
    assert [result["status"] for result in answer.json()["results"]] == ["queued", "suppressed"]


async def test_concurrent_sends_are_each_answered_for_their_own(door: HttpDoor) -> None:
    await added(door)
    names = ["jane@example.com" if number % 3 == 0 else f"u{number}@example.com" for number in range(30)]
    answers = await asyncio.gather(*(door.send(door.live, to=name) for name in names))
    assert [each["status"] for each in answers] == ["suppressed" if name.startswith("jane") else "queued" for name in names]


async def test_security_mail_passes_and_a_marketing_unsubscribe_stops_no_receipt(door: HttpDoor) -> None:
    await door.make_streams("orders")
    await added(door, cause="unsubscribe", stream="marketing")
    await added(door, cause="complaint", stream="transactional")
    sent = {
        kind: await door.send(door.live, to="jane@example.com", type=kind) for kind in ("security_alert", "receipt", "newsletter")
    }
    assert {kind: each["deliveries"][0]["reason"] for kind, each in sent.items()} == {
        "security_alert": None,
        "receipt": "complaint",
        "newsletter": "unsubscribe",
    }
    assert (await door.send(door.live, to="jane@example.com", type="receipt", stream="orders"))["status"] == "queued"


async def test_a_complaint_that_locks_somebody_out_is_told_once_an_hour_and_not_for_a_dry_run(door: HttpDoor) -> None:
    await added(door, cause="complaint", stream="transactional")
    body = {"to": "jane@example.com", "subject": "s", "text": "t", "type": "password_reset"}
    await asked(door, "POST", "/v1/send?dryRun=true", body)
    for _ in range(3):
        await asked(door, "POST", "/v1/send", body)
    events = (await asked(door, "GET", "/v1/events")).json()["data"]
    assert [each["data"]["reason"] for each in events if each["type"] == "alert.suppression_lockout"] == ["complaint"]


async def test_an_address_is_found_however_it_is_spelled_and_by_every_filter(door: HttpDoor) -> None:
    first = await added(door, cause="complaint", stream="marketing")
    await added(door, address="joe@example.com")
    assert [each["id"] for each in await listed(door, "?address=JANE@EXAMPLE.com")] == [first["id"]]
    assert [each["address"] for each in await listed(door, "?cause=manual")] == ["joe@example.com"]
    assert len(await listed(door, "?stream=marketing&source=api")) == 1
    assert await listed(door, "?cause=provisional") == []
    assert await listed(door, "?until=2020-01-01T00:00:00Z") == []
    assert (await asked(door, "GET", f"{PATH}?cause=whim")).status == 422


async def test_pages_follow_one_another_without_a_gap(door: HttpDoor) -> None:
    await asked(door, "POST", PATH, {"addresses": [f"u{number}@example.com" for number in range(7)]})
    first = (await asked(door, "GET", f"{PATH}?limit=4")).json()
    second = (await asked(door, "GET", f"{PATH}?limit=4&cursor={first['nextCursor']}")).json()
    seen = [each["address"] for each in first["data"] + second["data"]]
    assert seen == [f"u{number}@example.com" for number in range(6, -1, -1)]
    assert second["nextCursor"] is None


async def test_a_thousand_are_entered_and_taken_off_at_once_and_one_more_is_refused(door: HttpDoor) -> None:
    thousand = [f"u{number}@example.com" for number in range(1000)]
    answer = await asked(door, "POST", PATH, {"addresses": thousand, "reason": "list"})
    assert (answer.status, answer.json()["added"], len(answer.json()["data"])) == (200, 1000, 1000)
    assert (await asked(door, "POST", PATH, {"addresses": [*thousand, "a@example.com"]})).status == 422
    gone = await asked(door, "DELETE", PATH, {"addresses": thousand, "reason": "mistake"})
    assert len(gone.json()["removed"]) == 1000
    assert await listed(door) == []


async def test_entries_of_their_own_name_what_is_wrong_with_each_and_enter_nothing(door: HttpDoor) -> None:
    body = {"entries": [{"address": "a@example.com"}, {"address": "nobody"}, {"address": "no body"}]}
    answer = await asked(door, "POST", PATH, body)
    assert [error["path"] for error in answer.json()["errors"]] == ["entries[1].address", "entries[2].address"]
    assert await listed(door) == []


@pytest.mark.parametrize("body", [{}, {"address": "a@example.com", "addresses": ["b@example.com"]}])
async def test_exactly_one_way_of_naming_addresses_is_taken(door: HttpDoor, body: dict[str, Any]) -> None:
    assert (await asked(door, "POST", PATH, body)).status == 422


async def test_an_entry_is_lifted_for_a_reason_that_stays_on_record(door: HttpDoor) -> None:
    entry = await added(door, cause="hard_bounce")
    assert (await asked(door, "POST", f"{PATH}/{entry['id']}/lift", {})).status == 422
    answer = await asked(door, "POST", f"{PATH}/{entry['id']}/lift", {"reason": "the mailbox is back"})
    assert (answer.status, answer.json()["id"]) == (200, entry["id"])
    assert (await asked(door, "POST", f"{PATH}/{entry['id']}/lift", {"reason": "again"})).status == 404
    async with door.parts.database.session() as connection:
        rows = await connection.fetch("select action, actor, data ->> 'reason' as why from audit order by id")
    assert [(row["action"], row["why"]) for row in rows] == [
        ("suppression added", ""),
        ("suppression lifted", "the mailbox is back"),
    ]
    assert all(row["actor"].startswith("key_") for row in rows)


async def test_what_the_law_put_there_no_key_takes_off(door: HttpDoor) -> None:
    entry = await added(door, cause="legal")
    assert (entry["liftable"], entry["liftableBy"]) == (False, "operator")
    assert (await asked(door, "POST", f"{PATH}/{entry['id']}/lift", {"reason": "please"})).status == 403
    assert (await asked(door, "DELETE", f"{PATH}/{entry['id']}")).json()["code"] == "forbidden"
    answer = await asked(door, "DELETE", PATH, {"address": "jane@example.com", "reason": "please"})
    assert ([each["id"] for each in answer.json()["refused"]], answer.json()["removed"]) == ([entry["id"]], [])


async def test_taking_off_by_query_by_id_and_by_cause(door: HttpDoor) -> None:
    await added(door)
    complaint = await added(door, cause="complaint", stream="marketing")
    answer = await asked(door, "DELETE", PATH, {"address": "jane@example.com", "cause": "manual"})
    assert [each["cause"] for each in answer.json()["removed"]] == ["manual"]
    assert len((await asked(door, "DELETE", PATH, {"ids": [complaint["id"]]})).json()["removed"]) == 1
    await added(door)
    assert len((await asked(door, "DELETE", f"{PATH}?address=jane@example.com")).json()["removed"]) == 1
    assert (await asked(door, "DELETE", PATH, {"reason": "all"})).status == 422


async def test_one_entry_shows_its_evidence(door: HttpDoor) -> None:
    defaults = SuppressionToAdd(address="", cause=Cause.IMPORTED)
    file = ImportFile(lines=["jane@example.com,bounce\n"], name="old.csv", defaults=defaults)
    await suppressions.import_csv(door.parts.admin, operator(), file, lambda *_: None)
    [entry] = await listed(door)
    found = (await asked(door, "GET", f"{PATH}/{entry['id']}")).json()
    assert found["evidence"] == {"file": "old.csv", "line": 1}
    assert "evidence" not in entry


async def test_another_tenant_and_the_sandbox_see_and_change_nothing_of_it(door: HttpDoor) -> None:
    entry = await added(door)
    for key in (door.test, door.stranger):
        assert await listed(door, key=key) == []
        assert (await asked(door, "GET", f"{PATH}/{entry['id']}", key=key)).status == 404
        assert (await asked(door, "DELETE", f"{PATH}/{entry['id']}", key=key)).status == 404
        assert (await asked(door, "POST", f"{PATH}/{entry['id']}/lift", {"reason": "x"}, key=key)).status == 404
    assert (await door.send(door.test, to="jane@example.com"))["status"] == "queued"


@pytest.mark.parametrize(("method", "operation"), [("POST", "addSuppressions"), ("DELETE", "removeSuppressions")])
async def test_every_example_works_as_it_stands(door: HttpDoor, method: str, operation: str) -> None:
    for example in endpoint(operation).examples.values():
        assert (await asked(door, method, PATH, example["value"])).status in (200, 201)
