"""Checks of what is printed into a link or a style, put into the page for each output context that needs one.

``{{ reset_link }}`` at the beginning of an ``href`` becomes a call of a filter that no author can write, with the number of
its check; lines stay where they are. A value that fails raises ValueRefused with the expression, never with the value.

Known sharp edges: what may stand in a link is decided by its scheme alone; its host is the business of the caller, or of the
type ``url``.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from posthouse.templates.language.contexts import OutputContext, TagContext, contexts, output_context
from posthouse.templates.language.grammar import line_of
from posthouse.templates.language.meter import ValueRefused

FILTER_NAME: Final = "_at"
_LINK: Final = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x20\x7f\"'<>\\]++", re.IGNORECASE)
_MAILBOX: Final = re.compile(r"[^\s\x00-\x20\x7f\"'<>\\?&#%]++")
_STYLE: Final = re.compile(r"[\w #.,%()+-]*+")
_STYLE_LINK: Final = re.compile(r"https?://[^\s\x00-\x20\x7f\"'<>\\();{}]++", re.IGNORECASE)
_CHECKS: Final = {
    OutputContext.LINK: (_LINK, "an address that begins with https://, http:// or mailto:"),
    OutputContext.MAILBOX: (_MAILBOX, "an email address"),
    OutputContext.STYLE: (_STYLE, "letters, digits and # . , % ( ) + -"),
    OutputContext.STYLE_LINK: (_STYLE_LINK, "an address that begins with https:// or http://"),
}
_WHITESPACE_MARKS: Final = frozenset("-+")
_MOST_SHOWN: Final = 60


class _Check(msgspec.Struct, frozen=True):
    """What a value must match, and the error of one that does not."""

    pattern: re.Pattern[str]
    message: str


def add_checks(page: str) -> tuple[str, Callable[[Any, int], Any]]:
    """The page with its checks, and the filter they call. Errors: UnsafeContext, TemplateSyntaxError."""
    pieces: list[str] = []
    checks: list[_Check] = []
    position = 0
    for tag_context in contexts(page):
        if tag_context.tag.opening != "{{":
            continue
        context = output_context(tag_context, page)
        if context is OutputContext.ANY:
            continue
        start, end = _expression_span(page, tag_context)
        expression = page[start:end].strip()
        pattern, expected = _CHECKS[context]
        checks.append(
            _Check(
                pattern,
                f"line {line_of(page, tag_context.start)}: '{expression[:_MOST_SHOWN]}' must be {expected} to stand there",
            )
        )
        pieces.append(f"{page[position:start]} ({page[start:end]})|{FILTER_NAME}({len(checks) - 1}) ")
        position = end
    pieces.append(page[position:])
    return "".join(pieces), _filter(tuple(checks))


def _expression_span(page: str, tag_context: TagContext) -> tuple[int, int]:
    """Where the expression of a tag begins and ends."""
    start, end = tag_context.start + 2, tag_context.end - 2
    return start + (page[start] in _WHITESPACE_MARKS), end - (page[end - 1] in _WHITESPACE_MARKS)


def _filter(checks: tuple[_Check, ...]) -> Callable[[Any, int], Any]:
    def check_value(value: Any, number: int) -> Any:
        check = checks[number]
        text = value if type(value) is str else str(value) if type(value) in {int, float} else ""
        if check.pattern.fullmatch(text) is None:
            raise ValueRefused(check.message)
        return value

    return check_value
