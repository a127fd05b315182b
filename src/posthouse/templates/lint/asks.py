"""Checks that many rules share: is something said, or shown by a variable, in every body that an author wrote?"""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.rule import Check
from posthouse.templates.lint.words import Words

EVERY: Final = ("html", "text")


def shows(role: re.Pattern[str], missing: str) -> Check:
    """A variable with that role is printed where it can be read."""

    def check(reading: LintReading) -> Iterator[Hit]:
        for part, _ in reading.spoken():
            if not reading.shown(role, part):
                yield Hit(part, missing)

    return check


def says(listened: Words, missing: str, *, sparse: bool = False) -> Check:
    """The words are there; ``sparse``: also for a reader whose mail was filled with no more than what is required."""

    def check(reading: LintReading) -> Iterator[Hit]:
        if not reading.languages:
            return
        silent = {part for part, said in reading.spoken() if reading.says(listened, said) is None}
        late = {part for part, said in reading.sparse() if reading.says(listened, said) is None} if sparse else set()
        for part, _ in reading.spoken():
            if part in silent:
                yield Hit(part, missing)
            elif part in late:
                yield Hit(part, f"{missing} when the optional variables are left out")

    return check


def says_or_shows(listened: Words, role: re.Pattern[str], missing: str) -> Check:
    """Either the words are there, or a variable with that role."""

    def check(reading: LintReading) -> Iterator[Hit]:
        for part, said in reading.spoken():
            known = bool(reading.languages)
            if not reading.shown(role, part) and known and reading.says(listened, said) is None:
                yield Hit(part, missing)

    return check
