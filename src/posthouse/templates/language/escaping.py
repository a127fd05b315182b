"""What is printed into a link or a style, held to what may stand there: the checks that ``places`` asks for, put into the page.

``{{ reset_link }}`` at the beginning of an ``href`` becomes a call of a filter that no author can write, with the number of
its place; lines stay where they are. A value that may not stand there is a Refusal that names the expression, never the value.

Known sharp edges: what may stand in a link is judged by its scheme alone; whether its host is meant is the caller's affair,
or that of the type ``url``.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from posthouse.templates.language.contexts import TagContext, TagKind, contexts, kind
from posthouse.templates.language.grammar import line_of
from posthouse.templates.language.meter import ValueRefused

NAME: Final = "_at"
_LINK: Final = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x20\x7f\"'<>\\]++", re.IGNORECASE)
_MAILBOX: Final = re.compile(r"[^\s\x00-\x20\x7f\"'<>\\?&#%]++")
_STYLE: Final = re.compile(r"[\w #.,%()+-]*+")
_STYLE_LINK: Final = re.compile(r"https?://[^\s\x00-\x20\x7f\"'<>\\();{}]++", re.IGNORECASE)
_CHECKS: Final = {
    TagKind.LINK: (_LINK, "an address that begins with https://, http:// or mailto:"),
    TagKind.MAILBOX: (_MAILBOX, "an email address"),
    TagKind.STYLE: (_STYLE, "letters, digits and # . , % ( ) + -"),
    TagKind.STYLE_LINK: (_STYLE_LINK, "an address that begins with https:// or http://"),
}
_CONTROLS: Final = frozenset("-+")
_SHOWN: Final = 60


class _Check(msgspec.Struct, frozen=True):
    """One place: what its value must match, and how a value that does not is told."""

    pattern: re.Pattern[str]
    told: str


def guarded(page: str) -> tuple[str, Callable[[Any, int], Any]]:
    """The page with its checks, and the filter they call. Errors: places.Misplaced, dialect.Unspeakable."""
    written: list[str] = []
    checks: list[_Check] = []
    done = 0
    for place in contexts(page):
        if place.tag.opening != "{{":
            continue
        what = kind(place, page)
        if what is TagKind.ANY:
            continue
        inner, outer = _inside(page, place)
        said = page[inner:outer].strip()
        pattern, wanted = _CHECKS[what]
        checks.append(_Check(pattern, f"line {line_of(page, place.start)}: '{said[:_SHOWN]}' must be {wanted} to stand there"))
        written.append(f"{page[done:inner]} ({page[inner:outer]})|{NAME}({len(checks) - 1}) ")
        done = outer
    written.append(page[done:])
    return "".join(written), _filter(tuple(checks))


def _inside(page: str, place: TagContext) -> tuple[int, int]:
    """Where the expression of a tag begins and ends."""
    inner, outer = place.start + 2, place.end - 2
    return inner + (page[inner] in _CONTROLS), outer - (page[outer - 1] in _CONTROLS)


def _filter(checks: tuple[_Check, ...]) -> Callable[[Any, int], Any]:
    def at(value: Any, number: int) -> Any:
        check = checks[number]
        text = value if type(value) is str else str(value) if type(value) in {int, float} else ""
        if check.pattern.fullmatch(text) is None:
            raise ValueRefused(check.told)
        return value

    return at
