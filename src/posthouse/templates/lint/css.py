"""A style sheet or a style attribute as its declarations, selectors and at-rules, in one pass (CSS Syntax 3, coarsely).

Known sharp edges: declarations of a nested rule count as those of the outer one; braces in strings and in ``url(…)`` do not
count.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_DELIMITER: Final = re.compile(r"\"[^\"\n]*+\"?|'[^'\n]*+'?|url\([^)\n]*+\)?|[{};]", re.IGNORECASE)
_MOST_PIECES: Final = 20_000


class Declaration(msgspec.Struct, frozen=True):
    """A property and its value, both in lower case. ``conditional``: inside an at-rule such as @media."""

    name: str
    value: str
    start: int
    conditional: bool


class Prelude(msgspec.Struct, frozen=True):
    """The text before a brace: a selector, or an at-rule with its ``@``; an at-rule without braces too."""

    text: str
    start: int
    conditional: bool


def parse(css: str, base: int = 0, *, sheet: bool = True) -> Iterator[Declaration | Prelude]:
    """Declarations and preludes, in order. ``base``: the place of its first character; ``sheet``: False for a style attribute."""
    css = _COMMENT.sub(lambda comment: " " * len(comment[0]), css)
    open_blocks: list[bool] = []  # for each brace that is open: whether it is an at-rule's
    start, count = 0, 0
    for delimiter in _DELIMITER.finditer(css):
        if delimiter.group() not in {"{", "}", ";"}:
            continue
        count += 1
        if count > _MOST_PIECES:
            return
        yield from _parse_piece(
            css[start : delimiter.start()], base + start, open_blocks, is_prelude=delimiter.group() == "{", in_rule=not sheet
        )
        if delimiter.group() == "{":
            open_blocks.append(css[start : delimiter.start()].lstrip().startswith("@"))
        elif delimiter.group() == "}" and open_blocks:
            open_blocks.pop()
        start = delimiter.end()
    yield from _parse_piece(css[start:], base + start, open_blocks, is_prelude=False, in_rule=not sheet)


def parse_style(css: str) -> dict[str, str]:
    """A style attribute as a mapping; of one property given twice the last counts."""
    return {
        declaration.name: declaration.value for declaration in parse(css, sheet=False) if isinstance(declaration, Declaration)
    }


def _parse_piece(
    text: str, start: int, open_blocks: list[bool], *, is_prelude: bool, in_rule: bool
) -> Iterator[Declaration | Prelude]:
    text = text.strip()
    start += len(text) - len(text.lstrip())
    if not text:
        return
    if is_prelude or text.startswith("@"):
        yield Prelude(text.lower(), start, any(open_blocks))
    elif in_rule or open_blocks:
        name, colon, value = text.partition(":")
        if colon:
            yield Declaration(name.strip().lower(), value.strip().lower(), start, any(open_blocks))
