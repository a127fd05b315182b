"""The content policy as a caller meets it: a warning where the stream flags, a 422 where it refuses, and where it is told
afterwards.
"""

from typing import Any, Final

import pytest

from tests.support.http_door import HttpDoor

LETTER: Final[dict[str, Any]] = {
    "to": "jane@example.com", "from": "Shop <orders@shop.example>", "subject": "20% off everything, today only",
    "text": "Use promo code SAVE20 at checkout. Shop now.",
}  # fmt: skip


async def setting(door: HttpDoor, value: str, stream: str = "transactional") -> None:
    assert (await door.ask("PUT", f"/v1/streams/{stream}", {"contentPolicy": value})).status == 200


def codes(answer: Any) -> list[str]:
    return [warning["code"] for warning in answer.json()["warnings"]]


async def test_advertising_on_the_transactional_stream_is_flagged_and_the_timeline_says_so(door: HttpDoor) -> None:
    taken = await door.ask("POST", "/v1/send", LETTER)
    assert (taken.status, codes(taken)) == (202, ["content_flagged"])
    message = (await door.ask("GET", f"/v1/messages/{taken.json()['id']}")).json()
    assert message["events"][0]["data"]["content"] == "commercial"


async def test_a_tag_in_content_that_nobody_renders_is_told_and_a_templates_values_may_hold_one(door: HttpDoor) -> None:
    letter = {"to": "reader@a.example", "from": "Shop <noreply@shop.example>", "replyTo": "help@shop.example"}
    inline = await door.ask("POST", "/v1/send", letter | {"subject": "Order {{ number }}", "html": "<p>Dear {{name}}</p>"})
    assert [(each["code"], each["path"]) for each in inline.json()["warnings"]] == [
        ("tag_left_over", "subject"),
        ("tag_left_over", "html"),
    ]
    values = {"reset_link": "https://shop.example/r", "user_name": "{{ odd }}"}
    assert codes(await door.ask("POST", "/v1/send", letter | {"template": "password-reset", "variables": values})) == []


@pytest.mark.parametrize(
    ("value", "status", "told"), [("off", 202, []), ("flag", 202, ["content_flagged"]), ("refuse", 422, None)]
)
async def test_the_stream_decides(door: HttpDoor, value: str, status: int, told: list[str] | None) -> None:
    await setting(door, value)
    answer = await door.ask("POST", "/v1/send", LETTER | {"type": "receipt"})
    assert answer.status == status
    if told is None:
        assert answer.code() == "content_refused"
        assert "marketing" in answer.json()["detail"]
        assert "subject" in answer.faults()
    else:
        assert codes(answer) == told


async def test_a_reset_is_never_refused_on_content_and_a_promotion_is_not_judged(door: HttpDoor) -> None:
    await setting(door, "refuse")
    assert (await door.ask("POST", "/v1/send", LETTER | {"type": "password_reset"})).status == 202
    promotion = await door.ask("POST", "/v1/send", LETTER | {"type": "promotion"})
    assert promotion.status == 202
    assert "content_flagged" not in codes(promotion)


async def test_a_dry_run_tells_the_findings(door: HttpDoor) -> None:
    answer = await door.ask("POST", "/v1/send", LETTER, query={"dryRun": "true"})
    policy = answer.json()["explanation"]["policy"]
    assert (policy["kind"], policy["language"]) == ("commercial", "en")
    assert {each["rule"] for each in policy["findings"]} >= {"percent-off", "coupon", "buy"}


async def test_a_template_is_judged_once_but_not_what_its_variables_bring(door: HttpDoor) -> None:
    await setting(door, "refuse")
    template = {
        "name": "note",
        "type": "receipt",
        "subject": "Your receipt",
        "text": "Order number {{ n }}. Total {{ n }}. {{ more }}",
        "variables": [{"name": "n", "type": "string", "required": True}, {"name": "more", "type": "string", "default": ""}],
    }
    assert (await door.ask("POST", "/v1/templates", template)).status == 201
    letter = {"to": "jane@example.com", "from": LETTER["from"], "template": "note"}
    assert (await door.ask("POST", "/v1/send", letter | {"variables": {"n": "7"}})).status == 202
    stuffed = (
        "Flash sale! Use promo code SAVE20 at checkout for 20% off. Shop now. You might also like our new collection. Hurry,"
        " today only."
    )
    assert (await door.ask("POST", "/v1/send", letter | {"variables": {"n": "7", "more": stuffed}})).code() == "content_refused"
    assert (await door.ask("POST", "/v1/send", letter | {"variables": {"n": "8"}})).status == 202


async def test_commercial_mail_says_what_it_lacks_and_a_strict_stream_refuses_it(door: HttpDoor) -> None:
    letter = LETTER | {"type": "promotion"}
    assert "postal_address_missing" in codes(await door.ask("POST", "/v1/send", letter))
    await door.ask("PATCH", "/v1/brand", {"postalAddress": "Shop Ltd, 1 Main Street"})
    printed = letter | {"text": "Sale!\n\nShop Ltd\n1 Main Street"}
    assert "postal_address_missing" not in codes(await door.ask("POST", "/v1/send", printed))
    await setting(door, "refuse", "marketing")
    refused = await door.ask("POST", "/v1/send", letter)
    assert (refused.status, refused.code()) == (422, "content_refused")
