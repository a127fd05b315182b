"""What Gmail, Outlook and Apple Mail do not show of the HTML and CSS, by the facts in ``client_support.toml``.

One finding a feature and wording, at its first place. What stands inside @media and other at-rules is left alone: who does not
understand it sees the mail without it.

Known sharp edges: this is the second place of a pure room that reads a file: the package's own, once, like an import.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from posthouse.templates.lint import css
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.page import Element
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.rule import LintRule

_FUNCTION: Final = re.compile(r"(?<![\w-])([a-z][a-z-]{1,30})\(")
_UNIT: Final = re.compile(r"(?<![\w#-])-?(?:\d+(?:\.\d+)?|\.\d+)([a-z]{2,4})\b")
_BACKGROUNDS: Final = frozenset({"linear-gradient", "radial-gradient", "conic-gradient"})
_PLAIN_BACKGROUND: Final = re.compile(r"#[0-9a-f]{3,8}\b|rgb\(|(?<![\w-])(?:white|black|transparent)\b")
_ENDING: Final = re.compile(r"\.([a-z0-9]{2,5})(?:[?#]|$)", re.IGNORECASE)
_STYLE_SHEET: Final = "stylesheet"
_HARMLESS: Final = {
    "position": frozenset({"static", "relative"}),
    "visibility": frozenset({"visible"}),
    "float": frozenset({"none"}),
    "transform": frozenset({"none"}),
    "filter": frozenset({"none"}),
    "background-image": frozenset({"none"}),
}


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the data; its head says what each field is."""

    source: str
    tested: str
    kind: str
    names: tuple[str, ...]
    lacks: tuple[str, ...]
    instead: str = ""
    graceful: bool = False


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    features: tuple[Feature, ...]


@cache
def features() -> tuple[Feature, ...]:
    """All rows, read once."""
    text = (files("posthouse.templates.lint") / "client_support.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Data).features


@cache
def _unsupported() -> dict[tuple[str, str], Feature]:
    """What is worth a finding, by kind and name."""
    return {(feature.kind, name): feature for feature in features() if not feature.graceful for name in feature.names}


@cache
def _selectors() -> tuple[str, ...]:
    return tuple(name for kind, name in _unsupported() if kind == "selector")


def client_support(reading: LintReading) -> Iterator[Hit]:
    """Something in the HTML or CSS is not shown by Gmail, Outlook or Apple Mail."""
    reported: set[str] = set()
    for kind, name, position in _features_used(reading):
        feature = _unsupported().get((kind, name))
        if feature is not None and feature.source not in reported:
            reported.add(feature.source)
            label = f"<{name}>" if kind == "element" else f"'{name}'"
            yield Hit("html", f"{label} is not supported by {', '.join(feature.lacks)}: {feature.instead}", position, name)


def _features_used(reading: LintReading) -> Iterator[tuple[str, str, int]]:
    """Kind, name and place of everything that might be missing somewhere."""
    for element in reading.page.elements:
        yield from _features_of_element(element)
        style = element.attributes.get("style")
        if style is not None and style.value:
            has_background = any(name in element.style for name in ("background-color",)) or "bgcolor" in element.attributes
            yield from _features_of_css(style.value, style.start, sheet=False, has_background=has_background)
    for sheet in reading.page.sheets:
        yield from _features_of_css(sheet.css, sheet.start, sheet=True, has_background=False)


def _features_of_element(element: Element) -> Iterator[tuple[str, str, int]]:
    if element.name != "link" or _STYLE_SHEET in element.value_of("rel").lower():
        yield "element", element.name, element.start
    for name, attribute in element.attributes.items():
        yield "attribute", name, attribute.start
    source = element.value_of("src") if element.name == "img" else ""
    if source:
        ending = _ENDING.search(source)
        name = "data:" if source.lower().startswith("data:") else ending[1].lower() if ending is not None else ""
        yield "image", name, element.start


def _features_of_css(text: str, base: int, *, sheet: bool, has_background: bool) -> Iterator[tuple[str, str, int]]:
    for rule in css.parse(text, base, sheet=sheet):
        if isinstance(rule, css.Prelude):
            yield from _features_of_prelude(rule)
        elif not rule.conditional:
            yield from _features_of_declaration(rule, has_background)


def _features_of_prelude(rule: css.Prelude) -> Iterator[tuple[str, str, int]]:
    if rule.text.startswith("@"):
        yield "at-rule", re.split(r"[\s(;]", rule.text[1:], maxsplit=1)[0], rule.start
    elif not rule.conditional:
        for name in _selectors():
            if name in rule.text:
                yield "selector", name, rule.start


def _features_of_declaration(rule: css.Declaration, has_background: bool) -> Iterator[tuple[str, str, int]]:
    """``has_background``: a plain colour is set beside it, so the text stays readable without the image or gradient."""
    value = rule.value.removesuffix("!important").strip()
    has_fallback = has_background or (
        rule.name == "background" and _PLAIN_BACKGROUND.search(re.sub(r"-gradient\(.*", "", value)) is not None
    )
    if value not in _HARMLESS.get(rule.name, ()) and not (rule.name == "background-image" and has_fallback):
        yield "property", rule.name, rule.start
    yield "value", f"{rule.name}: {value}", rule.start
    for function in _FUNCTION.findall(value):
        if not (function in _BACKGROUNDS and has_fallback):
            yield "function", function, rule.start
    for unit in _UNIT.findall(value):
        yield "unit", unit, rule.start


RULES: Final = (
    LintRule(
        "client-support", "Gmail, Outlook or Apple Mail do not show something of the HTML or CSS.",
        "The finding names the clients and what to use instead; leave it if the mail reads well without it, and waive it.", client_support,
    ),
)  # fmt: skip
