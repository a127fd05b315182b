"""Who mail is from that does not say: template, stream and tenant name somebody, and are held to it when they do."""

from typing import Any

import pytest

from tests.support.http_door import HttpDoor

WELCOME: dict[str, Any] = {"name": "welcome", "subject": "Hello", "text": "Hello.", "from": "Welcome <welcome@shop.example>"}
DISGUISED = '"ceo@bank.example" <shop@shop.example>'
V = "/v1/templates/welcome/versions"


async def author(door: HttpDoor, **fields: Any) -> str:
    """The header from of a message; None for a field leaves it out."""
    sent = await door.send(**({"from": None} | fields))
    return str((await door.ask("GET", f"/v1/messages/{sent['id']}")).json()["from"])


async def test_the_tenants_sender_is_seen_changed_and_cleared(door: HttpDoor) -> None:
    before = (await door.ask("GET", "/v1/tenant")).json()
    assert before == {"tenant": "t1", "name": "first", "from": "Shop <noreply@shop.example>", "replyTo": ""}
    changed = await door.ask("PATCH", "/v1/tenant", {"from": "Us <us@shop.example>", "replyTo": "help@shop.example"})
    assert changed.json() == before | {"from": "Us <us@shop.example>", "replyTo": "help@shop.example"}
    assert (await door.ask("GET", "/v1/tenant")).json() == changed.json()
    assert await author(door) == "us@shop.example"
    assert (await door.ask("GET", "/v1/tenant", key=door.stranger)).json()["from"] == "Other <noreply@other.example>"
    await door.ask("PATCH", "/v1/tenant", {"from": ""})
    refused = await door.ask("POST", "/v1/send", {"to": "jane@example.com", "subject": "x", "text": "x"})
    assert refused.faults().keys() == {"from"}
    trail = (await door.ask("GET", "/v1/audit", query={"subject": "tenant"})).json()["data"]
    assert [(each["action"], each["data"]["after"]) for each in trail] == [
        ("tenant.changed", {"from": ""}),
        ("tenant.changed", {"from": "Us <us@shop.example>", "replyTo": "help@shop.example"}),
    ]


@pytest.mark.parametrize("wrong", ["nobody", "a@shop.example, b@shop.example", DISGUISED, "a@shop.example\nBcc: x@x.example"])
async def test_an_author_is_judged_when_it_is_set(door: HttpDoor, wrong: str) -> None:
    for method, path, body in (
        ("PATCH", "/v1/tenant", {}),
        ("PUT", "/v1/streams/shop", {}),
        ("POST", "/v1/templates", WELCOME | {"name": "wrong"}),
    ):
        refused = await door.ask(method, path, body | {"from": wrong})
        assert (refused.status, set(refused.faults())) == (422, {"from"}), path
    assert (await door.ask("GET", "/v1/templates/wrong")).status == 404


async def test_a_message_is_from_whom_the_nearest_says(door: HttpDoor) -> None:
    await door.ask("POST", "/v1/templates", WELCOME)
    await door.ask("PUT", "/v1/streams/shop", {"from": "orders@shop.example"})
    templated = {"template": "welcome", "subject": None, "text": None, "stream": "shop"}
    assert await author(door, **templated | {"from": "me@shop.example"}) == "me@shop.example"
    assert await author(door, **templated) == "welcome@shop.example"
    assert await author(door, stream="shop") == "orders@shop.example"
    assert await author(door) == "noreply@shop.example"
    dry = await door.ask("POST", "/v1/send", {"to": "jane@example.com", "template": "welcome"}, query={"dryRun": "true"})
    assert dry.json()["explanation"]["from"] == "welcome@shop.example"


async def test_a_versions_sender_is_shown_kept_by_the_next_and_cleared(door: HttpDoor) -> None:
    first = (await door.ask("POST", "/v1/templates", WELCOME)).json()
    assert first["from"] == WELCOME["from"]
    assert (await door.ask("GET", f"{V}/1")).json()["from"] == WELCOME["from"]
    assert (await door.ask("POST", V, {"subject": "Again", "text": "Hello."})).json()["from"] == WELCOME["from"]
    assert (await door.ask("POST", V, {"subject": "Again", "text": "Hello.", "from": ""})).json()["from"] == ""
    shown = (await door.ask("GET", "/v1/templates/welcome")).json()
    assert [each["from"] for each in shown["versions"]] == ["", WELCOME["from"], WELCOME["from"]]
    await door.ask("POST", f"{V}/3/activate")
    assert await author(door, template="welcome", subject=None, text=None) == "noreply@shop.example"
    preview = (await door.ask("POST", f"{V}/1/render", {})).json()
    assert "\r\nFrom: Welcome <welcome@shop.example>\r\n" in f"\r\n{preview['raw']}"


async def test_the_same_key_from_another_author_is_a_conflict(door: HttpDoor) -> None:
    await door.ask("POST", "/v1/templates", WELCOME)
    said = {"template": "welcome", "subject": None, "text": None, "dedupeKey": "k"}
    await door.send(**said | {"from": None})
    assert (await door.send(**said | {"from": "welcome@shop.example"}))["duplicate"] is True
    other = await door.ask(
        "POST", "/v1/send", {"to": "jane@example.com", "template": "welcome", "dedupeKey": "k", "from": "x@shop.example"}
    )
    assert (other.status, other.code()) == (409, "idempotency_conflict")


async def test_an_address_that_a_live_template_is_from_cannot_be_erased(door: HttpDoor) -> None:
    await door.ask("POST", "/v1/templates", WELCOME)
    refused = await door.ask(
        "POST", "/v1/suppressions/erase", {"address": "welcome@shop.example", "reason": "asked"}, key=door.live
    )
    assert "template/welcome" in refused.body.decode()
