"""Ready-made mails in a real browser: whatever stands in them they fit a narrow phone, and their button can be read and seen in
any brand.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from posthouse.model.brand import Brand
from posthouse.model.template import RenderedTemplate, Variable, VariableType
from posthouse.pipeline.accept.branding import READABLE, contrast, with_brand
from posthouse.templates.examples import examples
from posthouse.templates.ready_made import READY_MADE
from posthouse.templates.render import render

NARROW = 320
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
LONG = {
    VariableType.STRING: "Donaudampfschifffahrtsgesellschaftskapitänsmützenhalterungsbefestigungsschraube",
    VariableType.URL: "https://acme.example/" + "a0" * 120,
    VariableType.EMAIL: "l" * 64 + "@" + "d" * 60 + ".example",
}
KEPT = frozenset(
    {"color", "text_color", "price", "total", "subtotal", "shipping", "tax", "logo_url"}
)  # amounts never break; colours are none
BUTTONS = [name for name in READY_MADE if 'class="button' in READY_MADE[name].compiled_templates["en"].html]
VISIBLE = 3.0  # WCAG 2.2, 1.4.11: of what shows where a control is

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(debian_tool: Callable[[str], Path]) -> Iterator[Browser]:
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=debian_tool("chromium"), args=FLAGS)
        yield chromium
        chromium.close()


def lengthened(declared: Sequence[Variable], given: dict[str, Any]) -> dict[str, Any]:
    """The values with everything that is a word, a link or an address as long as it can be."""
    return given | {each.name: longer(each, given.get(each.name)) for each in declared if each.name not in KEPT}


def longer(variable: Variable, value: Any) -> Any:
    if variable.type is VariableType.OBJECT:
        return lengthened(variable.properties, value or {})
    if variable.type is VariableType.ARRAY and variable.items is not None:
        return [longer(variable.items, each) for each in value]
    return LONG.get(variable.type, value)


def shown(browser: Browser, name: str, language: str, variables: dict[str, Any], scheme: Any) -> Page:
    found = render(READY_MADE[name], variables, language)
    assert isinstance(found, RenderedTemplate), found
    page = browser.new_page(viewport={"width": NARROW, "height": 600}, color_scheme=scheme)
    page.set_content(found.html or "")
    return page


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", READY_MADE)
def test_no_word_makes_a_mail_wider_than_a_narrow_phone(browser: Browser, name: str, language: str) -> None:
    declared = READY_MADE[name].variables
    page = shown(browser, name, language, lengthened(declared, examples(declared)), "light")
    try:
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    finally:
        page.close()


@pytest.mark.parametrize("arrives", [True, False])
def test_a_wide_logo_or_its_words_fit_a_narrow_phone(browser: Browser, arrives: bool) -> None:
    brand = {"logo_url": "https://cdn.example/logo.svg", "company": LONG[VariableType.STRING]}
    found = render(READY_MADE["receipt"], examples(READY_MADE["receipt"].variables) | {"brand": brand}, "en")
    assert isinstance(found, RenderedTemplate), found
    page = browser.new_page(viewport={"width": NARROW, "height": 600})
    logo = '<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="60"><rect width="1200" height="60"/></svg>'
    page.route("**/*", lambda asked: asked.fulfill(body=logo, content_type="image/svg+xml") if arrives else asked.abort())
    try:
        page.set_content(found.html or "", wait_until="load")
        assert page.evaluate("document.images[0].naturalWidth") == (1200 if arrives else 0)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    finally:
        page.close()


def hexadecimal(color: str) -> str:
    """``rgb(r, g, b)``, as a browser tells a colour, as ``#rrggbb``."""
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", color)[:3])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("color", ["#ffd400", "#16181c", "#202329", "#0a5cff", "#ffffff", ""])
@pytest.mark.parametrize("name", [BUTTONS[0], BUTTONS[-1]])
def test_a_button_can_be_read_and_seen_in_any_brand_on_a_light_card_and_a_dark_one(
    browser: Browser, name: str, color: str, scheme: str
) -> None:
    page = shown(
        browser, name, "en", with_brand(examples(READY_MADE[name].variables) | {"brand": {}}, Brand(color=color)), scheme
    )
    try:
        text, ground, border, card = (
            hexadecimal(page.eval_on_selector(selector, f"each => getComputedStyle(each).{what}"))
            for selector, what in (
                (".button a", "color"),
                (".button a", "backgroundColor"),
                (".button a", "borderTopColor"),
                (".card", "backgroundColor"),
            )
        )
    finally:
        page.close()
    assert ground == (color or ground)
    assert contrast(text, ground) >= READABLE
    assert max(contrast(border, card), contrast(ground, card)) >= VISIBLE


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("receipt", {"receiptNumber": "R-2026-1042"}),
        ("order-confirmation", {"orderNumber": "A-2026-77-1042"}),
        ("trial-ending", {}),
    ],
)
def test_a_number_that_fits_a_line_and_a_day_are_not_broken(browser: Browser, name: str, changed: dict[str, str]) -> None:
    page = shown(browser, name, "de", examples(READY_MADE[name].variables) | changed, "light")
    try:
        heights = page.eval_on_selector_all(".number, .day", "all => all.map(each => each.getBoundingClientRect().height)")
    finally:
        page.close()
    assert heights
    assert max(heights) <= 24  # one line
