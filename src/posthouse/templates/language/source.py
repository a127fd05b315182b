"""One source of a page, read: its text, what it extends and includes, its blocks. What it then says is put together in ``link``.

A page that extends says nothing outside its blocks; where it does, Jinja drops it without a word and readers would miss it, so
that is a fault here. Comments may stand anywhere.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from posthouse.templates.language.grammar import MOST_CHARACTERS, Tag, TemplateSyntaxError, line_of, tokenize

MOST_DEEP: Final = 10
_WORDS: Final = frozenset({"extends", "block", "endblock", "include"})
_NAME_TOKENS: Final = 2
_BLOCK_TOKENS: Final = frozenset({1, 2})
_COMMENTS: Final = (("{#", "#}"), ("<!--", "-->"))


class SourceFault(msgspec.Struct, frozen=True):
    """What is wrong with a source: in which part (``html``, or ``html: footer`` for a partial), on which line (0: unknown), one sentence."""

    part: str
    line: int
    message: str


class IncludeError(Exception):
    """A page that cannot be put together."""

    def __init__(self, fault: SourceFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Text(msgspec.Struct, frozen=True):
    """Said as it stands, from ``start`` to ``end`` of the source."""

    start: int
    end: int


class Include(msgspec.Struct, frozen=True):
    """A partial, by name."""

    start: int
    name: str


class Super(msgspec.Struct, frozen=True):
    """What this block replaces."""

    start: int


class Block(msgspec.Struct, frozen=True):
    """A block and what stands in it."""

    start: int
    name: str
    inner: "tuple[Node, ...]"


Node = Text | Include | Super | Block


class ParsedSource(msgspec.Struct, frozen=True):
    """One source, read: what it extends and what it says."""

    part: str
    source: str
    parent: tuple[int, str] | None
    nodes: tuple[Node, ...]
    blocks: Mapping[str, Block]


def read(part: str, source: str) -> ParsedSource:
    """A source as text, inclusions and blocks. Errors: Unlinkable."""
    if len(source) > MOST_CHARACTERS:
        raise IncludeError(SourceFault(part, 1, f"it has {len(source)} characters; {MOST_CHARACTERS} are allowed"))
    reader = _Reader(part, source)
    try:
        for start, end, tag in _structure(source):
            reader.take(start, end, tag)
    except TemplateSyntaxError as fault:
        where, _, what = str(fault).partition(": ")
        raise IncludeError(SourceFault(part, int(where.removeprefix("line ")), what)) from fault
    return reader.sheet()


def _structure(source: str) -> Iterator[tuple[int, int, Tag]]:
    """The tags that this page knows."""
    for start, end, tag in tokenize(source):
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
        self._open: list[tuple[int, str, list[Node]]] = [(0, "", [])]
        self._blocks: dict[str, Block] = {}

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
            self._open[-1][2].append(Include(start, self._named(tag, start)))
        elif word == "super":
            if len(self._open) == 1:
                raise self._fault(start, "super() stands in a block")
            self._open[-1][2].append(Super(start))
        elif word == "block":
            self._begin(tag, start)
        else:
            self._finish(tag, start)

    def sheet(self) -> ParsedSource:
        """Everything taken."""
        self._text(len(self._source), trimmed=False)
        if len(self._open) > 1:
            raise self._fault(self._open[-1][0], f"the block '{self._open[-1][1]}' has no end")
        if self._parent is not None:
            self._nothing_outside()
        return ParsedSource(self._part, self._source, self._parent, tuple(self._open[0][2]), self._blocks)

    def _nothing_outside(self) -> None:
        for node in self._open[0][2]:
            place = _said_at(self._source, node.start, node.end) if isinstance(node, Text) else node.start
            if place is not None and not isinstance(node, Block):
                raise self._fault(place, "a page that extends says nothing outside its blocks; put this into one")

    def _text(self, end: int, *, trimmed: bool) -> None:
        if trimmed:
            end = self._place + len(self._source[self._place : end].rstrip())
        if end > self._place:
            self._open[-1][2].append(Text(self._place, end))

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
        self._blocks[name] = Block(begun, name, tuple(nodes))
        self._open[-1][2].append(self._blocks[name])

    def _named(self, tag: Tag, start: int) -> str:
        if len(tag.tokens) != _NAME_TOKENS or tag.tokens[1][0] != "string":
            raise self._fault(start, f"{tag.tokens[0][1]} takes one name in quotes")
        return tag.tokens[1][1][1:-1]

    def _fault(self, place: int, message: str) -> IncludeError:
        return IncludeError(SourceFault(self._part, line_of(self._source, place), message))


def _said_at(source: str, start: int, end: int) -> int | None:
    """Where a text says something: anything but white space and comments."""
    place = start
    while place < end:
        if source[place].isspace():
            place += 1
            continue
        closing = next((close for begin, close in _COMMENTS if source.startswith(begin, place)), None)
        closed = -1 if closing is None else source.find(closing, place, end)
        if closing is None or closed < 0:
            return place
        place = closed + len(closing)
    return None
