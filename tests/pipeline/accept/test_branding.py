"""The brand is filled from the settings, and what stands on its colour can be read."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.model.brand import Brand
from posthouse.model.template import RenderedTemplate
from posthouse.pipeline.accept.branding import BLACK, READABLE, WHITE, contrast, readable_on, with_brand
from posthouse.templates.examples import examples
from posthouse.templates.ready_made import READY_MADE
from posthouse.templates.render import render

COLORS = [
    ("#ffd400", BLACK), ("#ffffff", BLACK), ("#000000", WHITE), ("#0a5cff", WHITE), ("#1a73e8", WHITE), ("#d32f2f", WHITE),
    ("#00c853", BLACK), ("#ff6d00", BLACK), ("#16181c", WHITE), ("#202329", WHITE), ("#777777", BLACK), ("#767676", WHITE), ("#FFD400", BLACK), ("#fd0", BLACK), ("#00f", WHITE),
]  # fmt: skip


@pytest.mark.parametrize(("color", "text"), COLORS)
def test_black_or_white_is_chosen_so_that_it_can_be_read(color: str, text: str) -> None:
    assert readable_on(color) == text
    assert contrast(text, color) >= READABLE


@given(st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}"))
def test_there_is_no_colour_on_which_neither_can_be_read(color: str) -> None:
    assert contrast(readable_on(color) or "", color) >= READABLE


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000", "#fff", 21), ("#fff", "#000000", 21), ("#777777", "#ffffff", 4.48), ("#ffd400", "#ffffff", 1.43), ("#123456", "#123456", 1)]
)  # fmt: skip
def test_the_contrast_is_that_of_the_standard(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize("color", [None, "", "red", "rgb(1, 2, 3)", "#12", "#12345", "#gggggg", "#ffd400\n", "#٣٣٣", 5, {}])
def test_what_is_no_colour_in_hexadecimal_has_no_text_colour(color: Any) -> None:
    assert readable_on(color) is None
    assert "text_color" not in with_brand({"brand": {"color": color}}, Brand())["brand"]


SET = Brand(company="Acme", color="#0a5cff")


@pytest.mark.parametrize(
    ("given_brand", "settings", "wanted"),
    [
        (None, Brand(), {}),
        (None, SET, {"company": "Acme", "color": "#0a5cff", "text_color": WHITE}),
        ({}, SET, {"company": "Acme", "color": "#0a5cff", "text_color": WHITE}),
        ({"color": "#ffd400"}, SET, {"company": "Acme", "color": "#ffd400", "text_color": BLACK}),
        ({"color": "#ffd400"}, Brand(), {"color": "#ffd400", "text_color": BLACK}),
        ({"text_color": "#333333"}, SET, {"company": "Acme", "color": "#0a5cff", "text_color": "#333333"}),
    ],
)
def test_the_text_colour_fits_the_colour_that_is_used(
    given_brand: dict[str, str] | None, settings: Brand, wanted: dict[str, str]
) -> None:
    assert with_brand({"brand": given_brand}, settings)["brand"] == wanted


def test_a_brand_that_is_no_object_is_left_for_the_template_to_refuse() -> None:
    assert with_brand({"brand": "Acme"}, SET) == {"brand": "Acme"}


@pytest.mark.parametrize("from_settings", [False, True], ids=["variables", "settings"])
@pytest.mark.parametrize(("color", "text"), [("#ffd400", BLACK), ("#101010", WHITE)])
@pytest.mark.parametrize(
    "name", [name for name in READY_MADE if 'class="button' in READY_MADE[name].compiled_templates["en"].html]
)
def test_every_button_is_written_in_the_chosen_colour(name: str, color: str, text: str, *, from_settings: bool) -> None:
    variables = examples(READY_MADE[name].variables)
    brand = None if from_settings else {"color": color}
    filled = with_brand(variables | {"brand": brand}, Brand(color=color) if from_settings else SET)
    for language in ("en", "de"):
        found = render(READY_MADE[name], filled, language)
        assert isinstance(found, RenderedTemplate)
        button = re.search(r'<td class="button branded" style="([^"]*)"[^>]*>\s*<a style="([^"]*)"', found.html or "")
        assert button is not None
        for style in button.groups():
            assert re.search(rf"(?<!-)color: {text}", style)
        assert f"background-color: {color};" in button[2]
