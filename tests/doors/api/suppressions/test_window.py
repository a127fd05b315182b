"""The suppression list at large, over HTTP: a window taken back, an address erased, what the list goes by."""

from datetime import timedelta
from typing import Any

import pytest

from posthouse.model.suppression import Cause, SuppressionEntry
from posthouse.store.recipients import suppressions
from posthouse.store.recipients.suppression_lookup import load_key
from tests.support.http_door import SEALER, HttpDoor, endpoint
from tests.support.postgres import NOW

WINDOW = {"from": "2026-11-23T11:00:00Z", "to": "2026-11-23T13:00:00Z", "reason": "they were wrong"}


async def heard(
    door: HttpDoor, address: str, provider: str = "", *, source: str = "smtp", tenant: int = 1, **changed: Any
) -> None:
    """A hard bounce."""
    key = await load_key(door.parts.database, SEALER, door.parts.random)
    entry = SuppressionEntry(address=address, lookup=key.of(address), cause=Cause.HARD_BOUNCE, source=source, provider=provider)
    async with door.parts.database.session() as connection:
        await suppressions.add(connection, tenant, 1, [entry], changed.get("at", NOW), door.parts.new_id)


async def listed(door: HttpDoor) -> list[str]:
    answer = await door.ask("GET", "/v1/suppressions", key=door.live)
    return sorted(str(each["address"]) for each in answer.json()["data"])


async def asked(door: HttpDoor, what: str, body: Any, key: str | None = None, method: str = "POST") -> Any:
    return await door.ask(method, f"/v1/suppressions/{what}", body, key=key or door.live)


async def test_a_window_of_a_provider_is_taken_back_and_nothing_else(door: HttpDoor) -> None:
    await heard(door, "a@gmail.test", "google.test")
    await heard(door, "b@gmail.test", "google.test", at=NOW - timedelta(hours=2))
    await heard(door, "c@else.test", "else.test")
    answer = await asked(door, "undo", WINDOW | {"provider": "Google.test"})
    assert (answer.status, answer.json()) == (200, {"removed": 1, "waiting": 0})
    assert await listed(door) == ["b@gmail.test", "c@else.test"]
    audit = (await door.ask("GET", "/v1/audit", key=door.live, query={"subject": "provider/google.test"})).json()["data"]
    assert [(each["action"], each["data"]["reason"]) for each in audit] == [("suppressions undone", "they were wrong")]


async def test_a_window_of_a_site_is_taken_back_where_a_relay_answered(door: HttpDoor) -> None:
    await heard(door, "a@b\u00fccher.example".replace("b\u00fccher", "xn--bcher-kva"))
    await heard(door, "b@xn--bcher-kva.example", source="api")
    await heard(door, "c@sub.xn--bcher-kva.example")
    await heard(door, "d@xn--bcher-kva.example", tenant=2)
    answer = await asked(door, "undo", WINDOW | {"site": "B\u00fccher.example"})
    assert answer.json() == {"removed": 1, "waiting": 0}
    assert await listed(door) == ["b@xn--bcher-kva.example", "c@sub.xn--bcher-kva.example"]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({}, ""),
        ({"provider": "a.test", "site": "a.test"}, ""),
        ({"provider": "not a domain"}, "provider"),
        ({"site": "@"}, "site"),
        ({"provider": "a.test", "to": "2026-11-23T10:00:00Z"}, "to"),
        ({"provider": "a.test", "reason": ""}, "reason"),
        ({"provider": "a.test", "from": "today"}, "from"),
    ],
)
async def test_what_is_wrong_with_a_window_is_said(door: HttpDoor, changed: dict[str, str], path: str) -> None:
    answer = await asked(door, "undo", WINDOW | changed)
    assert (answer.status, list(answer.faults())) == (422, [path])


async def test_an_address_is_erased_live_and_test_and_is_not_written_to_again(door: HttpDoor) -> None:
    await door.send(door.live, to="Jane@x.test")
    await door.send(door.test, to="jane@x.test")
    await door.send(door.live, to="joe@x.test", metadata={"about": "jane@x.test"})
    answer = await asked(door, "erase", {"address": "jane@x.test", "reason": "she asked for it"})
    done = answer.json()
    assert (answer.status, done["messages"], done["stopped"], done["pending"], len(done["entries"])) == (200, 2, 2, 0, 2)
    messages = (await door.ask("GET", "/v1/messages", key=door.live)).body + (await door.ask("GET", "/v1/messages")).body
    assert b"jane@x.test" not in messages.lower()
    [left] = (await door.ask("GET", "/v1/suppressions", key=door.live)).json()["data"]
    assert (left["address"], left["cause"], left["liftableBy"]) == (None, "legal", "operator")
    assert (await door.send(door.live, to="jane@x.test"))["status"] == "suppressed"
    assert (await asked(door, f"{left['id']}/lift", {"reason": "we want to"})).code() == "forbidden"


async def test_an_address_that_the_tenants_own_settings_hold_is_not_erased(door: HttpDoor) -> None:
    answer = await asked(door, "erase", {"address": "noreply@shop.example", "reason": "x"})
    assert (answer.status, answer.faults()) == (422, {"address": "is in use; change it first in: the tenant"})


async def test_what_is_no_address_is_said(door: HttpDoor) -> None:
    assert list((await asked(door, "erase", {"address": "nobody", "reason": "x"})).faults()) == ["address"]


async def test_the_rules_are_shown_and_changed(door: HttpDoor) -> None:
    both = {"softLimit": 5, "legalPassesSecurity": False}
    assert (await asked(door, "rules", None, method="GET")).json() == both
    assert (await asked(door, "rules", {"softLimit": 3}, method="PATCH")).json() == both | {"softLimit": 3}
    changed = await asked(door, "rules", {"legalPassesSecurity": True}, method="PATCH")
    assert changed.json() == {"softLimit": 3, "legalPassesSecurity": True}
    assert (await asked(door, "rules", None, method="GET", key=door.test)).json() == both
    assert list((await asked(door, "rules", {"softLimit": 6}, method="PATCH")).faults()) == ["softLimit"]
    audit = (await door.ask("GET", "/v1/audit", key=door.live)).json()["data"]
    assert [each["action"] for each in audit] == ["suppression rules set"] * 2


@pytest.mark.parametrize(("method", "what"), [("POST", "undo"), ("POST", "erase"), ("PATCH", "rules")])
async def test_they_take_a_live_key(door: HttpDoor, method: str, what: str) -> None:
    operations = {"undo": "undoSuppressions", "erase": "eraseAddress", "rules": "changeSuppressionRules"}
    for example in endpoint(operations[what]).examples.values():
        assert (await asked(door, what, example["value"], method=method, key=door.test)).code() == "forbidden"
        assert (await asked(door, what, example["value"], method=method)).status == 200


async def test_an_id_is_still_an_id(door: HttpDoor) -> None:
    assert (await door.ask("GET", "/v1/suppressions/undo", key=door.live)).headers["allow"] == "POST"
