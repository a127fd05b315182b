"""Layouts and partials resolved: put into the page that names them, once, when it is saved (C1, C3).

``{% extends "layout" %}``, ``{% block name %}…{% endblock %}``, ``{{ super() }}`` and ``{% include "partial" %}`` are replaced by
the text they stand for, out of what the tenant has under these names. So the engine never loads anything, and a version that was
accepted does not change when a partial does. For a part there may be a variant of its own: ``footer`` in a text is ``footer.txt``
if there is one, in HTML ``footer.html``, in MJML ``footer.mjml``. Names are looked up, never opened: ``../etc`` is a name like
any other.

A page that extends has nothing outside its blocks, and no block under a name that no layout has: Jinja drops both silently, and
readers would miss it. A block of a layout is replaced by the page's block of the same name. An included partial sees the
variables of the place where it stands; it has no blocks of its own.

Bounds: ten deep, a hundred includes, 256 KB in all, no circles. The result is then checked like any other page.

Known sharp edges: a name must be a text in quotes, not a variable: the content of a version is fixed when it is saved.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from posthouse.templates.language.grammar import MOST_CHARACTERS, line_of
from posthouse.templates.language.source import (
    MOST_DEEP,
    BlockNode,
    IncludeError,
    IncludeNode,
    Node,
    ParsedSource,
    SourceFault,
    TextNode,
    parse,
)

MOST_INCLUDED: Final = 100
SUFFIXES: Final[Mapping[str, str]] = {"subject": ".txt", "text": ".txt", "html": ".html", "mjml": ".mjml"}


class Origin(NamedTuple):
    """From ``start`` on, a page comes from ``source``, beginning at ``source_start``; ``part``: as an author knows it."""

    start: int
    part: str
    source_start: int
    source: str


class ResolvedPage(msgspec.Struct, frozen=True):
    """A page with its layouts and partials. ``origins``: where each piece of it comes from."""

    text: str
    origins: tuple[Origin, ...]

    def origin(self, line: int) -> tuple[str, int]:
        """Part and line as an author knows them, of a line of this page."""
        position = 0
        for _ in range(line - 1):
            position = self.text.find("\n", position) + 1
        end = self.text.find("\n", position)
        before = [origin for origin in self.origins if origin.start <= position] or list(self.origins[:1])
        on_line = [origin for origin in self.origins if position <= origin.start and (end < 0 or origin.start < end)]
        origin = (before or on_line)[-1]
        return origin.part, line_of(origin.source, origin.source_start + max(0, position - origin.start))


def resolve(part: str, source: str, library: Mapping[str, str]) -> ResolvedPage:
    """The page with its layouts and partials. Errors: IncludeError."""
    return _Resolver(part, library).resolve(source)


class _Resolver:
    """One page being put together. ``_blocks``: by name, the page's own first, then those of its layouts."""

    def __init__(self, part: str, library: Mapping[str, str]) -> None:
        self._part = part
        self._library = library
        self._pieces: list[str] = []
        self._origins: list[Origin] = []
        self._size = 0
        self._included = 0
        self._blocks: dict[str, list[tuple[ParsedSource, BlockNode]]] = {}

    def resolve(self, source: str) -> ResolvedPage:
        parsed = parse(self._part, source)
        names: list[str] = []
        self._collect_blocks(parsed)
        while parsed.parent is not None:
            start, name = parsed.parent
            if name in names or len(names) >= MOST_DEEP:
                raise _include_error(parsed, start, f"'{name}' extends itself, or layouts are more than {MOST_DEEP} deep")
            names.append(name)
            parsed = self._load(parsed, start, name)
            self._collect_blocks(parsed)
        self._check_block_names()
        self._write_nodes(parsed, parsed.nodes, (), 0)
        return ResolvedPage("".join(self._pieces), tuple(self._origins) or (Origin(0, self._part, 0, source),))

    def _collect_blocks(self, parsed: ParsedSource) -> None:
        for name, block in parsed.blocks.items():
            self._blocks.setdefault(name, []).append((parsed, block))

    def _check_block_names(self) -> None:
        """Errors: IncludeError, where a block of the page replaces none of a layout, because it would be dropped."""
        for name, versions in self._blocks.items():
            parsed, block = versions[-1]
            if parsed.parent is not None and any(node is block for node in parsed.nodes):
                known = ", ".join(sorted(each for each, owners in self._blocks.items() if owners[-1][0] is not parsed)[:20])
                raise _include_error(
                    parsed, block.start, f"no layout of this page has a block '{name}'; there are: {known or 'none'}"
                )

    def _load(self, parsed: ParsedSource, start: int, name: str) -> ParsedSource:
        text = self._library.get(name + SUFFIXES.get(self._part, ""))
        text = self._library.get(name) if text is None else text
        if text is None:
            known = ", ".join(sorted(self._library)[:20]) or "none"
            raise _include_error(parsed, start, f"there is no layout or partial '{name}'; there are: {known}")
        return parse(f"{self._part}: {name}", text.removesuffix("\n"))

    def _write_nodes(self, parsed: ParsedSource, nodes: Sequence[Node], ancestors: tuple[str, ...], level: int) -> None:
        """``ancestors``: the partials and blocks around the nodes; ``level``: how many ``super()`` deep a block is."""
        for node in nodes:
            if isinstance(node, TextNode):
                self._write_text(parsed, node)
            elif isinstance(node, IncludeNode):
                self._write_include(parsed, node, ancestors)
            elif isinstance(node, BlockNode):
                self._write_block(parsed, node.start, node.name, 0, ancestors)
            else:
                name = ancestors[-1].removeprefix("block ") if ancestors else ""
                self._write_block(parsed, node.start, name, level + 1, ancestors)

    def _write_text(self, parsed: ParsedSource, node: TextNode) -> None:
        if node.start >= node.end:
            return
        self._origins.append(Origin(self._size, parsed.part, node.start, parsed.source))
        self._pieces.append(parsed.source[node.start : node.end])
        self._size += node.end - node.start
        if self._size > MOST_CHARACTERS:
            raise _include_error(
                parsed, node.start, f"with its layouts and partials it has more than {MOST_CHARACTERS} characters"
            )

    def _write_include(self, parsed: ParsedSource, node: IncludeNode, ancestors: tuple[str, ...]) -> None:
        self._included += 1
        mark = f"partial {node.name}"
        if mark in ancestors:
            raise _include_error(parsed, node.start, f"'{node.name}' includes itself")
        if len(ancestors) >= MOST_DEEP or self._included > MOST_INCLUDED:
            raise _include_error(parsed, node.start, f"more than {MOST_INCLUDED} inclusions, or {MOST_DEEP} in one another")
        partial = self._load(parsed, node.start, node.name)
        if partial.parent is not None or partial.blocks:
            raise _include_error(partial, 0, "an included partial can neither extend nor have blocks")
        self._write_nodes(partial, partial.nodes, (*ancestors, mark), 0)

    def _write_block(self, parsed: ParsedSource, start: int, name: str, level: int, ancestors: tuple[str, ...]) -> None:
        versions = self._blocks.get(name, [])
        self._included += 1
        if level >= len(versions):
            raise _include_error(parsed, start, "super() has nothing to stand for here")
        if len(ancestors) >= MOST_DEEP or self._included > MOST_INCLUDED:
            raise _include_error(parsed, start, f"more than {MOST_INCLUDED} blocks, or {MOST_DEEP} in one another")
        owner, block = versions[level]
        self._write_nodes(owner, block.inner, (*ancestors, f"block {name}"), level)


def _include_error(parsed: ParsedSource, position: int, message: str) -> IncludeError:
    return IncludeError(SourceFault(parsed.part, line_of(parsed.source, position), message))
