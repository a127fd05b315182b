"""A template's tags standing aside while a tool reads and writes the document around them, and put back where they stood.

A word takes the place of each tag, or a comment where a word would be moved (a ``{% for %}`` between table rows); attributes that a
``{% if %}`` goes around stand aside with it. Afterwards every stand-in must be there, in its order: what a tool would have
moved or lost is told as a fault, never sent. Among the attributes of one tag the order means nothing.

Known sharp edges: a ``class`` or ``style`` that is only sometimes there is told as a fault, because no tool could put styles by it.
"""

import re
from collections import Counter, deque
from typing import Final

import msgspec

from posthouse.templates.html.state import HtmlPosition
from posthouse.templates.language.contexts import TagContext, contexts
from posthouse.templates.language.grammar import line_of

_STEM: Final = "zq"
_TWICE: Final = 2
_SHOWN: Final = 60
_COMMENT: Final = re.compile(r"<!--(?!-?>).*?(?:-->|\Z)", re.DOTALL)
_BRACE: Final = re.compile(r"\{(?=[{%])")
_HASH: Final = re.compile(r"\{(?=#)")
_STYLED: Final = re.compile(r"\b(?:class|style)\s*=", re.IGNORECASE)
_DEEPER: Final = {"if": 1, "for": 1, "endif": -1, "endfor": -1}


class TemplateBuildError(Exception):
    """What a tool could not do; one sentence. ``line``: of the page, 0 where it is not known."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class _Tag(msgspec.Struct, frozen=True):
    """What stands aside. ``control``: it is no value, and may stand in one place only; ``element``: the tag of HTML it stands in, by number."""

    written: str
    line: int
    control: bool
    element: int


class MaskedTemplate(msgspec.Struct, frozen=True):
    """A page whose tags stand aside."""

    page: str
    tags: tuple[_Tag, ...]
    stand_in: re.Pattern[str]

    def line(self, place: int) -> int:
        """The line, on the page as it was, of a place on this one."""
        return self.stand_in.sub(self._back, self.page[:place]).count("\n") + 1

    def restored(self, made: str, *, copies: bool) -> str:
        """What a tool made, with the tags again. Errors: Unmade.

        A value may be copied with the rule it stands in; ``copies``: anywhere, or be left out, as MJML does it.
        """
        made = _HASH.sub("{ ", _BRACE.sub("&#123;", made))
        found = [int(a or b or c) for a, b, c in self.stand_in.findall(made)]
        times = Counter(found)
        watched = [number for number, tag in enumerate(self.tags) if tag.control or (times[number] < _TWICE and not copies)]
        kept = set(watched)
        order = [number for number in found if number in kept]
        if [self.tags[number].element for number in order] != [self.tags[number].element for number in watched]:
            stray = next((mine for mine, its in zip(watched, [*order, -1], strict=False) if mine != its), watched[-1])
            raise TemplateBuildError(
                self.tags[stray].line,
                f"'{self.tags[stray].written[:_SHOWN]}' cannot stay where it is; a tag may go around whole rows, cells, elements or attributes",
            )
        return self.stand_in.sub(self._back, made)

    def _back(self, found: re.Match[str]) -> str:
        return self.tags[int(found[1] or found[2] or found[3])].written


def mask_tags(page: str) -> MaskedTemplate:
    """The page with its tags aside. Errors: Unmade, places.Misplaced, dialect.Unspeakable."""
    stem = _STEM
    while stem in page:
        stem += "q"
    rest = deque(contexts(page))
    comments = deque(_COMMENT.finditer(page))
    said: list[str] = []
    tags: list[_Tag] = []
    read, element = 0, 0
    while rest:
        place = rest.popleft()
        control = place.tag.opening == "{%"
        end = _around(place, rest, page) if control and place.state.where is HtmlPosition.TAG else place.end
        while comments and comments[0].end() <= place.start:
            comments.popleft()
        hidden = bool(comments) and comments[0].start() < place.start
        word = f"{stem}{len(tags)}x"
        said += (page[read : place.start], word if hidden else _worded(word, place, control=control))
        element += place.state.where not in {HtmlPosition.TAG, HtmlPosition.VALUE} or "<" in page[read : place.start]
        tags.append(_Tag(page[place.start : end], line_of(page, place.start), control, element))
        read = end
    said.append(page[read:])
    pattern = rf"<!--{stem}([0-9]+)x-->|/\*{stem}([0-9]+)x\*/|{stem}([0-9]+)x(?:=\"\")?"
    return MaskedTemplate("".join(said), tuple(tags), re.compile(pattern))


def _around(first: TagContext, rest: deque[TagContext], page: str) -> int:
    """Where attributes end that a tag goes around; the tags among them are taken from ``rest``."""
    deep, place = _deeper(first), first
    while deep > 0 and rest:
        place = rest.popleft()
        deep += _deeper(place)
    said = page[first.start : place.end]
    if place.state.where is not HtmlPosition.TAG or _STYLED.search(said):
        raise TemplateBuildError(
            line_of(page, first.start),
            "a class or style cannot be there only sometimes; write the condition into its value, in quotes",
        )
    return place.end


def _deeper(place: TagContext) -> int:
    return _DEEPER.get(place.tag.tokens[0][1], 0) if place.tag.opening == "{%" else 0


def _worded(word: str, place: TagContext, *, control: bool) -> str:
    state = place.state
    if control and state.where is HtmlPosition.TEXT:
        return f"<!--{word}-->"
    if control and state.element == "style" and state.where is HtmlPosition.RAW:
        return f"/*{word}*/"
    return f" {word} " if state.where is HtmlPosition.TAG else word
