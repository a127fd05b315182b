"""Layouts and partials put into the page that names them, once, when it is saved (C1, C3).

``{% extends "layout" %}``, ``{% block name %}…{% endblock %}``, ``{{ super() }}`` and ``{% include "partial" %}`` are replaced by the text they stand
for, out of what the tenant has under these names. So the engine never loads anything, and a version that was accepted does
not change when a partial does. For a part there may be a variant of its own: ``footer`` in a text is ``footer.txt`` if there is one, in
HTML ``footer.html``, in MJML ``footer.mjml``. Names are looked up, never opened: ``../etc`` is a name like any other.

A page that extends says nothing outside its blocks. A block of a layout says what the page says under its name, else what
stands in it. An included partial sees the variables of the place where it stands; it has no blocks of its own.

Bounds: ten deep, a hundred inclusions, 256 KB in all, no circles. What was put in is then read like any other page.

Known sharp edges: a name must be a text in quotes, not a variable: what a version says is settled when it is saved.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from posthouse.compose.dialect import MOST_CHARACTERS, Tag, Unspeakable, line_of, pieces

MOST_DEEP: Final = 10
MOST_INCLUDED: Final = 100
SUFFIXES: Final[Mapping[str, str]] = {"subject": ".txt", "text": ".txt", "html": ".html", "mjml": ".mjml"}
_WORDS: Final = frozenset({"extends", "block", "endblock", "include"})
_NAME_TOKENS: Final = 2
_BLOCK_TOKENS: Final = frozenset({1, 2})


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a source: in which part (``html``, or ``html: footer`` for a partial), on which line (0: unknown), one sentence."""

    part: str
    line: int
    message: str


class Unlinkable(Exception):
    """A page that cannot be put together."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Linked(msgspec.Struct, frozen=True):
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


class _Text(msgspec.Struct, frozen=True):
    start: int
    end: int


class _Include(msgspec.Struct, frozen=True):
    start: int
    name: str


class _Super(msgspec.Struct, frozen=True):
    start: int


class _Block(msgspec.Struct, frozen=True):
    start: int
    name: str
    inner: "tuple[_Node, ...]"


_Node = _Text | _Include | _Super | _Block


class _Sheet(msgspec.Struct, frozen=True):
    """One source, read: what it extends and what it says."""

    part: str
    source: str
    parent: tuple[int, str] | None
    nodes: tuple[_Node, ...]
    blocks: Mapping[str, _Block]


def link(part: str, source: str, library: Mapping[str, str]) -> Linked:
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
        self._blocks: dict[str, list[tuple[_Sheet, _Block]]] = {}

    def linked(self, source: str) -> Linked:
        sheet = _read(self._part, source)
        names: list[str] = []
        self._collect(sheet)
        while sheet.parent is not None:
            start, name = sheet.parent
            if name in names or len(names) >= MOST_DEEP:
                raise _unlinkable(sheet, start, f"'{name}' extends itself, or layouts are more than {MOST_DEEP} deep")
            names.append(name)
            sheet = self._fetched(sheet, start, name)
            self._collect(sheet)
        self._say(sheet, sheet.nodes, (), 0)
        return Linked("".join(self._written), tuple(self._origins) or ((0, self._part, 0, source),))

    def _collect(self, sheet: _Sheet) -> None:
        for name, block in sheet.blocks.items():
            self._blocks.setdefault(name, []).append((sheet, block))

    def _fetched(self, sheet: _Sheet, start: int, name: str) -> _Sheet:
        found = self._library.get(name + SUFFIXES.get(self._part, ""))
        found = self._library.get(name) if found is None else found
        if found is None:
            known = ", ".join(sorted(self._library)[:20]) or "none"
            raise _unlinkable(sheet, start, f"there is no layout or partial '{name}'; there are: {known}")
        return _read(f"{self._part}: {name}", found.removesuffix("\n"))

    def _say(self, sheet: _Sheet, nodes: Sequence[_Node], inside: tuple[str, ...], level: int) -> None:
        """``inside``: the partials and blocks this stands in; ``level``: how often a block asked for what it replaces."""
        for node in nodes:
            if isinstance(node, _Text):
                self._put(sheet, node)
            elif isinstance(node, _Include):
                self._include(sheet, node, inside)
            elif isinstance(node, _Block):
                self._block(sheet, node.start, node.name, 0, inside)
            else:
                self._block(sheet, node.start, inside[-1].removeprefix("block ") if inside else "", level + 1, inside)

    def _put(self, sheet: _Sheet, node: _Text) -> None:
        if node.start >= node.end:
            return
        self._origins.append((self._size, sheet.part, node.start, sheet.source))
        self._written.append(sheet.source[node.start : node.end])
        self._size += node.end - node.start
        if self._size > MOST_CHARACTERS:
            raise _unlinkable(sheet, node.start, f"with its layouts and partials it has more than {MOST_CHARACTERS} characters")

    def _include(self, sheet: _Sheet, node: _Include, inside: tuple[str, ...]) -> None:
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

    def _block(self, sheet: _Sheet, start: int, name: str, level: int, inside: tuple[str, ...]) -> None:
        versions = self._blocks.get(name, [])
        self._included += 1
        if level >= len(versions):
            raise _unlinkable(sheet, start, "super() has nothing to stand for here")
        if len(inside) >= MOST_DEEP or self._included > MOST_INCLUDED:
            raise _unlinkable(sheet, start, f"more than {MOST_INCLUDED} blocks, or {MOST_DEEP} in one another")
        owner, block = versions[level]
        self._say(owner, block.inner, (*inside, f"block {name}"), level)


def _read(part: str, source: str) -> _Sheet:
    """A source as text, inclusions and blocks. Errors: Unlinkable."""
    if len(source) > MOST_CHARACTERS:
        raise Unlinkable(Fault(part, 1, f"it has {len(source)} characters; {MOST_CHARACTERS} are allowed"))
    reader = _Reader(part, source)
    try:
        for start, end, tag in _structure(source):
            reader.take(start, end, tag)
    except Unspeakable as fault:
        where, _, what = str(fault).partition(": ")
        raise Unlinkable(Fault(part, int(where.removeprefix("line ")), what)) from fault
    return reader.sheet()


def _structure(source: str) -> Iterator[tuple[int, int, Tag]]:
    """The tags that this page knows."""
    for start, end, tag in pieces(source):
        if tag is None or not tag.tokens:
            continue
        words = [text for _, text in tag.tokens]
        if (tag.opening == "{%" and words[0] in _WORDS) or (tag.opening == "{{" and words == ["super", "(", ")"]):
            yield start, end, tag


class _Reader:
    """One source being read."""

    def __init__(self, part: str, source: str) -> None:
        self._part = part
        self._source = source
        self._place = 0
        self._parent: tuple[int, str] | None = None
        self._open: list[tuple[int, str, list[_Node]]] = [(0, "", [])]
        self._blocks: dict[str, _Block] = {}

    def take(self, start: int, end: int, tag: Tag) -> None:
        """One tag, with the white space it takes away."""
        self._text(start, trimmed=self._source[start + 2] == "-")
        self._place = end
        if self._source[end - 3] == "-":
            self._place += len(self._source[end:]) - len(self._source[end:].lstrip())
        word = tag.tokens[0][1]
        if word == "extends":
            if self._parent is not None or len(self._open) > 1 or self._source[:start].strip():
                raise self._fault(start, "extends must be the first thing a page says, once")
            self._parent = (start, self._named(tag, start))
        elif word == "include":
            self._open[-1][2].append(_Include(start, self._named(tag, start)))
        elif word == "super":
            if len(self._open) == 1:
                raise self._fault(start, "super() stands in a block")
            self._open[-1][2].append(_Super(start))
        elif word == "block":
            self._begin(tag, start)
        else:
            self._finish(tag, start)

    def sheet(self) -> _Sheet:
        """Everything taken."""
        self._text(len(self._source), trimmed=False)
        if len(self._open) > 1:
            raise self._fault(self._open[-1][0], f"the block '{self._open[-1][1]}' has no end")
        return _Sheet(self._part, self._source, self._parent, tuple(self._open[0][2]), self._blocks)

    def _text(self, end: int, *, trimmed: bool) -> None:
        if trimmed:
            end = self._place + len(self._source[self._place : end].rstrip())
        if end > self._place:
            self._open[-1][2].append(_Text(self._place, end))

    def _begin(self, tag: Tag, start: int) -> None:
        if len(tag.tokens) != _NAME_TOKENS or tag.tokens[1][0] != "name":
            raise self._fault(start, "a block has a name, and nothing else")
        if len(self._open) > MOST_DEEP:
            raise self._fault(start, f"blocks are more than {MOST_DEEP} deep")
        self._open.append((start, tag.tokens[1][1], []))

    def _finish(self, tag: Tag, start: int) -> None:
        begun, name, nodes = self._open[-1]
        if len(self._open) == 1 or len(tag.tokens) not in _BLOCK_TOKENS or tag.tokens[-1][1] not in {"endblock", name}:
            raise self._fault(start, "this endblock ends no block")
        if name in self._blocks:
            raise self._fault(begun, f"there are two blocks '{name}'")
        self._open.pop()
        self._blocks[name] = _Block(begun, name, tuple(nodes))
        self._open[-1][2].append(self._blocks[name])

    def _named(self, tag: Tag, start: int) -> str:
        if len(tag.tokens) != _NAME_TOKENS or tag.tokens[1][0] != "string":
            raise self._fault(start, f"{tag.tokens[0][1]} takes one name in quotes")
        return tag.tokens[1][1][1:-1]

    def _fault(self, place: int, message: str) -> Unlinkable:
        return Unlinkable(Fault(self._part, line_of(self._source, place), message))


def _unlinkable(sheet: _Sheet, place: int, message: str) -> Unlinkable:
    return Unlinkable(Fault(sheet.part, line_of(sheet.source, place), message))
