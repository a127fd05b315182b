"""Whether a mail equals one that was tested, but for names, numbers and links. Then the verdict on that one holds for it.

An application's own mails come from a few templates that we never see. Testing each of them costs more than everything else at
intake, so a mail is compared with one that was tested: the same tags, the same words, and where words differ, few of them and
none that any rule knows. In doubt a mail is tested again.

Known sharp edges: the same words in another order within a piece count as the same. Only verdicts without findings are worth
remembering: a finding has the position of its words, and that is another mail's.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from posthouse.policy.content.rules import ANY, LANGUAGES, RuleSet, rules_of, words_of

MOST_PIECES: Final = 24  # that may differ
MOST_WORDS: Final = 12  # that may differ in a piece, counted in both mails
_STEM: Final = 3
_LINK: Final = re.compile(r"\b(?:href|src)=(?:\"[^\"<>]*\"|'[^'<>]*')", re.IGNORECASE)
_INVISIBLE_TAGS: Final = ("style", "script", "title", "!", "?")


class ContentFingerprint(msgspec.Struct, frozen=True):
    """What is compared: the subject, and the pieces of the visible content (``tag attributes>text`` of HTML, lines of text)."""

    subject: str
    pieces: tuple[str, ...]
    is_html: bool


def fingerprint(subject: str, visible: str, *, is_html: bool) -> ContentFingerprint:
    """Of a mail as its caller wrote it."""
    return ContentFingerprint(subject, tuple(visible.split("<" if is_html else "\n")), is_html)


def is_near_duplicate(first: ContentFingerprint, other: ContentFingerprint) -> bool:
    """Whether ``other`` equals ``first`` but for values."""
    if first.is_html is not other.is_html or len(first.pieces) != len(other.pieces):
        return False
    differences = [pair for pair in zip(first.pieces, other.pieces, strict=True) if pair[0] != pair[1]]
    if len(differences) > MOST_PIECES or not _same_words(first.subject, other.subject):
        return False
    return all(_same_piece(*pair) if first.is_html else _same_words(*pair) for pair in differences)


def _same_piece(one: str, other: str) -> bool:
    """The same tag but for its address, and the same words behind it."""
    tag, _, text = one.partition(">")
    other_tag, _, other_text = other.partition(">")
    if tag.lstrip("/").lower().startswith(_INVISIBLE_TAGS):
        return False
    same = tag == other_tag or _LINK.sub("", tag) == _LINK.sub("", other_tag)
    return same and _same_words(text, other_text)


def _same_words(one: str, other: str) -> bool:
    if one == other:
        return True
    words, others = words_of(one), words_of(other)
    if words == others:
        return True
    differences = set(words).symmetric_difference(others)
    return len(differences) <= MOST_WORDS and abs(len(words) - len(others)) <= MOST_WORDS and not _has_rule_word(differences)


def _has_rule_word(words: "set[str]") -> bool:
    """Whether a rule of any language knows one of the words."""
    first, stems = _rule_words()
    return not first.isdisjoint(words) or any(word[:_STEM] in stems for word in words)


def load_rules() -> None:
    """Load the rules, so that the first mail need not wait for them."""
    _rule_words()


@lru_cache(1)
def _rule_words() -> tuple[frozenset[str], frozenset[str]]:
    """All words of all phrases, and the beginnings of those that are stems."""
    words = {word for language in LANGUAGES for word in _phrase_words(rules_of(language))}
    plain = frozenset(word for word in words if not word.endswith("*")) - {ANY}
    return plain, frozenset(word[:_STEM] for word in words if word.endswith("*"))


def _phrase_words(rules: RuleSet) -> Sequence[str]:
    return [word for rule in rules.rules for phrase in rule.phrases for word in phrase.split()]
