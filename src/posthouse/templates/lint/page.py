"""The HTML of a wording as lint sees it: elements with their attributes and looks, runs of text, style sheets, each with its place.

One pass over the tags, no tree. The template's own tags stand aside: what is printed is a run of marks of the same length, what
branches is blank, so every place is a place in the wording. Conditional comments for Outlook are not looked into.

Bounds: 20,000 tags, elements followed to a depth of 200, of an end tag the nearest 50 open elements are asked. Linear in what is read.

Known sharp edges: what a client's style sheet does to a class is not known here; what counts is on the element, where the build put it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import Final

import msgspec

from posthouse.mail.html import RAW_TEXT, VOID, Attribute, attribute_list, tags
from posthouse.templates.language.grammar import tokenize
from posthouse.templates.lint import css

VALUE: Final = "\ue000"
_NO_BREAK: Final = re.compile(r"[^\n]")
_LOUD: Final = frozenset({"b", "big", "code", "h1", "h2", "h3", "strong"})
_HIDING: Final = re.compile(r"^(?:0|0px|0em|0%)$")
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(px|pt|em|rem|%)?")
_PX: Final = {"px": 1.0, "": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "%": 0.16}
MOST_TAGS: Final = 20_000
_MOST_DEEP: Final = 200
_MOST_ASKED: Final = 50


class Look(msgspec.Struct, frozen=True):
    """How text looks at a place: what was set by the elements around it. ``link``: the number of the link it is in, or -1."""

    hidden: bool = False
    color: str = ""
    background: str = ""
    size: float = 16.0
    loud: bool = False
    link: int = -1


class Element(msgspec.Struct, frozen=True):
    """An element: its start tag in the page, its attributes by lower case name, its own style, and the look inside it."""

    name: str
    start: int
    end: int
    attributes: dict[str, Attribute]
    style: dict[str, str]
    look: Look

    def said(self, attribute: str) -> str:
        """The value of an attribute without white space around it; '' where it is not there."""
        found = self.attributes.get(attribute)
        return found.value.strip() if found is not None else ""


class Run(msgspec.Struct, frozen=True):
    """Text between two tags."""

    start: int
    end: int
    look: Look


class StyleSheet(msgspec.Struct, frozen=True):
    """The inside of a style element."""

    css: str
    start: int


class LintPage(msgspec.Struct, frozen=True):
    """The HTML, read. ``masked``: as long as the page, with marks for what is printed; ``said_by``: the words of each link."""

    masked: str
    elements: tuple[Element, ...]
    runs: tuple[Run, ...]
    sheets: tuple[StyleSheet, ...]
    links: tuple[Element, ...]
    said_by: tuple[str, ...]

    def at(self, place: int) -> Run | None:
        """The text that a place is in, None inside a tag."""
        index = bisect_right(self.runs, place, key=lambda run: run.start) - 1
        return self.runs[index] if index >= 0 and place < self.runs[index].end else None

    def owner(self, place: int) -> tuple[Element, str] | None:
        """The element whose tag a place is in, and the attribute, '' for none."""
        index = bisect_right(self.elements, place, key=lambda element: element.start) - 1
        if index < 0 or place >= self.elements[index].end:
            return None
        element = self.elements[index]
        return element, next((name for name, at in element.attributes.items() if at.start <= place < at.end), "")

    def words_of(self, link: Element) -> str:
        """What a link says, with marks for values."""
        return self.said_by[link.look.link]

    def named(self, *names: str) -> Iterator[Element]:
        """The elements of these names."""
        return (element for element in self.elements if element.name in names)

    def visible(self) -> str:
        """All text that is seen, with marks for values."""
        return " ".join(unescape(self.masked[run.start : run.end]) for run in self.runs if not run.look.hidden)


EMPTY: Final = LintPage("", (), (), (), (), ())


def page_of(html: str) -> LintPage:
    """The HTML of a wording, read. Errors: dialect.Unspeakable."""
    return _Reader(masked(html)).page()


def masked(part: str) -> str:
    """A part with its template tags aside, line ends and length as they were. Errors: dialect.Unspeakable."""
    written: list[str] = []
    read = 0
    for start, end, tag in tokenize(part):
        mark = VALUE if tag is not None and tag.opening == "{{" else " "
        written += (part[read:start], _NO_BREAK.sub(mark, part[start:end]))
        read = end
    written.append(part[read:])
    return "".join(written)


class _Reader:
    """One page being read."""

    def __init__(self, page: str) -> None:
        self._page = page
        self._elements: list[Element] = []
        self._runs: list[Run] = []
        self._sheets: list[StyleSheet] = []
        self._links: list[Element] = []
        self._open: list[tuple[str, Look]] = []

    def page(self) -> LintPage:
        read, raw = 0, ""
        for token in islice(tags(self._page), MOST_TAGS):
            name = (token["name"] or "").lower()
            if raw:
                if not (token["end"] and name == raw):
                    continue
                if raw == "style":
                    self._sheets.append(StyleSheet(self._page[read : token.start()], read))
                raw = ""
            else:
                self._text(read, token.start())
            read = token.end()
            if name and token["end"]:
                self._leave(name)
            elif name:
                self._enter(name, token)
                raw = name if name in RAW_TEXT else ""
        if not raw:
            self._text(read, len(self._page))
        return LintPage(
            self._page, tuple(self._elements), tuple(self._runs), tuple(self._sheets), tuple(self._links), tuple(self._words())
        )  # fmt: skip

    def _words(self) -> Iterator[str]:
        said: list[list[str]] = [[] for _ in self._links]
        for run in self._runs:
            if run.look.link >= 0:
                said[run.look.link].append(unescape(self._page[run.start : run.end]))
        for element in self._elements:
            if element.name == "img" and element.look.link >= 0:
                said[element.look.link].append(element.said("alt"))
        return (" ".join("".join(words).split()) for words in said)

    def _look(self) -> Look:
        return self._open[-1][1] if self._open else Look()

    def _text(self, start: int, end: int) -> None:
        if start < end:
            self._runs.append(Run(start, end, self._look()))

    def _enter(self, name: str, token: re.Match[str]) -> None:
        attributes = _attributes(token["attributes"], token.start("attributes"))
        style = css.style(attributes["style"].value) if "style" in attributes else {}
        link = len(self._links) if name == "a" and "href" in attributes else -1
        look = _looked(self._look(), name, attributes, style, link)
        element = Element(name, token.start(), token.end(), attributes, style, look)
        self._elements.append(element)
        if link >= 0:
            self._links.append(element)
        if name not in VOID and len(self._open) < _MOST_DEEP:
            self._open.append((name, look))

    def _leave(self, name: str) -> None:
        for index in range(len(self._open) - 1, max(-1, len(self._open) - 1 - _MOST_ASKED), -1):
            if self._open[index][0] == name:
                del self._open[index:]
                return


def _attributes(written: str, base: int) -> dict[str, Attribute]:
    """Of one given twice the first counts (HTML 13.2.5.33)."""
    attributes: dict[str, Attribute] = {}
    for attribute in attribute_list(written, base):
        attributes.setdefault(attribute.name, attribute)
    return attributes


def _looked(around: Look, name: str, attributes: dict[str, Attribute], style: dict[str, str], link: int) -> Look:
    """The look inside an element."""
    bare = attributes.get("bgcolor")
    background = style.get("background-color") or style.get("background") or (bare.value if bare is not None else "")
    size = _SIZE.search(style.get("font-size", ""))
    weight = style.get("font-weight", "")
    return Look(
        hidden=around.hidden or _is_hidden(attributes, style),
        color=style.get("color", "") or around.color,
        background=background or around.background,
        size=float(size[1]) * _PX[size[2] or ""] if size is not None else around.size,
        loud=around.loud or name in _LOUD or weight in {"bold", "bolder"} or weight[:1] in {"6", "7", "8", "9"},
        link=link if link >= 0 else -1 if name == "a" else around.link,
    )


def _is_hidden(attributes: dict[str, Attribute], style: dict[str, str]) -> bool:
    return (
        "hidden" in attributes
        or style.get("display", "").startswith("none")
        or style.get("mso-hide") == "all"
        or style.get("visibility", "").startswith("hidden")
        or bool(_HIDING.match(style.get("max-height", "")))
        or bool(_HIDING.match(style.get("opacity", "")))
    )
