"""The templates that come with the product obey the rules of their families, and the examples everybody copies render."""

import re
from typing import Any

import pytest

from posthouse.model.template import RenderedTemplate
from posthouse.policy.content import ContentKind, judge
from posthouse.policy.types import BY_NAME
from posthouse.templates import ready_made
from posthouse.templates.examples import examples
from posthouse.templates.html.text import text_of
from posthouse.templates.language import grammar
from posthouse.templates.lint import lint
from posthouse.templates.ready_made import READY_MADE
from posthouse.templates.render import render

RESET = {"reset_link": "https://acme.example/reset?token=xyz", "user_name": "Jane"}
ORDER = {"orderId": "ord_abc123", "total": "$49.99"}
RICH_RESET = {**RESET, "company": "ACME & Sons", "support_email": "help@acme.example", "expires_in_minutes": 30}
RICH_ORDER = {
    **ORDER, "customerName": "Jane", "items": [{"name": "Shirt", "quantity": 2, "price": "$40.00"}, {"name": "Mug"}], "subtotal": "$47.00",
    "shipping": "$2.99", "tax": "$7.98", "payment_last4": "4242", "shippingAddress": "Jane Doe\n1 Main Street\nSpringfield",
    "estimatedDelivery": "2026-11-25", "company": "Shop", "support": "help@shop.example",
}  # fmt: skip
ALL = [
    ("password-reset", RESET),
    ("password-reset", RICH_RESET),
    ("order-confirmation", ORDER),
    ("order-confirmation", RICH_ORDER),
]


def rendered(name: str, variables: dict[str, Any]) -> RenderedTemplate:
    found = render(READY_MADE[name], variables, "en")
    assert isinstance(found, RenderedTemplate), found
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
    words = {word.rstrip(".") for word in re.findall(r"[\w$.@:/?=]{4,}", text_of(found.html or "").lower())}
    told = [
        str(value).lower() for value in variables.values() if isinstance(value, str) and "\n" not in value and "2026" not in value
    ]
    assert all(value in found.text.lower() for value in told)
    assert all(set(re.findall(r"[\w$.@:/?=]{4,}", value)) <= words for value in told)


@pytest.mark.parametrize("name", READY_MADE)
def test_the_html_is_small_and_plain(name: str) -> None:
    for wording in READY_MADE[name].compiled_templates.values():
        assert len(wording.html.encode()) <= 12 * 1024
        assert re.findall('<img[^>]*src="([^"]*)', wording.html) == ["{{ brand.logo_url }}"]
        assert "<script" not in wording.html
        assert 'name="viewport"' in wording.html
        assert "prefers-color-scheme: dark" in wording.html
        assert max(map(len, wording.html.splitlines())) < 998
        for part in (wording.subject, wording.html, wording.text):
            assert grammar.check_page(part).fuel >= 20_000


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
            "$47.00",
            "$2.99",
            "$49.99",
            "$7.98",
            "4242",
            "1 Main Street",
            "25 November 2026",
            "help@shop.example",
        ):
            assert said in part


def test_blocks_of_which_nothing_is_known_are_left_out() -> None:
    text = rendered("order-confirmation", ORDER).text + text_of(rendered("order-confirmation", ORDER).html or "")
    for absent in ("Subtotal", "tax", "Shipping", "Ships to", "Estimated", "card ending", "Hi "):
        assert absent not in text


def cents(amount: Any) -> int:
    """An amount of an example, as text or as money, in hundredths."""
    said = amount["amount"] if isinstance(amount, dict) else amount
    return int(re.sub(r"\D", "", said))


@pytest.mark.parametrize("name", ["order-confirmation", "receipt"])
def test_the_sums_of_the_examples_add_up(name: str) -> None:
    given = full(name)
    assert sum(cents(item["price"]) for item in given["items"]) == cents(given["subtotal"])
    assert cents(given["subtotal"]) + cents(given["shipping"]) == cents(given["total"])
    assert cents(given["tax"]) == round(cents(given["total"]) * 19 / 119)


@pytest.mark.parametrize(("language", "words"), [("en", "Includes tax"), ("de", "Enthaltene Mehrwertsteuer")])
@pytest.mark.parametrize("name", ["order-confirmation", "receipt"])
def test_the_tax_is_told_as_a_part_of_the_total_below_it(name: str, language: str, words: str) -> None:
    found = render(READY_MADE[name], full(name), language)
    assert isinstance(found, RenderedTemplate)
    for part in (found.text, text_of(found.html or "")):
        total = re.search(r"(?:\bTotal|Gesamtbetrag)\b", part)
        assert total is not None
        assert part.rindex(words) > total.start()
        assert not re.search(r"^Tax|^Mehrwertsteuer", part, re.MULTILINE)


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


LANGUAGES = ("en", "de")
EVERY = [(name, language) for name in READY_MADE for language in LANGUAGES]
BRANDED = {
    "company": "Acme & Sons",
    "logo_url": "https://acme.example/logo.png",
    "color": "#0a5cff",
    "support_url": "https://acme.example/help",
}


def required(name: str) -> dict[str, Any]:
    """Examples of what has to be there, and nothing else."""
    version = READY_MADE[name]
    filled = examples(version.variables)
    return {variable.name: filled[variable.name] for variable in version.variables if variable.required}


def full(name: str) -> dict[str, Any]:
    return examples(READY_MADE[name].variables)


@pytest.mark.parametrize("with_all", [False, True], ids=["required", "all"])
@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_mail_is_whole_in_every_language_with_little_and_with_everything(
    name: str, language: str, *, with_all: bool
) -> None:
    found = render(READY_MADE[name], full(name) if with_all else required(name), language)
    assert isinstance(found, RenderedTemplate), found
    assert found.locale == language
    said = text_of(found.html or "")
    for part in (found.subject, found.html or "", found.text):
        assert "{{" not in part
        assert "{%" not in part
        assert "None" not in part
    assert "\n\n\n" not in found.text
    assert found.text == found.text.strip()
    assert f'lang="{language}"' in (found.html or "")
    numbers = set(re.findall(r"\d{3,}", found.text))
    assert numbers <= set(re.findall(r"\d{3,}", said))


@pytest.mark.parametrize("name", READY_MADE)
def test_lint_has_nothing_to_say_of_ours(name: str) -> None:
    version, folder = READY_MADE[name], ready_made.FOLDER / name
    sources = ready_made.sources(folder, version.fallback)
    found = lint(version, sources, version.type, BY_NAME[version.type or ""].message_class)
    assert [(each.rule, each.locale, each.part, each.message) for each in found] == []


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_none_of_ours_is_taken_for_advertising(name: str, language: str) -> None:
    found = render(READY_MADE[name], full(name), language)
    assert isinstance(found, RenderedTemplate)
    verdict = judge(found.subject, found.text, language)
    assert (verdict.kind, verdict.language) == (ContentKind.TRANSACTIONAL, language), verdict.findings


@pytest.mark.parametrize("name", READY_MADE)
def test_the_brand_is_shown_and_there_is_one_call_to_action(name: str) -> None:
    found = render(READY_MADE[name], full(name) | {"brand": BRANDED, "company": None, "support": None}, "en")
    assert isinstance(found, RenderedTemplate)
    html = found.html or ""
    assert 'src="https://acme.example/logo.png"' in html
    assert "Acme &amp; Sons" in html
    assert html.count('class="button') <= 1
    if 'class="button' in html:
        assert "#0a5cff" in html


@pytest.mark.parametrize("name", READY_MADE)
def test_german_mails_address_their_reader_formally(name: str) -> None:
    found = render(READY_MADE[name], full(name), "de")
    assert isinstance(found, RenderedTemplate)
    assert re.search(r"\b(Sie|Ihr|Ihre|Ihren|Ihrem|Ihnen)\b", found.text)
    assert not re.search(r"\b([Dd]u|[Dd]ein|[Dd]ir|[Dd]ich)\b", found.text)


def test_money_and_days_are_written_as_the_language_does() -> None:
    german, english = (render(READY_MADE["receipt"], full("receipt"), language) for language in ("de", "en"))
    assert isinstance(german, RenderedTemplate)
    assert isinstance(english, RenderedTemplate)
    assert "87,90\u00a0€" in german.text
    assert "25. November 2026" in german.text
    assert "€87.90" in english.text


@pytest.mark.parametrize("name", ["shipped", "out-for-delivery", "delivered"])
def test_several_parcels_are_told_apart_with_what_is_in_each(name: str) -> None:
    variables = full(name)
    several, one = (
        render(READY_MADE[name], variables | {"parcels": parcels}, "en")
        for parcels in (variables["parcels"], variables["parcels"][:1])
    )
    assert isinstance(several, RenderedTemplate)
    assert isinstance(one, RenderedTemplate)
    first, _, second = several.text.partition("Parcel 2 of 2")
    assert "00340434161094" in first
    assert "Wool blanket" in first
    assert "Candle" not in first
    assert "00340434161095" in second
    assert "Candle" in second
    assert "Parcel 1" not in one.text
