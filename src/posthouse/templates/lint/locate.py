"""The place in an author's own file of something that was found in the compiled template.

A compiled template without layouts, MJML or styles to put on elements equals its source, and places agree. Otherwise the words
are looked up: the n-th of them in the compiled template is the n-th in the source if both have as many, else the first one.
"""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.mail.html import tag_at
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.reading import LintReading

_MOST_WORDS: Final = 300
NOWHERE: Final = (0, 0)


def locate(reading: LintReading, hit: Hit) -> tuple[int, int]:
    """Line and column from 1; zeros where it is about the part as a whole, or written elsewhere."""
    if hit.part == "variables" or (hit.position is None and not hit.words):
        return NOWHERE
    built, source = getattr(reading.template, hit.part), reading.source_of(hit.part)
    if built == source and hit.position is not None:
        return _line_and_column(source, hit.position)
    for pattern in _patterns(hit, built):
        in_source = [match.start() for match in pattern.finditer(source)]
        in_built = [match.start() for match in pattern.finditer(built)]
        if len(in_built) == len(in_source) and hit.position in in_built:
            return _line_and_column(source, in_source[in_built.index(hit.position)])
        if in_source and hit.words:
            return _line_and_column(source, in_source[0])
    return NOWHERE


def _patterns(hit: Hit, built: str) -> Iterator[re.Pattern[str]]:
    """What to look for: the words of the hit; else the tag that stands there, as a whole or, where styles were added, by its
    name.
    """
    if hit.words.split():
        yield _pattern(hit.words)
    elif hit.position is not None and (tag := tag_at(built, hit.position)) is not None and tag["name"]:
        yield _pattern(tag[0])
        yield _pattern(built[tag.start() : tag.end("name")])


def _pattern(words: str) -> re.Pattern[str]:
    """The words, whatever white space is between them."""
    return re.compile(r"\s*".join(map(re.escape, words[:_MOST_WORDS].split())))


def _line_and_column(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
