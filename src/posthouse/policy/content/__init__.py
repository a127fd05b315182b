"""Is it what it says it is? The primary-purpose test over what a mail says (P1, P2; 16 CFR 316.3).

``judge`` is a pure function of subject and visible text: it looks for phrases of advertising and of transactions (``rules``), sees where
they stand and how much of the text belongs to them, and weighs (``weigh``). ``decide`` says what follows on a stream.

What stands in quotation marks, or on a line that begins with ``>`` as those of a quotation do, is somebody else's and does not count as advertising:
who warns of an advertisement, works on one or passes on what somebody wrote does not advertise. Where most of a mail stands on such lines, it is its own.

Must never know: who sends, to whom, what the template is called. The declared type is not believed here.

Known sharp edges: it reads words, so an advertisement in an image is not seen, and irony is not understood. What follows a heading such
as "You might also like" counts as promotion up to the next line that says something transactional.
"""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final

from posthouse.model.content_verdict import ContentFinding, ContentKind, ContentPurpose, ContentVerdict
from posthouse.policy.content.rules import LANGUAGES, ContentRule, RuleSet, places_of, rules_of, words_of
from posthouse.policy.content.weigh import TextBlock, weigh

__all__ = ("ContentFinding", "ContentKind", "ContentPurpose", "ContentVerdict", "judge")

MOST_CHARACTERS: Final = 200_000
_PRICE: Final = re.compile(r"(?:[$€£¥]|\b(?:CHF|EUR|USD|GBP)) ?[0-9]|[0-9] ?(?:[$€£]|(?:EUR|Euro|CHF|Franken|USD|GBP)\b)")
_MARKS: Final = re.compile('["“„«»]')
_QUOTED: Final = re.compile('"[^"]{1,300}"|“[^“”]{1,300}”|„[^„“”]{1,300}[“”]|«[^«»]{1,300}»|»[^«»]{1,300}«')
_QUOTE: Final = ">"
_MOST_QUOTED: Final = 0.75
_EXCERPT: Final = 80
_FEWEST: Final = 1
_SURE: Final = 0.04
_HEARD: Final = 400


def judge(subject: str, text: str, language: str | None = None) -> ContentVerdict:
    """What a mail is. ``text``: all that is visible, block by block; ``language``: what it is said to be in, believed unless the words say otherwise."""
    lines = text[:MOST_CHARACTERS].split("\n")
    worded = [words_of(line) for line in lines]
    head = words_of(subject)
    spoken = _language([*head, *chain.from_iterable(worded)], language)
    if spoken is None:
        return ContentVerdict(ContentKind.UNKNOWN)
    rules = rules_of(spoken)
    passed_on = {at for at, line in enumerate(lines) if line.startswith(_QUOTE)}
    if sum(len(worded[at]) for at in passed_on) > _MOST_QUOTED * sum(map(len, worded)):
        passed_on = set()
    said = [
        TextBlock(at, len(words), _hits(rules, lines[at], words, at in passed_on)) for at, words in enumerate(worded) if words
    ]
    priced = _PRICE.search(text, 0, MOST_CHARACTERS) is not None
    return weigh(spoken, TextBlock(0, len(head), _hits(rules, subject, head)), said, priced, _Places(subject, lines))


class _Places:
    """Where the words stand that a finding is about; asked for few, so nothing is counted before."""

    def __init__(self, subject: str, lines: Sequence[str]) -> None:
        self._subject = subject
        self._lines = lines

    def __call__(self, part: str, line: int, word: int) -> tuple[int, str]:
        """The place in the part, and what is said there."""
        said = self._subject if part == "subject" else self._lines[line]
        at = places_of(_own(said))[word]
        before = 0 if part == "subject" else sum(len(other) + 1 for other in self._lines[:line])
        return before + at, " ".join(said[at : at + _EXCERPT].split())


def _hits(rules: RuleSet, said: str, words: Sequence[str], passed_on: bool = False) -> tuple[tuple[int, ContentRule], ...]:
    """The rules that fire, each with the place of its word; of those that a finding may be about, only outside of quotations."""
    own = "" if passed_on else _own(said)
    if own is said:
        return tuple(rules.hits(words))
    transactional = (hit for hit in rules.hits(words) if hit[1].kind == "transaction")
    return (*(hit for hit in rules.hits(words_of(own)) if hit[1].kind != "transaction"), *transactional)


def _own(said: str) -> str:
    """With blanks in the place of what is quoted."""
    return _QUOTED.sub(_blank, said) if _MARKS.search(said) else said


def _blank(quoted: re.Match[str]) -> str:
    return " " * len(quoted[0])


def _language(words: Sequence[str], hint: str | None) -> str | None:
    """The language by its little words; the hint where they say too little, or nothing against it."""
    votes = {language: sum(map(rules_of(language).stopwords.__contains__, words[:_HEARD])) for language in LANGUAGES}
    told = hint.replace("_", "-").partition("-")[0].lower() if hint else None
    best = max(votes, key=lambda language: votes[language])
    if votes[best] >= max(_FEWEST, _SURE * min(len(words), _HEARD)) and votes[best] > votes.get(told or "", 0):
        return best
    if told in votes:
        return told if votes[told] or not votes[best] else None
    return None if votes[best] or told else _recognised(words)


def _recognised(words: Sequence[str]) -> str | None:
    """Of words that no sentence holds together, the language whose rules know most of them."""
    known = {language: sum(1 for _ in rules_of(language).hits(words[:_HEARD])) for language in LANGUAGES}
    best = max(known, key=lambda language: known[language])
    return best if known[best] else None
