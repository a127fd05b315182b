"""The HTML of a template as lint sees it: elements with their attributes and looks, runs of text, style sheets, each with its
position.

One pass over the tags, no tree. The template's own tags are masked: what is printed is a run of marks of the same length, a
statement is blank, so every position is one in the template too. Conditional comments for Outlook are not looked into.

Bounds: 20,000 tags, elements followed to a depth of 200, an end tag closes one of the nearest 50 open elements. Linear in what is
read.

Known sharp edges: only styles on the element count, where the build put them; those of a class in a style sheet do not.
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
_NO_SIZE: Final = re.compile(r"^(?:0|0px|0em|0%)$")
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(px|pt|em|rem|%)?")
_PX: Final = {"px": 1.0, "": 1.0, "pt": 4 / 3, "em": 16.0, "rem": 16.0, "%": 0.16}
MOST_TAGS: Final = 20_000
_MOST_DEEP: Final = 200
_MOST_SEARCHED: Final = 50


class Look(msgspec.Struct, frozen=True):
    """How text looks: what the elements around it set. ``link``: the number of the link it is in, or -1."""

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

    def value_of(self, name: str) -> str:
        """The value of an attribute without white space around it; '' where it is not there."""
        attribute = self.attributes.get(name)
        return attribute.value.strip() if attribute is not None else ""


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
    """The HTML, parsed. ``masked``: as long as the page, with marks for what is printed; ``link_texts``: by number of link."""

    masked: str
    elements: tuple[Element, ...]
    runs: tuple[Run, ...]
    sheets: tuple[StyleSheet, ...]
    links: tuple[Element, ...]
    link_texts: tuple[str, ...]

    def run_at(self, position: int) -> Run | None:
        """The text at a position, None inside a tag."""
        index = bisect_right(self.runs, position, key=lambda run: run.start) - 1
        return self.runs[index] if index >= 0 and position < self.runs[index].end else None

    def element_at(self, position: int) -> tuple[Element, str] | None:
        """The element whose tag a position is in, and the attribute, '' for none."""
        index = bisect_right(self.elements, position, key=lambda element: element.start) - 1
        if index < 0 or position >= self.elements[index].end:
            return None
        element = self.elements[index]
        return element, next((name for name, at in element.attributes.items() if at.start <= position < at.end), "")

    def link_text(self, link: Element) -> str:
        """The text of a link, with marks for values."""
        return self.link_texts[link.look.link]

    def elements_named(self, *names: str) -> Iterator[Element]:
        """The elements of these names."""
        return (element for element in self.elements if element.name in names)

    def visible_text(self) -> str:
        """All visible text, with marks for values."""
        return " ".join(unescape(self.masked[run.start : run.end]) for run in self.runs if not run.look.hidden)


EMPTY: Final = LintPage("", (), (), (), (), ())


def page_of(html: str) -> LintPage:
    """The HTML of a template, parsed. Errors: TemplateSyntaxError."""
    return _Reader(masked(html)).page()


def masked(part: str) -> str:
    """A part with its template tags masked; line ends and length stay. Errors: TemplateSyntaxError."""
    source: list[str] = []
    position = 0
    for start, end, tag in tokenize(part):
        mark = VALUE if tag is not None and tag.opening == "{{" else " "
        source += (part[position:start], _NO_BREAK.sub(mark, part[start:end]))
        position = end
    source.append(part[position:])
    return "".join(source)


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
        position, raw = 0, ""
        for tag in islice(tags(self._page), MOST_TAGS):
            name = (tag["name"] or "").lower()
            if raw:
                if not (tag["end"] and name == raw):
                    continue
                if raw == "style":
                    self._sheets.append(StyleSheet(self._page[position : tag.start()], position))
                raw = ""
            else:
                self._text(position, tag.start())
            position = tag.end()
            if name and tag["end"]:
                self._close(name)
            elif name:
                self._open_element(name, tag)
                raw = name if name in RAW_TEXT else ""
        if not raw:
            self._text(position, len(self._page))
        return LintPage(
            self._page,
            tuple(self._elements),
            tuple(self._runs),
            tuple(self._sheets),
            tuple(self._links),
            tuple(self._link_texts()),
        )

    def _link_texts(self) -> Iterator[str]:
        value_of: list[list[str]] = [[] for _ in self._links]
        for run in self._runs:
            if run.look.link >= 0:
                value_of[run.look.link].append(unescape(self._page[run.start : run.end]))
        for element in self._elements:
            if element.name == "img" and element.look.link >= 0:
                value_of[element.look.link].append(element.value_of("alt"))
        return (" ".join("".join(words).split()) for words in value_of)

    def _look(self) -> Look:
        return self._open[-1][1] if self._open else Look()

    def _text(self, start: int, end: int) -> None:
        if start < end:
            self._runs.append(Run(start, end, self._look()))

    def _open_element(self, name: str, tag: re.Match[str]) -> None:
        attributes = _attributes(tag["attributes"], tag.start("attributes"))
        style = css.parse_style(attributes["style"].value) if "style" in attributes else {}
        link = len(self._links) if name == "a" and "href" in attributes else -1
        look = _look_inside(self._look(), name, attributes, style, link)
        element = Element(name, tag.start(), tag.end(), attributes, style, look)
        self._elements.append(element)
        if link >= 0:
            self._links.append(element)
        if name not in VOID and len(self._open) < _MOST_DEEP:
            self._open.append((name, look))

    def _close(self, name: str) -> None:
        for index in range(len(self._open) - 1, max(-1, len(self._open) - 1 - _MOST_SEARCHED), -1):
            if self._open[index][0] == name:
                del self._open[index:]
                return


def _attributes(source: str, base: int) -> dict[str, Attribute]:
    """Of one given twice the first counts (HTML 13.2.5.33)."""
    attributes: dict[str, Attribute] = {}
    for attribute in attribute_list(source, base):
        attributes.setdefault(attribute.name, attribute)
    return attributes


def _look_inside(outer: Look, name: str, attributes: dict[str, Attribute], style: dict[str, str], link: int) -> Look:
    """The look inside an element."""
    bgcolor = attributes.get("bgcolor")
    background = style.get("background-color") or style.get("background") or (bgcolor.value if bgcolor is not None else "")
    size = _SIZE.search(style.get("font-size", ""))
    weight = style.get("font-weight", "")
    return Look(
        hidden=outer.hidden or _is_hidden(attributes, style),
        color=style.get("color", "") or outer.color,
        background=background or outer.background,
        size=float(size[1]) * _PX[size[2] or ""] if size is not None else outer.size,
        loud=outer.loud or name in _LOUD or weight in {"bold", "bolder"} or weight[:1] in {"6", "7", "8", "9"},
        link=link if link >= 0 else -1 if name == "a" else outer.link,
    )


def _is_hidden(attributes: dict[str, Attribute], style: dict[str, str]) -> bool:
    return (
        "hidden" in attributes
        or style.get("display", "").startswith("none")
        or style.get("mso-hide") == "all"
        or style.get("visibility", "").startswith("hidden")
        or bool(_NO_SIZE.match(style.get("max-height", "")))
        or bool(_NO_SIZE.match(style.get("opacity", "")))
    )
