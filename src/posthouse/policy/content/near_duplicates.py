"""Is a mail the same as one that was judged, but for names, numbers and links? Then what was said of that one holds for it.

An application's own mails come from a few templates that we never see. Reading each of them to the end costs more than everything else
that is done at intake, so a mail is compared with one that was read: the same tags, the same words, and where words differ, few of them
and none that any rule knows. Whatever is in doubt is read again.

Known sharp edges: the same words in another order within a piece count as the same. Only verdicts without findings are worth remembering:
a finding tells where its words stand, and that is another mail's.
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
_UNREAD: Final = ("style", "script", "title", "!", "?")


class Likeness(msgspec.Struct, frozen=True):
    """What is compared: the subject, and the pieces of what is seen (``tag attributes>text`` of HTML, lines of text)."""

    subject: str
    pieces: tuple[str, ...]
    is_html: bool


def likeness(subject: str, seen: str, *, is_html: bool) -> Likeness:
    """Of a mail as its caller wrote it."""
    return Likeness(subject, tuple(seen.split("<" if is_html else "\n")), is_html)


def alike(known: Likeness, other: Likeness) -> bool:
    """True where ``other`` says what ``known`` says, but for values."""
    if known.is_html is not other.is_html or len(known.pieces) != len(other.pieces):
        return False
    apart = [pair for pair in zip(known.pieces, other.pieces, strict=True) if pair[0] != pair[1]]
    if len(apart) > MOST_PIECES or not _same_words(known.subject, other.subject):
        return False
    return all(_same_piece(*pair) if known.is_html else _same_words(*pair) for pair in apart)


def _same_piece(one: str, other: str) -> bool:
    """The same tag but for where it leads to, and the same words behind it."""
    tag, _, said = one.partition(">")
    other_tag, _, other_said = other.partition(">")
    if tag.lstrip("/").lower().startswith(_UNREAD):
        return False
    same = tag == other_tag or _LINK.sub("", tag) == _LINK.sub("", other_tag)
    return same and _same_words(said, other_said)


def _same_words(one: str, other: str) -> bool:
    if one == other:
        return True
    words, others = words_of(one), words_of(other)
    if words == others:
        return True
    apart = set(words).symmetric_difference(others)
    return len(apart) <= MOST_WORDS and abs(len(words) - len(others)) <= MOST_WORDS and not _telling(apart)


def _telling(words: "set[str]") -> bool:
    """Some word that a rule of any language knows."""
    known, stems = _known()
    return not known.isdisjoint(words) or any(word[:_STEM] in stems for word in words)


def ready() -> None:
    """Read what is needed, so that the first mail need not wait for it."""
    _known()


@lru_cache(1)
def _known() -> tuple[frozenset[str], frozenset[str]]:
    """All words of all phrases, and the beginnings of those that are stems."""
    words = {word for language in LANGUAGES for word in _words(rules_of(language))}
    plain = frozenset(word for word in words if not word.endswith("*")) - {ANY}
    return plain, frozenset(word[:_STEM] for word in words if word.endswith("*"))


def _words(rules: RuleSet) -> Sequence[str]:
    return [word for rule in rules.rules for phrase in rule.phrases for word in phrase.split()]
