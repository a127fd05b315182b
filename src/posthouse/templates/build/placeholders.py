"""Placeholders for a template's tags, while a tool reads and writes the document around them.

A word takes the place of each tag, or a comment where a word would be moved (a ``{% for %}`` between table rows); attributes
inside an ``{% if %}`` are masked with it. Afterwards every placeholder must be there, in its order: what a tool would have moved
or lost is an error, never sent. Among the attributes of one tag the order means nothing.

Known sharp edges: a conditional ``class`` or ``style`` is an error, because no tool could decide which rules apply.
"""

import re
from collections import Counter, deque
from typing import Final

import msgspec

from posthouse.mail.html import comments
from posthouse.templates.html.state import HtmlPosition
from posthouse.templates.language.contexts import TagContext, contexts
from posthouse.templates.language.grammar import line_of

_PREFIX: Final = "zq"
_TWICE: Final = 2
_MOST_SHOWN: Final = 60
_BRACE: Final = re.compile(r"\{(?=[{%])")
_HASH: Final = re.compile(r"\{(?=#)")
_STYLED: Final = re.compile(r"\b(?:class|style)\s*=", re.IGNORECASE)
_NESTING: Final = {"if": 1, "for": 1, "endif": -1, "endfor": -1}


class TemplateBuildError(Exception):
    """A tool cannot process the page; one sentence. ``line``: of the page, 0 where it is not known."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class _MaskedTag(msgspec.Struct, frozen=True):
    """A masked tag. ``control``: it is a statement, which may stand in one place only; ``element``: the number of the HTML tag it
    stands in.
    """

    source: str
    line: int
    control: bool
    element: int


class MaskedTemplate(msgspec.Struct, frozen=True):
    """A page with placeholders for its tags."""

    page: str
    tags: tuple[_MaskedTag, ...]
    pattern: re.Pattern[str]

    def line(self, position: int) -> int:
        """The line of the original page that a place of the masked one is on."""
        return self.pattern.sub(self._original, self.page[:position]).count("\n") + 1

    def unmask(self, output: str, *, copies: bool) -> str:
        """A tool's output with the tags put back. Errors: TemplateBuildError.

        A value may be copied with the rule it stands in; ``copies``: it may be copied anywhere or left out, as MJML does it.
        """
        output = _HASH.sub("{ ", _BRACE.sub("&#123;", output))
        numbers = [int(a or b or c) for a, b, c in self.pattern.findall(output)]
        times = Counter(numbers)
        expected = [number for number, tag in enumerate(self.tags) if tag.control or (times[number] < _TWICE and not copies)]
        counted = set(expected)
        order = [number for number in numbers if number in counted]
        if [self.tags[number].element for number in order] != [self.tags[number].element for number in expected]:
            pairs = zip(expected, [*order, -1], strict=False)
            moved = next((number for number, actual in pairs if number != actual), expected[-1])
            raise TemplateBuildError(
                self.tags[moved].line,
                f"'{self.tags[moved].source[:_MOST_SHOWN]}' cannot stay where it is; "
                "a tag may go around whole rows, cells, elements or attributes",
            )
        return self.pattern.sub(self._original, output)

    def _original(self, match: re.Match[str]) -> str:
        return self.tags[int(match[1] or match[2] or match[3])].source


def mask_tags(page: str) -> MaskedTemplate:
    """The page with its tags masked. Errors: TemplateBuildError, UnsafeContext, TemplateSyntaxError."""
    prefix = _PREFIX
    while prefix in page:
        prefix += "q"
    remaining = deque(contexts(page))
    open_comments = deque(comments(page))
    pieces: list[str] = []
    tags: list[_MaskedTag] = []
    position, element = 0, 0
    while remaining:
        context = remaining.popleft()
        control = context.tag.opening == "{%"
        end = (
            _end_of_conditional_attributes(context, remaining, page)
            if control and context.state.position is HtmlPosition.TAG
            else context.end
        )
        while open_comments and open_comments[0].end() <= context.start:
            open_comments.popleft()
        hidden = bool(open_comments) and open_comments[0].start() < context.start
        word = f"{prefix}{len(tags)}x"
        pieces += (page[position : context.start], word if hidden else _placeholder(word, context, control=control))
        element += context.state.position not in {HtmlPosition.TAG, HtmlPosition.VALUE} or "<" in page[position : context.start]
        tags.append(_MaskedTag(page[context.start : end], line_of(page, context.start), control, element))
        position = end
    pieces.append(page[position:])
    pattern = rf"<!--{prefix}([0-9]+)x-->|/\*{prefix}([0-9]+)x\*/|{prefix}([0-9]+)x(?:=\"\")?"
    return MaskedTemplate("".join(pieces), tuple(tags), re.compile(pattern))


def _end_of_conditional_attributes(first: TagContext, remaining: deque[TagContext], page: str) -> int:
    """Where the attributes inside a statement end; the tags among them are removed from ``remaining``."""
    depth, context = _nesting_change(first), first
    while depth > 0 and remaining:
        context = remaining.popleft()
        depth += _nesting_change(context)
    attributes = page[first.start : context.end]
    if context.state.position is not HtmlPosition.TAG or _STYLED.search(attributes):
        raise TemplateBuildError(
            line_of(page, first.start),
            "a class or style cannot be there only sometimes; write the condition into its value, in quotes",
        )
    return context.end


def _nesting_change(context: TagContext) -> int:
    return _NESTING.get(context.tag.tokens[0][1], 0) if context.tag.opening == "{%" else 0


def _placeholder(word: str, context: TagContext, *, control: bool) -> str:
    state = context.state
    if control and state.position is HtmlPosition.TEXT:
        return f"<!--{word}-->"
    if control and state.element == "style" and state.position is HtmlPosition.RAW:
        return f"/*{word}*/"
    return f" {word} " if state.position is HtmlPosition.TAG else word
