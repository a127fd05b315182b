"""A style sheet or a style attribute as its declarations, selectors and at-rules, in one pass (CSS Syntax 3, coarsely).

Known sharp edges: what is nested in a rule is told as that rule's own; strings and ``url(…)`` are not looked into for braces.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_MARK: Final = re.compile(r"\"[^\"\n]*+\"?|'[^'\n]*+'?|url\([^)\n]*+\)?|[{};]", re.IGNORECASE)
_MOST: Final = 20_000


class Declaration(msgspec.Struct, frozen=True):
    """A property and its value, both in lower case. ``conditional``: inside an at-rule such as @media."""

    name: str
    value: str
    start: int
    conditional: bool


class Prelude(msgspec.Struct, frozen=True):
    """What stands before a brace: a selector, or an at-rule with its ``@``; an at-rule without braces too."""

    said: str
    start: int
    conditional: bool


def read(css: str, base: int = 0, *, sheet: bool = True) -> Iterator[Declaration | Prelude]:
    """What it says, in its order. ``base``: the place of its first character; ``sheet``: False for a style attribute."""
    css = _COMMENT.sub(lambda found: " " * len(found[0]), css)
    opened: list[bool] = []  # for each brace that is open: whether it is an at-rule's
    began, count = 0, 0
    for mark in _MARK.finditer(css):
        if mark.group() not in {"{", "}", ";"}:
            continue
        count += 1
        if count > _MOST:
            return
        yield from _said(css[began : mark.start()], base + began, opened, prelude=mark.group() == "{", inside=not sheet)
        if mark.group() == "{":
            opened.append(css[began : mark.start()].lstrip().startswith("@"))
        elif mark.group() == "}" and opened:
            opened.pop()
        began = mark.end()
    yield from _said(css[began:], base + began, opened, prelude=False, inside=not sheet)


def style(css: str) -> dict[str, str]:
    """A style attribute as a mapping; of one property given twice the last counts."""
    return {said.name: said.value for said in read(css, sheet=False) if isinstance(said, Declaration)}


def _said(text: str, start: int, opened: list[bool], *, prelude: bool, inside: bool) -> Iterator[Declaration | Prelude]:
    said = text.strip()
    start += len(text) - len(text.lstrip())
    if not said:
        return
    if prelude or said.startswith("@"):
        yield Prelude(said.lower(), start, any(opened))
    elif inside or opened:
        name, colon, value = said.partition(":")
        if colon:
            yield Declaration(name.strip().lower(), value.strip().lower(), start, any(opened))
