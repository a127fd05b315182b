"""Layouts and partials put into the page that names them, once, when it is saved (C1, C3).

``{% extends "layout" %}``, ``{% block name %}…{% endblock %}``, ``{{ super() }}`` and ``{% include "partial" %}`` are replaced by the text they stand
for, out of what the tenant has under these names. So the engine never loads anything, and a version that was accepted does
not change when a partial does. For a part there may be a variant of its own: ``footer`` in a text is ``footer.txt`` if there is one, in
HTML ``footer.html``, in MJML ``footer.mjml``. Names are looked up, never opened: ``../etc`` is a name like any other.

A page that extends says nothing outside its blocks, and none under a name that no layout of its has: Jinja drops both without a word,
and readers would miss it. A block of a layout says what the page says under its name, else what stands in it. An included partial sees the variables of the place where it stands; it has no blocks of its own.

Bounds: ten deep, a hundred inclusions, 256 KB in all, no circles. What was put in is then read like any other page.

Known sharp edges: a name must be a text in quotes, not a variable: what a version says is settled when it is saved.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from posthouse.templates.language.grammar import MOST_CHARACTERS, line_of
from posthouse.templates.language.source import (
    MOST_DEEP,
    Block,
    Include,
    IncludeError,
    Node,
    ParsedSource,
    SourceFault,
    Text,
    read,
)

MOST_INCLUDED: Final = 100
SUFFIXES: Final[Mapping[str, str]] = {"subject": ".txt", "text": ".txt", "html": ".html", "mjml": ".mjml"}


class ResolvedPage(msgspec.Struct, frozen=True):
    """A page put together. ``origins``: from which place on it comes from where: (place, part, place there, source)."""

    text: str
    origins: tuple[tuple[int, str, int, str], ...]

    def origin(self, line: int) -> tuple[str, int]:
        """Part and line as an author knows them, of a line of this page."""
        place = 0
        for _ in range(line - 1):
            place = self.text.find("\n", place) + 1
        end = self.text.find("\n", place)
        found = [origin for origin in self.origins if origin[0] <= place] or list(self.origins[:1])
        inside = [origin for origin in self.origins if place <= origin[0] and (end < 0 or origin[0] < end)]
        start, part, there, source = (found or inside)[-1]
        return part, line_of(source, there + max(0, place - start))


def resolve(part: str, source: str, library: Mapping[str, str]) -> ResolvedPage:
    """The page with its layouts and partials. Errors: Unlinkable."""
    return _Linker(part, library).linked(source)


class _Linker:
    """One page being put together."""

    def __init__(self, part: str, library: Mapping[str, str]) -> None:
        self._part = part
        self._library = library
        self._written: list[str] = []
        self._origins: list[tuple[int, str, int, str]] = []
        self._size = 0
        self._included = 0
        self._blocks: dict[str, list[tuple[ParsedSource, Block]]] = {}

    def linked(self, source: str) -> ResolvedPage:
        sheet = read(self._part, source)
        names: list[str] = []
        self._collect(sheet)
        while sheet.parent is not None:
            start, name = sheet.parent
            if name in names or len(names) >= MOST_DEEP:
                raise _unlinkable(sheet, start, f"'{name}' extends itself, or layouts are more than {MOST_DEEP} deep")
            names.append(name)
            sheet = self._fetched(sheet, start, name)
            self._collect(sheet)
        self._unheard()
        self._say(sheet, sheet.nodes, (), 0)
        return ResolvedPage("".join(self._written), tuple(self._origins) or ((0, self._part, 0, source),))

    def _collect(self, sheet: ParsedSource) -> None:
        for name, block in sheet.blocks.items():
            self._blocks.setdefault(name, []).append((sheet, block))

    def _unheard(self) -> None:
        """A block that stands in no other one is said only where a layout has its name."""
        for name, versions in self._blocks.items():
            sheet, block = versions[-1]
            if sheet.parent is not None and any(node is block for node in sheet.nodes):
                known = ", ".join(sorted(each for each, owners in self._blocks.items() if owners[-1][0] is not sheet)[:20])
                raise _unlinkable(
                    sheet, block.start, f"no layout of this page has a block '{name}'; there are: {known or 'none'}"
                )

    def _fetched(self, sheet: ParsedSource, start: int, name: str) -> ParsedSource:
        found = self._library.get(name + SUFFIXES.get(self._part, ""))
        found = self._library.get(name) if found is None else found
        if found is None:
            known = ", ".join(sorted(self._library)[:20]) or "none"
            raise _unlinkable(sheet, start, f"there is no layout or partial '{name}'; there are: {known}")
        return read(f"{self._part}: {name}", found.removesuffix("\n"))

    def _say(self, sheet: ParsedSource, nodes: Sequence[Node], inside: tuple[str, ...], level: int) -> None:
        """``inside``: the partials and blocks this stands in; ``level``: how often a block asked for what it replaces."""
        for node in nodes:
            if isinstance(node, Text):
                self._put(sheet, node)
            elif isinstance(node, Include):
                self._include(sheet, node, inside)
            elif isinstance(node, Block):
                self._block(sheet, node.start, node.name, 0, inside)
            else:
                self._block(sheet, node.start, inside[-1].removeprefix("block ") if inside else "", level + 1, inside)

    def _put(self, sheet: ParsedSource, node: Text) -> None:
        if node.start >= node.end:
            return
        self._origins.append((self._size, sheet.part, node.start, sheet.source))
        self._written.append(sheet.source[node.start : node.end])
        self._size += node.end - node.start
        if self._size > MOST_CHARACTERS:
            raise _unlinkable(sheet, node.start, f"with its layouts and partials it has more than {MOST_CHARACTERS} characters")

    def _include(self, sheet: ParsedSource, node: Include, inside: tuple[str, ...]) -> None:
        self._included += 1
        mark = f"partial {node.name}"
        if mark in inside:
            raise _unlinkable(sheet, node.start, f"'{node.name}' includes itself")
        if len(inside) >= MOST_DEEP or self._included > MOST_INCLUDED:
            raise _unlinkable(sheet, node.start, f"more than {MOST_INCLUDED} inclusions, or {MOST_DEEP} in one another")
        partial = self._fetched(sheet, node.start, node.name)
        if partial.parent is not None or partial.blocks:
            raise _unlinkable(partial, 0, "an included partial can neither extend nor have blocks")
        self._say(partial, partial.nodes, (*inside, mark), 0)

    def _block(self, sheet: ParsedSource, start: int, name: str, level: int, inside: tuple[str, ...]) -> None:
        versions = self._blocks.get(name, [])
        self._included += 1
        if level >= len(versions):
            raise _unlinkable(sheet, start, "super() has nothing to stand for here")
        if len(inside) >= MOST_DEEP or self._included > MOST_INCLUDED:
            raise _unlinkable(sheet, start, f"more than {MOST_INCLUDED} blocks, or {MOST_DEEP} in one another")
        owner, block = versions[level]
        self._say(owner, block.inner, (*inside, f"block {name}"), level)


def _unlinkable(sheet: ParsedSource, place: int, message: str) -> IncludeError:
    return IncludeError(SourceFault(sheet.part, line_of(sheet.source, place), message))
