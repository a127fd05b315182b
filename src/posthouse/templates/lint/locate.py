"""Where in an author's own file something stands that was found in the wording.

A wording without layouts, MJML or styles to put on elements is what its author wrote, and places agree. Otherwise the words are
looked for: the n-th of them in the wording is the n-th in the source if both have as many, else the first one.
"""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.mail.html import tag_at
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.reading import LintReading

_MOST_SAID: Final = 300
NOWHERE: Final = (0, 0)


def located(reading: LintReading, hit: Hit) -> tuple[int, int]:
    """Line and column from 1; zeros where it is about the part as a whole, or written elsewhere."""
    if hit.part == "variables" or (hit.place is None and not hit.said):
        return NOWHERE
    made, written = getattr(reading.wording, hit.part), reading.source_of(hit.part)
    if made == written and hit.place is not None:
        return _counted(written, hit.place)
    for said in _shown(hit, made):
        there = [found.start() for found in said.finditer(written)]
        before = [found.start() for found in said.finditer(made)]
        if len(before) == len(there) and hit.place in before:
            return _counted(written, there[before.index(hit.place)])
        if there and hit.said:
            return _counted(written, there[0])
    return NOWHERE


def _shown(hit: Hit, made: str) -> Iterator[re.Pattern[str]]:
    """What to look for: the words that were told; else the tag that stands there, as a whole or, where styles were added, by its name."""
    if hit.said.split():
        yield _pattern(hit.said)
    elif hit.place is not None and (tag := tag_at(made, hit.place)) is not None and tag["name"]:
        yield _pattern(tag[0])
        yield _pattern(made[tag.start() : tag.end("name")])


def _pattern(said: str) -> re.Pattern[str]:
    """The words, whatever white space is between them."""
    return re.compile(r"\s*".join(map(re.escape, said[:_MOST_SAID].split())))


def _counted(text: str, place: int) -> tuple[int, int]:
    return text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
