"""What single ready-made mails say, and leave out, where a variable is there, is one, or is missing."""

import re
from typing import Any

import pytest

from posthouse.model.template import RenderedTemplate
from posthouse.templates.examples import examples
from posthouse.templates.html.text import text_of
from posthouse.templates.ready_made import READY_MADE
from posthouse.templates.render import render

LANGUAGES = ("en", "de")
PARCELS = ("shipped", "out-for-delivery", "delivered")
HELP = "https://acme.example/help"


def made(name: str, language: str, **changed: Any) -> RenderedTemplate:
    """The mail with its examples, some of them changed; None leaves one out."""
    found = render(READY_MADE[name], examples(READY_MADE[name].variables) | changed, language)
    assert isinstance(found, RenderedTemplate), found
    return found


def parts(found: RenderedTemplate) -> tuple[str, str]:
    return found.text, text_of(found.html or "")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", READY_MADE)
def test_a_brand_without_an_address_for_mail_gives_its_page_for_questions(name: str, language: str) -> None:
    found = made(name, language, brand={"company": "Acme", "support_url": HELP}, support=None, support_email=None, company=None)
    assert HELP in found.text
    assert (found.html or "").count(f'href="{HELP}"') == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("support", "link"),
    [
        ("help@shop.example", "mailto:help@shop.example"),
        ("Call us: +49 30 1234", None),
        ("write to help@shop.example", None),
        ("a@b?bcc=z@evil.example", None),
        ('"><a href=x>@', None),
        ("@acme", None),
    ],
)
def test_who_answers_questions_of_an_order_is_a_link_only_where_it_is_an_address(
    support: str, link: str | None, language: str
) -> None:
    found = made("order-confirmation", language, support=support)
    assert re.findall(r'href="(mailto:[^"]*)"', found.html or "") == ([] if link is None else [link])
    assert support in found.text


@pytest.mark.parametrize(
    ("language", "days", "words"),
    [
        ("en", 1, "up to 1 working day until"),
        ("en", 10, "up to 10 working days until"),
        ("de", 1, "kann bis zu 1 Werktag vergehen"),
        ("de", 10, "können bis zu 10 Werktage vergehen"),
    ],
)
def test_one_working_day_is_no_working_days(language: str, days: int, words: str) -> None:
    for part in parts(made("refund", language, arrivesInDays=days)):
        assert words in part


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PARCELS)
@pytest.mark.parametrize(
    ("parcel", "paragraphs"),
    [({}, 0), ({"carrier": "DHL"}, 1), ({"trackingNumber": "0034"}, 1), ({"carrier": "DHL", "trackingNumber": "0034"}, 1)],
)
def test_what_is_not_known_of_a_parcel_leaves_no_trace(name: str, language: str, parcel: dict[str, str], paragraphs: int) -> None:
    html = made(name, language, parcels=[parcel]).html or ""
    assert html.count('class="tight"') == html.count('class="parcel"') == paragraphs
    assert not re.search(r"<p[^>]*>\s*</p>|<br>\s*</p>|<div[^>]*>\s*</div>", html.replace("Springfield<br></p>", ""))
    for value in parcel.values():
        assert value in html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["refund", "payment-failed"])
def test_an_amount_is_told_once_and_a_table_only_where_it_has_rows(name: str, language: str) -> None:
    found = made(name, language)
    amount = re.search(r"€\d\S+|[\d,]+\xa0€", found.text)
    assert amount is not None
    assert found.text.count(amount[0]) == 1
    bare = made(name, language, payment_last4=None, reason=None, refundedOn=None)
    assert 'class="rows"' in (found.html or "")
    assert 'class="rows"' not in (bare.html or "")
    assert "\n\n\n" not in bare.text


@pytest.mark.parametrize(
    ("name", "language", "words"),
    [
        ("payment-failed", "en", "If you need help, reply to this email and name the order 12346."),
        ("payment-failed", "de", "Brauchen Sie Hilfe? Antworten Sie auf diese E-Mail und nennen Sie die Bestellung 12346."),
        ("billing-failed", "en", "If you need help, reply to this email."),
        ("billing-failed", "de", "Brauchen Sie Hilfe? Antworten Sie auf diese E-Mail."),
    ],
)
def test_both_parts_offer_help_with_a_payment(name: str, language: str, words: str) -> None:
    for part in parts(made(name, language)):
        assert words in part


@pytest.mark.parametrize(
    ("language", "subject"), [("en", "Plan change: Team from 1 December 2026"), ("de", "Tarifwechsel: Team ab 1. Dezember 2026")]
)
def test_a_plan_that_changes_later_is_not_said_to_have_changed(language: str, subject: str) -> None:
    assert made("plan-changed", language).subject == subject


@pytest.mark.parametrize(
    ("language", "told", "day"),
    [("en", "expires in 1 hour.", "25 November 2026"), ("de", "1 Stunde gültig.", "25. November 2026")],
)
def test_what_may_be_known_besides_is_told_or_left_out(language: str, told: str, day: str) -> None:
    for part in parts(made("email-changed", language, expires_in_hours=1)):
        assert told in part
    for part in parts(made("email-changed", language, expires_in_hours=None)):
        assert "expires" not in part
        assert "gültig." not in part
    for part in parts(made("order-confirmation", language, orderedOn="2026-11-25", estimatedDelivery=None)):
        assert day in part
    for part in parts(made("order-confirmation", language, orderedOn=None, estimatedDelivery=None)):
        assert "2026" not in part


@pytest.mark.parametrize("name", ["password-reset", "magic-link"])
def test_nobody_is_told_to_have_asked_for_what_a_stranger_may_have_asked_for(name: str) -> None:
    for part in parts(made(name, "en")):
        assert "We received a request" in part
        assert "You asked" not in part
    for part in parts(made(name, "de")):
        assert "Wir haben eine Anfrage erhalten" in part
        assert "Sie haben angefordert" not in part
