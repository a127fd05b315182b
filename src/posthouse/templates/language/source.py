"""One source of a page, parsed: its text, what it extends and includes, its blocks. ``includes`` puts the sources together.

A page that extends has no text outside its blocks: Jinja would drop it silently and readers would miss it, so it is an error
here. Comments may stand anywhere.
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
    """What is wrong with a source: in which part (``html``, or ``html: footer`` for a partial), on which line (0: unknown), one
    sentence.
    """

    part: str
    line: int
    message: str


class IncludeError(Exception):
    """A page that cannot be put together."""

    def __init__(self, fault: SourceFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class TextNode(msgspec.Struct, frozen=True):
    """Literal text, from ``start`` to ``end`` of the source."""

    start: int
    end: int


class IncludeNode(msgspec.Struct, frozen=True):
    """A partial, by name."""

    start: int
    name: str


class SuperNode(msgspec.Struct, frozen=True):
    """``{{ super() }}``: the block of the layout that this block replaces."""

    start: int


class BlockNode(msgspec.Struct, frozen=True):
    """A block and its content."""

    start: int
    name: str
    inner: "tuple[Node, ...]"


Node = TextNode | IncludeNode | SuperNode | BlockNode


class ParsedSource(msgspec.Struct, frozen=True):
    """``parent``: place and name of what it extends."""

    part: str
    source: str
    parent: tuple[int, str] | None
    nodes: tuple[Node, ...]
    blocks: Mapping[str, BlockNode]


def parse(part: str, source: str) -> ParsedSource:
    """A source as text, includes and blocks. Errors: IncludeError."""
    if len(source) > MOST_CHARACTERS:
        raise IncludeError(SourceFault(part, 1, f"it has {len(source)} characters; {MOST_CHARACTERS} are allowed"))
    parser = _SourceParser(part, source)
    try:
        for start, end, tag in _structure_tags(source):
            parser.add_tag(start, end, tag)
    except TemplateSyntaxError as fault:
        line, _, message = str(fault).partition(": ")
        raise IncludeError(SourceFault(part, int(line.removeprefix("line ")), message)) from fault
    return parser.finish()


def _structure_tags(source: str) -> Iterator[tuple[int, int, Tag]]:
    """The tags of layouts and partials; all others are text here."""
    for start, end, tag in tokenize(source):
        if tag is None or not tag.tokens:
            continue
        words = [text for _, text in tag.tokens]
        if (tag.opening == "{%" and words[0] in _WORDS) or (tag.opening == "{{" and words == ["super", "(", ")"]):
            yield start, end, tag


class _SourceParser:
    """One source being parsed. ``_open``: the blocks that are open, each with its place, its name and its nodes so far."""

    def __init__(self, part: str, source: str) -> None:
        self._part = part
        self._source = source
        self._position = 0
        self._parent: tuple[int, str] | None = None
        self._open: list[tuple[int, str, list[Node]]] = [(0, "", [])]
        self._blocks: dict[str, BlockNode] = {}

    def add_tag(self, start: int, end: int, tag: Tag) -> None:
        """One tag, with the white space that its ``-`` removes."""
        self._add_text(start, trimmed=self._source[start + 2] == "-")
        self._position = end
        if self._source[end - 3] == "-":
            self._position += len(self._source[end:]) - len(self._source[end:].lstrip())
        word = tag.tokens[0][1]
        if word == "extends":
            if self._parent is not None or len(self._open) > 1 or self._source[:start].strip():
                raise self._fault(start, "extends must be the first thing in a page, once")
            self._parent = (start, self._name_of(tag, start))
        elif word == "include":
            self._open[-1][2].append(IncludeNode(start, self._name_of(tag, start)))
        elif word == "super":
            if len(self._open) == 1:
                raise self._fault(start, "super() stands in a block")
            self._open[-1][2].append(SuperNode(start))
        elif word == "block":
            self._open_block(tag, start)
        else:
            self._close_block(tag, start)

    def finish(self) -> ParsedSource:
        """The source, once all tags are added. Errors: IncludeError."""
        self._add_text(len(self._source), trimmed=False)
        if len(self._open) > 1:
            raise self._fault(self._open[-1][0], f"the block '{self._open[-1][1]}' has no end")
        if self._parent is not None:
            self._check_outside_blocks()
        return ParsedSource(self._part, self._source, self._parent, tuple(self._open[0][2]), self._blocks)

    def _check_outside_blocks(self) -> None:
        for node in self._open[0][2]:
            position = _first_content(self._source, node.start, node.end) if isinstance(node, TextNode) else node.start
            if position is not None and not isinstance(node, BlockNode):
                raise self._fault(position, "a page that extends has nothing outside its blocks; put this into one")

    def _add_text(self, end: int, *, trimmed: bool) -> None:
        if trimmed:
            end = self._position + len(self._source[self._position : end].rstrip())
        if end > self._position:
            self._open[-1][2].append(TextNode(self._position, end))

    def _open_block(self, tag: Tag, start: int) -> None:
        if len(tag.tokens) != _NAME_TOKENS or tag.tokens[1][0] != "name":
            raise self._fault(start, "a block has a name, and nothing else")
        if len(self._open) > MOST_DEEP:
            raise self._fault(start, f"blocks are more than {MOST_DEEP} deep")
        self._open.append((start, tag.tokens[1][1], []))

    def _close_block(self, tag: Tag, start: int) -> None:
        block_start, name, nodes = self._open[-1]
        if len(self._open) == 1 or len(tag.tokens) not in _BLOCK_TOKENS or tag.tokens[-1][1] not in {"endblock", name}:
            raise self._fault(start, "this endblock ends no block")
        if name in self._blocks:
            raise self._fault(block_start, f"there are two blocks '{name}'")
        self._open.pop()
        self._blocks[name] = BlockNode(block_start, name, tuple(nodes))
        self._open[-1][2].append(self._blocks[name])

    def _name_of(self, tag: Tag, start: int) -> str:
        if len(tag.tokens) != _NAME_TOKENS or tag.tokens[1][0] != "string":
            raise self._fault(start, f"{tag.tokens[0][1]} takes one name in quotes")
        return tag.tokens[1][1][1:-1]

    def _fault(self, position: int, message: str) -> IncludeError:
        return IncludeError(SourceFault(self._part, line_of(self._source, position), message))


def _first_content(source: str, start: int, end: int) -> int | None:
    """Where the first character stands that is neither white space nor in a comment; None where there is none."""
    position = start
    while position < end:
        if source[position].isspace():
            position += 1
            continue
        closing = next((close for begin, close in _COMMENTS if source.startswith(begin, position)), None)
        closed = -1 if closing is None else source.find(closing, position, end)
        if closing is None or closed < 0:
            return position
        position = closed + len(closing)
    return None
