"""Nothing that live mail uses changes by a test key; the version that is active is kept for each environment."""

from typing import Any

import pytest

from posthouse.app.roles.http import ENDPOINTS
from tests.support.http_door import HttpDoor

LIVE_ONLY = [each for each in ENDPOINTS if each.takes_live_key]
OPERATIONS = {
    "approveVersion", "changeBrand", "changeStream", "changeTenant", "createStream", "createType", "deleteLayout", "deletePartial",
    "eraseAddress", "putLayout", "putPartial", "putStream", "rejectVersion", "removeType", "retireVersion",
}  # fmt: skip
NOTE: dict[str, Any] = {"name": "note", "type": "transactional", "subject": "First", "text": "First."}


def test_the_operations_that_take_a_live_key_are_these() -> None:
    assert {each.operation_id for each in LIVE_ONLY} == OPERATIONS


@pytest.mark.parametrize("endpoint", LIVE_ONLY, ids=lambda each: each.operation_id)
async def test_a_test_key_is_refused_before_anything_is_read(door: HttpDoor, endpoint: Any) -> None:
    path = endpoint.path.replace("{name}", "note").replace("{version}", "1").replace("{id}", "x")
    refused = await door.ask(endpoint.method, path, {}, key=door.test)
    assert (refused.status, refused.code()) == (403, "forbidden")
    assert refused.json()["detail"] == "This takes a live key"
    document = (await door.ask("GET", "/openapi.json")).json()
    operation = document["paths"][endpoint.path][endpoint.method.lower()]
    assert operation["description"] == "This takes a live key."
    assert "403" in operation["responses"]


async def sent(door: HttpDoor, key: str, **fields: Any) -> Any:
    body = {"to": "jane@simulator.test".replace("jane", "delivered"), "from": "noreply@shop.example", "template": "note"} | fields
    answer = await door.ask("POST", "/v1/send", body, key=key)
    if answer.status != 202:
        return answer.code()
    return (await door.ask("GET", f"/v1/messages/{answer.json()['id']}", key=key)).json()["subject"]


async def test_a_version_made_by_a_test_key_is_active_in_test_only(door: HttpDoor) -> None:
    assert (await door.ask("POST", "/v1/templates", NOTE, key=door.test)).status == 201
    assert (await sent(door, door.test), await sent(door, door.live)) == ("First", "template_not_active")
    assert (await door.ask("POST", "/v1/templates/note/versions/1/activate", key=door.live)).json()["state"] == "active"
    assert (await sent(door, door.test), await sent(door, door.live)) == ("First", "First")


async def test_a_test_key_switches_and_pins_in_test_and_live_mail_stays_as_it_is(door: HttpDoor) -> None:
    await door.ask("POST", "/v1/templates", NOTE, key=door.live)
    second = NOTE | {"subject": "Second", "text": "Second."}
    assert (await door.ask("POST", "/v1/templates/note/versions", second, key=door.test)).status == 201
    assert await sent(door, door.test, templateVersion=2) == "Second"
    assert await sent(door, door.live, templateVersion=2) == "template_not_active"
    assert (await sent(door, door.test), await sent(door, door.live)) == ("First", "First")
    assert (await door.ask("POST", "/v1/templates/note/versions/2/activate", key=door.test)).status == 200
    assert (await sent(door, door.test), await sent(door, door.live)) == ("Second", "First")
    live = (await door.ask("GET", "/v1/templates/note", key=door.live)).json()
    assert live["activeVersion"] == 1
    third = NOTE | {"subject": "Third", "text": "Third."}
    await door.ask("POST", "/v1/templates/note/versions", third, key=door.live)
    await door.ask("POST", "/v1/templates/note/versions/3/activate", key=door.live)
    assert (await sent(door, door.test), await sent(door, door.live)) == ("Third", "Third")
