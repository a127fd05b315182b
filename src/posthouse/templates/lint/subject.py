"""The subject, and the line that mail clients show beside it."""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.templates.lint import words
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.page import VALUE
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.rule import LintRule

MOST_SUBJECT: Final = 60
_EMOJI: Final = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
_SHOUTED: Final = re.compile(r"\b[A-ZÄÖÜ]{4,}\b(?:\W+[A-ZÄÖÜ]{2,}\b)+")
_WORD: Final = re.compile(rf"[^\W\d_]{{2,}}|{VALUE}+")
_FEWEST_WORDS: Final = 2


def subject_long(reading: LintReading) -> Iterator[Hit]:
    """Phones cut a subject after some 40 characters, other clients after some 60."""
    if len(reading.subject) > MOST_SUBJECT:
        yield Hit("subject", f"with its examples the subject has {len(reading.subject)} characters", 0)


def subject_loud(reading: LintReading) -> Iterator[Hit]:
    """A subject that shouts, begs or promises reads as an advertisement."""
    for match in (
        reading.find_words(words.CLICKBAIT, reading.template.subject),
        _EMOJI.search(reading.template.subject),
        _SHOUTED.search(reading.template.subject),
    ):
        if match is not None:
            yield Hit("subject", f"'{match.group()}' makes the subject loud", match.start(), match.group())
            return


def subject_promotional(reading: LintReading) -> Iterator[Hit]:
    """A subject that a reasonable person takes for an advertisement makes the mail commercial (16 CFR 316.3)."""
    match = reading.find_words(words.PROMOTION, reading.template.subject)
    if match is not None:
        yield Hit("subject", f"'{match.group()}' hints at a promotion", match.start(), match.group())


def subject_empty(reading: LintReading) -> Iterator[Hit]:
    """A subject says what the mail is about."""
    if len(_WORD.findall(reading.masked("subject"))) < _FEWEST_WORDS:
        yield Hit("subject", "the subject says next to nothing", 0)


def preheader_missing(reading: LintReading) -> Iterator[Hit]:
    """Without a preview text, clients show whatever comes first: an image's name, or 'View in browser'."""
    if not reading.template.html:
        return
    for run in reading.page.runs:
        text = reading.page.masked[run.start : run.end].strip()
        if text and run.look.hidden:
            return
        if text and reading.page.elements and not _is_head(reading, run.start):
            yield Hit("html", "there is no preview text before the first words")
            return


def _is_head(reading: LintReading, position: int) -> bool:
    body = next(reading.page.elements_named("body"), None)
    return body is not None and position < body.start


RULES: Final = (
    LintRule(
        "subject-long",
        f"The subject has more than {MOST_SUBJECT} characters with its example values.",
        "Say the fact first, in fewer words.",
        subject_long,
    ),
    LintRule(
        "subject-loud",
        "The subject shouts: capitals, exclamation marks, emoji, urgency.",
        "Say plainly what happened.",
        subject_loud,
    ),
    LintRule(
        "subject-promotional", "The subject hints at a promotion.", "Keep promotion out of the subject.", subject_promotional
    ),
    LintRule("subject-empty", "The subject has fewer than two words.", "Say what the mail is about.", subject_empty),
    LintRule(
        "preheader-missing",
        "The HTML has no preview text.",
        "Begin the body with a hidden element that says the point in a sentence.",
        preheader_missing,
    ),
)
