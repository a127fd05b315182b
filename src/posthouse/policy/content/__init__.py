"""The primary-purpose test on the text of a mail: is it transactional or commercial? (P1, P2; 16 CFR 316.3)

``judge`` is a pure function of subject and visible text: it looks for phrases of advertising and of transactions (``rules``),
where they stand and how much of the text belongs to them, and weighs them (``weigh``). ``decide`` says what follows on a stream.

Text in quotation marks, or on a line that begins with ``>``, is a quotation and does not count as advertising: whoever warns of
an advertisement, works on one or forwards one does not advertise. Where most of a mail stands on such lines, they count.

Must never know: who sends, to whom, what the template is called. The declared type is not used here.

Known sharp edges: it reads words, so an advertisement in an image is not seen, and irony is not understood. What follows a
heading such as "You might also like" counts as promotion up to the next transactional line.
"""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final

from posthouse.model.content_verdict import ContentFinding, ContentKind, ContentPurpose, ContentVerdict
from posthouse.policy.content.rules import LANGUAGES, ContentRule, RuleSet, rules_of, word_positions, words_of
from posthouse.policy.content.weigh import TextBlock, weigh

__all__ = ("ContentFinding", "ContentKind", "ContentPurpose", "ContentVerdict", "judge")

MOST_CHARACTERS: Final = 200_000
_PRICE: Final = re.compile(r"(?:[$€£¥]|\b(?:CHF|EUR|USD|GBP)) ?[0-9]|[0-9] ?(?:[$€£]|(?:EUR|Euro|CHF|Franken|USD|GBP)\b)")
_QUOTATION_MARKS: Final = re.compile('["“„«»]')
_QUOTED: Final = re.compile('"[^"]{1,300}"|“[^“”]{1,300}”|„[^„“”]{1,300}[“”]|«[^«»]{1,300}»|»[^«»]{1,300}«')
_QUOTE_MARK: Final = ">"
_MOST_QUOTED: Final = 0.75
_EXCERPT: Final = 80
_LEAST_VOTES: Final = 1
_LEAST_SHARE: Final = 0.04
_MOST_WORDS: Final = 400


def judge(subject: str, text: str, language: str | None = None) -> ContentVerdict:
    """The verdict on a mail. ``text``: all that is visible, block by block; ``language``: the declared one, used unless the words
    contradict.
    """
    lines = text[:MOST_CHARACTERS].split("\n")
    words_by_line = [words_of(line) for line in lines]
    subject_words = words_of(subject)
    detected = _language([*subject_words, *chain.from_iterable(words_by_line)], language)
    if detected is None:
        return ContentVerdict(ContentKind.UNKNOWN)
    rules = rules_of(detected)
    quoted_lines = {number for number, line in enumerate(lines) if line.startswith(_QUOTE_MARK)}
    if sum(len(words_by_line[number]) for number in quoted_lines) > _MOST_QUOTED * sum(map(len, words_by_line)):
        quoted_lines = set()
    blocks = [
        TextBlock(number, len(words), _rule_hits(rules, lines[number], words, number in quoted_lines))
        for number, words in enumerate(words_by_line)
        if words
    ]
    has_prices = _PRICE.search(text, 0, MOST_CHARACTERS) is not None
    return weigh(
        detected,
        TextBlock(0, len(subject_words), _rule_hits(rules, subject, subject_words)),
        blocks,
        has_prices,
        _Positions(subject, lines),
    )


class _Positions:
    """Positions of the words that findings are about, counted only for those few."""

    def __init__(self, subject: str, lines: Sequence[str]) -> None:
        self._subject = subject
        self._lines = lines

    def __call__(self, part: str, line: int, word: int) -> tuple[int, str]:
        """The position in the part, and the text there."""
        text = self._subject if part == "subject" else self._lines[line]
        position = word_positions(_without_quotations(text))[word]
        before = 0 if part == "subject" else sum(len(other) + 1 for other in self._lines[:line])
        return before + position, " ".join(text[position : position + _EXCERPT].split())


def _rule_hits(rules: RuleSet, text: str, words: Sequence[str], is_quoted: bool = False) -> tuple[tuple[int, ContentRule], ...]:
    """The rules that fire, each with the number of its word; those that findings are about, only outside of quotations."""
    unquoted = "" if is_quoted else _without_quotations(text)
    if unquoted is text:
        return tuple(rules.hits(words))
    transactional = (hit for hit in rules.hits(words) if hit[1].kind == "transaction")
    return (*(hit for hit in rules.hits(words_of(unquoted)) if hit[1].kind != "transaction"), *transactional)


def _without_quotations(text: str) -> str:
    """The text with blanks in the place of quotations."""
    return _QUOTED.sub(_blank, text) if _QUOTATION_MARKS.search(text) else text


def _blank(quoted: re.Match[str]) -> str:
    return " " * len(quoted[0])


def _language(words: Sequence[str], hint: str | None) -> str | None:
    """The language by its stop words; the hint where there are too few of them, or none against it."""
    votes = {language: sum(map(rules_of(language).stopwords.__contains__, words[:_MOST_WORDS])) for language in LANGUAGES}
    hinted = hint.replace("_", "-").partition("-")[0].lower() if hint else None
    best = max(votes, key=lambda language: votes[language])
    if votes[best] >= max(_LEAST_VOTES, _LEAST_SHARE * min(len(words), _MOST_WORDS)) and votes[best] > votes.get(hinted or "", 0):
        return best
    if hinted in votes:
        return hinted if votes[hinted] or not votes[best] else None
    return None if votes[best] or hinted else _by_rules(words)


def _by_rules(words: Sequence[str]) -> str | None:
    """Without stop words, the language whose rules match most of the words."""
    hits = {language: sum(1 for _ in rules_of(language).hits(words[:_MOST_WORDS])) for language in LANGUAGES}
    best = max(hits, key=lambda language: hits[language])
    return best if hits[best] else None
