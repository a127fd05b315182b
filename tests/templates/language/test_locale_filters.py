"""How languages write money, numbers, days, times and plurals: as CLDR says, which is checked against Babel itself."""

from decimal import Decimal
from typing import Any

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from posthouse.templates.language.engine import CompiledPage, TemplateFault
from posthouse.templates.language.locale_filters import amount, language


def fill(source: str, locale: str, **context: Any) -> str:
    return CompiledPage("text", source, locale).fill(context)


AT = "2026-11-25T10:00:00Z"
SUMMER = "2026-07-01T10:00:00Z"


@pytest.mark.parametrize(
    ("source", "locale", "made"),
    [
        ("{{ m|money }}", "en", "€1,234.50"),
        ("{{ m|money }}", "de", "1.234,50\xa0€"),
        ("{{ m|money }}", "de-AT", "€\xa01.234,50"),
        ("{{ m }}", "de", "1.234,50\xa0€"),
        ("{{ 'USD -5'|money }}", "en", "-$5.00"),
        ("{{ 'JPY 1000'|money }}", "en", "¥1,000"),
        ("{{ 'USD 0.0035'|money }}", "en", "$0.0035"),
        ("{{ 'KWD 1'|money }}", "en", "KWD\xa01.000"),
        ("{{ 'CHF -12'|money }} {{ 'CHF 12'|money }}", "en", "-CHF\xa012.00 CHF\xa012.00"),
        ("{{ 'EUR -0.00'|money }} {{ 'KWD -0'|money }}", "en", "€0.00 KWD\xa00.000"),
        ("{{ '2026-11-25t10:00:00z'|datetime }}", "de", "25. November 2026, 10:00 UTC"),
        ("{{ 1234567.891|number }}", "de", "1.234.567,891"),
        ("{{ 3|number(2) }} {{ 2.5|number(0) }}", "en", "3.00 2"),
        ("{{ 1e26|number(2) }}", "en", "100,000,000,000,000,000,000,000,000.00"),
        ("{{ (1e300|number(9))|length }}", "en", str(301 + 100 + 10)),
        ("{{ '2026-11-25'|date }}", "default", "25 November 2026"),
        ("{{ '2026-11-25'|date }}", "en", "25 November 2026"),
        ("{{ '2026-11-25'|date }}", "en-US", "November 25, 2026"),
        ("{{ '2026-11-25'|date }}", "de", "25. November 2026"),
        ("{{ '2026-11-25'|date('short') }}", "de", "25.11.26"),
        ("{{ at|date('Pacific/Auckland') }}", "en", "25 November 2026"),
        ("{{ at|datetime }}", "de", "25. November 2026, 10:00 UTC"),
        ("{{ at|datetime('Europe/Berlin') }}", "de", "25. November 2026, 11:00 MEZ"),
        ("{{ summer|datetime('Europe/Berlin') }}", "de", "1. Juli 2026, 12:00 MESZ"),
        ("{{ at|datetime('Europe/Berlin', 'medium') }}", "de", "25.11.2026, 11:00 MEZ"),
        ("{{ at|datetime('Asia/Kolkata') }}", "en-GB", "25 November 2026, 15:30 IST"),
        ("{{ at|datetime('America/Sao_Paulo') }}", "en-GB", "25 November 2026, 07:00 UTC-3"),
        ("{{ '2026-11-25T10:00:00+05:30'|time }}", "en-GB", "10:00 UTC+5:30"),
        ("{{ n }} {{ n|plural('item', 'items') }}", "en", "3 items"),
        ("{{ 1|plural('item', 'items') }}", "en", "item"),
        ("{{ 0|plural('article', 'articles') }}", "fr", "article"),
        ("{{ n|plural(one='plik', few='pliki', many='plików', other='pliku') }}", "pl", "pliki"),
        ("{{ 5|plural(one='plik', few='pliki', many='plików', other='pliku') }}", "pl", "plików"),
        ("{{ n|number }}", "xx-nonsense", "3"),
    ],
)
def test_each_language_has_its_own_way(source: str, locale: str, made: str) -> None:
    context = {"m": {"amount": "1234.50", "currency": "EUR"}, "at": AT, "summer": SUMMER, "n": 3}
    assert fill(source, locale, **context).replace("\u202f", " ") == made


@pytest.mark.parametrize(
    "source",
    [
        "{{ '5'|money }}",
        "{{ 5|money }}",
        "{{ 'x'|number }}",
        "{{ 5|number(99) }}",
        "{{ 5|number('x') }}",
        "{{ 'soon'|date }}",
        "{{ 5|date }}",
        "{{ '2026-11-25T10:00:00'|datetime }}",
        "{{ '2026-11-25'|datetime }}",
        "{{ at|datetime('Mars/Base') }}",
        "{{ at|datetime('../../../etc/passwd') }}",
        "{{ at|datetime('/etc/passwd') }}",
        "{{ at|datetime(5) }}",
        "{{ '0001-01-01T00:00:00+14:00'|datetime('UTC') }}",
        "{{ 'x'|plural('a', 'b') }}",
        "{{ 5|plural('a') }}",
        "{{ 5|plural(one='a') }}",
        "{{ 5|plural(other='a', bogus='b') }}",
        "{{ none|money }}",
    ],
)
def test_what_is_none_of_it_is_refused(source: str) -> None:
    with pytest.raises(TemplateFault):
        fill(source, "en", at=AT)


LOCALES = ["en", "en_IN", "de", "de_AT", "de_CH", "fr", "es", "it", "nl", "pl", "pt_BR", "sv", "ja", "ar", "hi", "he", "fa", "lt"]


@given(
    st.sampled_from(LOCALES),
    st.sampled_from(["EUR", "USD", "JPY", "CHF", "INR", "KWD", "SEK", "BRL"]),
    st.decimals(min_value=-(10**12), max_value=10**12, places=2),
)
def test_an_amount_is_written_as_babel_writes_it_but_for_spaces(locale: str, currency: str, value: Decimal) -> None:
    known = language(locale)
    written = amount({"amount": f"{value:.2f}", "currency": currency}, known)
    digits = currency != "JPY" or value == value.to_integral_value()
    babel = format_currency((value + 0).normalize(), currency, locale=known, decimal_quantization=False, currency_digits=digits)
    assert written.replace("\xa0", "") == babel.replace("\xa0", "")


@given(st.text(max_size=20))
def test_any_language_tag_has_filters(tag: str) -> None:
    assert language(tag) is not None
