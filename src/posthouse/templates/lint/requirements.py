"""Checks that many rules share: every body that an author wrote has certain words, or prints a certain variable."""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.rule import Check
from posthouse.templates.lint.words import Words

EVERY: Final = ("html", "text")


def requires_variable(role: re.Pattern[str], missing: str) -> Check:
    """A variable with that role is printed where it can be read."""

    def check(reading: LintReading) -> Iterator[Hit]:
        for part, _ in reading.bodies():
            if not reading.readable_uses(role, part):
                yield Hit(part, missing)

    return check


def requires_words(words: Words, missing: str, *, sparse: bool = False) -> Check:
    """The words are there; ``sparse``: also where only the required variables are given."""

    def check(reading: LintReading) -> Iterator[Hit]:
        if not reading.languages:
            return
        lacking = {part for part, text in reading.bodies() if reading.find_words(words, text) is None}
        lacking_when_sparse = (
            {part for part, text in reading.sparse_bodies() if reading.find_words(words, text) is None} if sparse else set()
        )
        for part, _ in reading.bodies():
            if part in lacking:
                yield Hit(part, missing)
            elif part in lacking_when_sparse:
                yield Hit(part, f"{missing} when the optional variables are left out")

    return check


def requires_words_or_variable(words: Words, role: re.Pattern[str], missing: str) -> Check:
    """Either the words are there, or a variable with that role."""

    def check(reading: LintReading) -> Iterator[Hit]:
        for part, text in reading.bodies():
            is_known_language = bool(reading.languages)
            if not reading.readable_uses(role, part) and is_known_language and reading.find_words(words, text) is None:
                yield Hit(part, missing)

    return check
