"""The templates that come with the product obey the rules of their families, and the examples everybody copies render."""

import re
from typing import Any

import pytest

from posthouse.compose import dialect
from posthouse.compose.plain import text_of
from posthouse.compose.ready_made import READY_MADE
from posthouse.compose.render import render
from posthouse.compose.template import Rendered
from posthouse.policy.types import BY_NAME

RESET = {"reset_link": "https://yoursite.com/reset?token=xyz", "user_name": "John"}
ORDER = {"orderId": "ord_abc123", "total": "$49.99"}
RICH_RESET = {**RESET, "company": "ACME & Sons", "support_email": "help@acme.example", "expires_in_minutes": 30}
RICH_ORDER = {
    **ORDER, "customerName": "Jane", "items": [{"name": "Shirt", "quantity": 2, "price": "$40.00"}, {"name": "Mug"}], "subtotal": "$45.00",
    "shipping": "$2.00", "tax": "$2.99", "payment_last4": "4242", "shippingAddress": "Jane Doe\n1 Main Street\nSpringfield",
    "estimatedDelivery": "2026-11-25", "company": "Shop", "support": "help@shop.example",
}  # fmt: skip
ALL = [
    ("password-reset", RESET),
    ("password-reset", RICH_RESET),
    ("order-confirmation", ORDER),
    ("order-confirmation", RICH_ORDER),
]


def rendered(name: str, variables: dict[str, Any]) -> Rendered:
    found = render(READY_MADE[name], variables, "de")
    assert isinstance(found, Rendered), found
    return found


def paths(name: str, variables: dict[str, Any]) -> list[str]:
    found = render(READY_MADE[name], variables, None)
    assert isinstance(found, tuple)
    return [error.path for error in found]


@pytest.mark.parametrize(("name", "variables"), ALL)
def test_nothing_of_the_template_reaches_the_reader(name: str, variables: dict[str, Any]) -> None:
    found = rendered(name, variables)
    for part in (found.subject, found.html or "", found.text):
        assert "{{" not in part
        assert "{%" not in part
        assert "None" not in part
    assert "\n\n\n" not in found.text
    assert found.text == found.text.strip()


@pytest.mark.parametrize(("name", "variables"), ALL)
def test_both_parts_say_the_same(name: str, variables: dict[str, Any]) -> None:
    found = rendered(name, variables)
    words = set(re.findall(r"[\w$.@:/?=]{4,}", text_of(found.html or "").lower()))
    told = [
        str(value).lower() for value in variables.values() if isinstance(value, str) and "\n" not in value and "2026" not in value
    ]
    assert all(value in found.text.lower() for value in told)
    assert all(set(re.findall(r"[\w$.@:/?=]{4,}", value)) <= words for value in told)


@pytest.mark.parametrize("name", READY_MADE)
def test_the_html_is_small_and_plain(name: str) -> None:
    for wording in READY_MADE[name].wordings.values():
        assert len(wording.html.encode()) <= 8 * 1024
        assert "<img" not in wording.html
        assert "<script" not in wording.html
        assert 'name="viewport"' in wording.html
        assert "prefers-color-scheme: dark" in wording.html
        assert max(map(len, wording.html.splitlines())) < 998
        for part in (wording.subject, wording.html, wording.text):
            assert dialect.read(part).fuel >= 20_000


@pytest.mark.parametrize("name", READY_MADE)
def test_the_type_is_one_of_ours(name: str) -> None:
    assert READY_MADE[name].type in BY_NAME
    assert READY_MADE[name].name == name


def test_a_reset_says_what_happened_what_to_do_until_when_and_what_if_it_was_not_you() -> None:
    found = rendered("password-reset", RESET)
    assert found.subject == "Reset your password"
    for part in (found.text, text_of(found.html or "")):
        assert "request to reset the password" in part
        assert "expires in 1 hour" in part
        assert "Didn't ask for this?" in part
        assert RESET["reset_link"] in part
    assert (found.html or "").count(f'href="{RESET["reset_link"]}"') == 2  # the button, and the link as text
    assert f">{RESET['reset_link']}</a>" in (found.html or "")


@pytest.mark.parametrize(("minutes", "words"), [(1, "1 minute"), (15, "15 minutes"), (60, "1 hour")])
def test_a_reset_says_how_long_it_works(minutes: int, words: str) -> None:
    assert f"expires in {words}." in rendered("password-reset", {**RESET, "expires_in_minutes": minutes}).text


def test_an_order_is_found_by_its_number_and_needs_no_log_in_to_be_read() -> None:
    found = rendered("order-confirmation", RICH_ORDER)
    assert found.subject == "Your order ord_abc123 is confirmed"
    for part in (found.text, text_of(found.html or "")):
        for said in (
            "ord_abc123",
            "Shirt",
            "$40.00",
            "Mug",
            "$45.00",
            "$2.00",
            "$2.99",
            "$49.99",
            "4242",
            "1 Main Street",
            "25 November 2026",
            "help@shop.example",
        ):
            assert said in part


def test_blocks_of_which_nothing_is_known_are_left_out() -> None:
    text = rendered("order-confirmation", ORDER).text + text_of(rendered("order-confirmation", ORDER).html or "")
    for absent in ("Subtotal", "Tax", "Shipping", "Ships to", "Estimated", "card ending", "Hi "):
        assert absent not in text


def test_an_order_may_be_numbered_under_either_name() -> None:
    assert rendered("order-confirmation", {"orderNumber": "12345", "total": "$1"}).subject == "Your order 12345 is confirmed"


@pytest.mark.parametrize(
    ("name", "variables", "wrong"),
    [
        ("password-reset", {}, ["variables.reset_link", "variables.user_name"]),
        ("password-reset", {**RESET, "reset_link": "javascript:alert(1)"}, ["variables.reset_link"]),
        ("password-reset", {**RESET, "user_name": 5}, ["variables.user_name"]),
        ("order-confirmation", {}, ["variables.orderNumber", "variables.total"]),
        ("order-confirmation", {"orderId": "1", "total": 49.99}, ["variables.total"]),
        ("order-confirmation", {**ORDER, "items": [{"quantity": 1}]}, ["variables.items[0].name"]),
        ("order-confirmation", {**ORDER, "estimatedDelivery": "next week"}, ["variables.estimatedDelivery"]),
    ],
)
def test_what_is_missing_or_wrong_is_named(name: str, variables: dict[str, Any], wrong: list[str]) -> None:
    assert paths(name, variables) == wrong


@pytest.mark.parametrize(("name", "variables"), ALL)
def test_extra_variables_never_fail(name: str, variables: dict[str, Any]) -> None:
    assert rendered(name, {**variables, "extra": {"deep": [1]}}) == rendered(name, variables)


def test_a_hostile_name_stays_a_name() -> None:
    found = rendered("password-reset", {**RESET, "user_name": "<a href='https://evil.example'>x</a>\r\nBcc: y@z.example"})
    assert "<a href='https://evil" not in (found.html or "")
    assert "Bcc" not in found.subject
