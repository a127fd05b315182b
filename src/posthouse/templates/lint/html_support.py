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
_FILLED: Final = re.compile(r"#[0-9a-f]{3,8}\b|rgb\(|(?<![\w-])(?:white|black|transparent)\b")
_ENDING: Final = re.compile(r"\.([a-z0-9]{2,5})(?:[?#]|$)", re.IGNORECASE)
_STYLE_SHEET: Final = "stylesheet"
_STILL: Final = {"position": frozenset({"static", "relative"}), "visibility": frozenset({"visible"}), "float": frozenset({"none"}),
                 "transform": frozenset({"none"}), "filter": frozenset({"none"}), "background-image": frozenset({"none"})}  # fmt: skip


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
def _missing() -> dict[tuple[str, str], Feature]:
    """What is worth a finding, by kind and name."""
    return {(row.kind, name): row for row in features() if not row.graceful for name in row.names}


@cache
def _selectors() -> tuple[str, ...]:
    return tuple(name for kind, name in _missing() if kind == "selector")


def client_support(reading: LintReading) -> Iterator[Hit]:
    """Something in the HTML or CSS is not shown by Gmail, Outlook or Apple Mail."""
    seen: set[str] = set()
    for kind, name, place in _used(reading):
        row = _missing().get((kind, name))
        if row is not None and row.source not in seen:
            seen.add(row.source)
            shown = f"<{name}>" if kind == "element" else f"'{name}'"
            yield Hit("html", f"{shown} is not supported by {', '.join(row.lacks)}: {row.instead}", place, name)


def _used(reading: LintReading) -> Iterator[tuple[str, str, int]]:
    """Kind, name and place of everything that might be missing somewhere."""
    for element in reading.page.elements:
        yield from _of_element(element)
        style = element.attributes.get("style")
        if style is not None and style.value:
            filled = any(name in element.style for name in ("background-color",)) or "bgcolor" in element.attributes
            yield from _of_sheet(style.value, style.start, sheet=False, filled=filled)
    for sheet in reading.page.sheets:
        yield from _of_sheet(sheet.css, sheet.start, sheet=True, filled=False)


def _of_element(element: Element) -> Iterator[tuple[str, str, int]]:
    if element.name != "link" or _STYLE_SHEET in element.said("rel").lower():
        yield "element", element.name, element.start
    for name, attribute in element.attributes.items():
        yield "attribute", name, attribute.start
    source = element.said("src") if element.name == "img" else ""
    if source:
        ending = _ENDING.search(source)
        name = "data:" if source.lower().startswith("data:") else ending[1].lower() if ending is not None else ""
        yield "image", name, element.start


def _of_sheet(text: str, base: int, *, sheet: bool, filled: bool) -> Iterator[tuple[str, str, int]]:
    for said in css.read(text, base, sheet=sheet):
        if isinstance(said, css.Prelude):
            yield from _of_prelude(said)
        elif not said.conditional:
            yield from _of_declaration(said, filled)


def _of_prelude(said: css.Prelude) -> Iterator[tuple[str, str, int]]:
    if said.said.startswith("@"):
        yield "at-rule", re.split(r"[\s(;]", said.said[1:], maxsplit=1)[0], said.start
    elif not said.conditional:
        for name in _selectors():
            if name in said.said:
                yield "selector", name, said.start


def _of_declaration(said: css.Declaration, filled: bool) -> Iterator[tuple[str, str, int]]:
    """``filled``: a plain background colour stands beside it, so an image or gradient that is not shown leaves the text readable."""
    value = said.value.removesuffix("!important").strip()
    plain = filled or (said.name == "background" and _FILLED.search(re.sub(r"-gradient\(.*", "", value)) is not None)
    if value not in _STILL.get(said.name, ()) and not (said.name == "background-image" and plain):
        yield "property", said.name, said.start
    yield "value", f"{said.name}: {value}", said.start
    for function in _FUNCTION.findall(value):
        if not (function in _BACKGROUNDS and plain):
            yield "function", function, said.start
    for unit in _UNIT.findall(value):
        yield "unit", unit, said.start


RULES: Final = (
    LintRule(
        "client-support", "Gmail, Outlook or Apple Mail do not show something of the HTML or CSS.",
        "The finding names the clients and what to use instead; leave it if the mail reads well without it, and waive it.", client_support,
    ),
)  # fmt: skip
