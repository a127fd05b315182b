"""How the mail looks where the author did not look: dark mode, narrow windows, missing fonts, other languages' voices, Gmail's
scissors.
"""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.templates.lint import css
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.rule import LintRule

MOST_BYTES: Final = 102 * 1024
MOST_WIDTH: Final = 480
_GENERIC: Final = frozenset(
    {
        "serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui", "ui-sans-serif", "ui-serif", "ui-monospace", "inherit",
        "initial", "unset",
    }
)  # fmt: skip
_SHORTHAND: Final = re.compile(r"(?:^|\s)(?:\d[\w.%]*)(?:\s*/\s*[\w.%]+)?\s+(.+)$")
_PIXELS: Final = re.compile(r"(\d{1,5})(?:\.\d+)?(?:px)?\s*(?:!important)?")
_ONE_OF_TWO: Final = {
    True: "the text has a colour, and nothing around it a background",
    False: "the text has a background, and no colour of its own",
}
_NO_PAINT: Final = frozenset({"", "inherit", "initial", "transparent", "unset", "currentcolor", "none"})


def size(reading: LintReading) -> Iterator[Hit]:
    """Gmail cuts HTML after 102 KB, and what stands below is not seen."""
    length = len(reading.html.encode("utf-8", "replace"))
    if length > MOST_BYTES:
        yield Hit("html", f"with its examples the HTML has {length // 1024} KB")


def dark_mode_undeclared(reading: LintReading) -> Iterator[Hit]:
    """A mail that does not say which colour schemes it knows is recoloured by guesswork."""
    elements = reading.page.elements
    if not elements or not any(element.look.color or element.look.background for element in elements):
        return
    declares_scheme = any(element.name == "meta" and element.value_of("name").lower() == "color-scheme" for element in elements)
    sheets = any("color-scheme" in sheet.css for sheet in reading.page.sheets)
    if not (declares_scheme or sheets):
        yield Hit("html", "the HTML sets colours and does not say for which colour schemes")


def dark_mode_colors(reading: LintReading) -> Iterator[Hit]:
    """A colour of text without a background, or the other way round: where a client changes the other one, it is unreadable."""
    for run in reading.page.runs:
        text = reading.page.masked[run.start : run.end]
        has_color, has_background = run.look.color not in _NO_PAINT, run.look.background not in _NO_PAINT
        if run.look.hidden or has_color == has_background or not text.strip():
            continue
        position = run.start + len(text) - len(text.lstrip())
        yield Hit("html", _ONE_OF_TWO[has_color], position, text.strip()[:60])
        return


def font_fallback(reading: LintReading) -> Iterator[Hit]:
    """A font that is not on the reader's machine needs one that is; most clients load none."""
    for families, position in _fonts(reading):
        names = [name.strip(" '\"") for name in families.removesuffix("!important").split(",")]
        if names[-1] not in _GENERIC:
            yield Hit("html", f"the fonts end with '{names[-1]}'", position, names[-1])
            return


def _fonts(reading: LintReading) -> Iterator[tuple[str, int]]:
    sheets = [(sheet.css, sheet.start, True) for sheet in reading.page.sheets]
    styles = [
        (style.value, style.start, False) for element in reading.page.elements if (style := element.attributes.get("style"))
    ]
    for css_text, start, sheet in sheets + styles:
        face = False
        for piece in css.parse(css_text, start, sheet=sheet):
            if isinstance(piece, css.Prelude):
                face = piece.text.startswith("@font-face")
            elif piece.name == "font-family" and not face and piece.value:
                yield piece.value, piece.start
            elif piece.name == "font" and (shorthand := _SHORTHAND.search(piece.value)) is not None:
                yield shorthand[1], piece.start


def width_fixed(reading: LintReading) -> Iterator[Hit]:
    """Something as wide as a desktop has to be scrolled sideways on a phone."""
    for element in reading.page.elements:
        if element.name in {"html", "body", "meta"} or "max-width" in element.style:
            continue
        for value in (element.style.get("width", ""), element.value_of("width"), element.style.get("min-width", "")):
            pixels = _PIXELS.fullmatch(value)
            if pixels is not None and int(pixels[1]) > MOST_WIDTH and element.style.get("width") != "100%":
                yield Hit("html", f"<{element.name}> is {pixels[1]} pixels wide", element.start)
                return


def language_missing(reading: LintReading) -> Iterator[Hit]:
    """A screen reader does not know in whose voice to read."""
    page = next(reading.page.elements_named("html"), None)
    if page is not None and not page.value_of("lang"):
        yield Hit("html", "<html> does not say its language", page.start)
    elif page is None and reading.page.elements and not any("lang" in element.attributes for element in reading.page.elements):
        yield Hit("html", "nothing says the language of the HTML")


RULES: Final = (
    LintRule("size", "The HTML is larger than 102 KB with its example values.", "Take out what is repeated: styles, blank space, images within the HTML.", size),
    LintRule("dark-mode-undeclared", "Colours are set, but no colour scheme is declared.", 'Add <meta name="color-scheme" content="light dark"> and look at both.', dark_mode_undeclared),
    LintRule("dark-mode-colors", "A colour of text is set without a background, or the other way round.", "Set both on the same element or around it.", dark_mode_colors),
    LintRule("font-fallback", "A list of fonts does not end with a generic one.", "End it with sans-serif, serif or monospace.", font_fallback),
    LintRule("width-fixed", f"Something is wider than {MOST_WIDTH} pixels whatever the window.", "Use width: 100% with max-width.", width_fixed),
    LintRule("language-missing", "The HTML does not say its language.", 'Write <html lang="en">.', language_missing),
)  # fmt: skip
