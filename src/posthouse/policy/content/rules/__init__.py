"""The rule sets, a file for each language: phrases of advertising, and phrases of transactional mail.

A phrase is words in lower case: ``#`` a number, ``#%`` per cents, ``_`` any one word, ``abc*`` a word that begins so. To add a
language, add its file and its name to ``LANGUAGES``; nothing else knows which there are.

Known sharp edges: read from the package's own files when first needed, like an import.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal

import msgspec

from posthouse.model.content_verdict import ContentPurpose

LANGUAGES: Final = ("en", "de")
NUMBER: Final = "#"
PERCENT: Final = "#%"
ANY: Final = "_"
_DIGITS: Final = frozenset("0123456789")
_ADDRESS: Final = re.compile(r"https?://\S+")
_SPACES: Final = dict.fromkeys(
    map(
        ord,
        "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~\u00a0\u00ab\u00bb\u00b7\u2010\u2011\u2012\u2013\u2014"
        "\u2018\u2019\u201a\u201c\u201d\u201e\u2022\u2026\u20ac\u00a3",
    ),
    " ",
)
_WORD: Final = re.compile(r"\S+")
_STEM: Final = 3
_PHRASE: Final = re.compile(r"#%|#|_|[^\W\d_]+\*?")


class ContentRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule. ``opens``: the text after it, up to something transactional or the footer, belongs to it; ``purpose``: of
    transactions only.
    """

    id: str
    kind: Literal["promotion", "transaction", "footer"]
    weight: float
    says: str
    phrases: tuple[str, ...]
    opens: bool = False
    purpose: ContentPurpose | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stopwords: frozenset[str]
    rule: tuple[ContentRule, ...]


Tail = tuple[tuple[str, ...], int]  # what must follow, and the number of the rule


class RuleSet(msgspec.Struct, frozen=True):
    """The rules of a language, their phrases arranged so that most words of a text cost a look or two.

    ``starts``: by the first word; ``stems``: by three letters, where the first word is a stem.
    """

    stopwords: frozenset[str]
    rules: tuple[ContentRule, ...]
    starts: dict[str, "PhraseStart"]
    stems: dict[str, list[tuple[str, Tail]]]

    def hits(self, words: Sequence[str]) -> Iterator[tuple[int, ContentRule]]:
        """The rules that fire, each with the place of its first word among the words."""
        starts, stems, rules = self.starts, self.stems, self.rules
        following = [*words[1:], ""]
        for index in [index for index, word in enumerate(words) if word in starts]:
            start = starts[words[index]]
            for number in start.alone:
                yield index, rules[number]
            for rest, number in start.pairs.get(following[index], ()):
                if not rest or _matches_at(rest, words, index + 2):
                    yield index, rules[number]
            for rest, number in start.loose:
                if _matches_at(rest, words, index + 1):
                    yield index, rules[number]
        for index in [index for index, word in enumerate(words) if word[:_STEM] in stems]:
            word = words[index]
            for stem, (rest, number) in stems[word[:_STEM]]:
                if word.startswith(stem) and _matches_at(rest, words, index + 1):
                    yield index, rules[number]


class PhraseStart(msgspec.Struct, frozen=True):
    """The phrases that begin with a word: ``alone``: the word is the phrase; ``pairs``: by the second word; ``loose``: the second
    is no plain word.
    """

    alone: list[int]
    pairs: dict[str, list[Tail]]
    loose: list[Tail]


@lru_cache(len(LANGUAGES))
def rules_of(language: str) -> RuleSet:
    """The rules of one of ``LANGUAGES``. Errors: those of a broken file of ours."""
    text = (files("posthouse.policy.content.rules") / f"{language}.toml").read_text(encoding="utf-8")
    data = msgspec.convert(tomllib.loads(text), _File)
    rules = RuleSet(data.stopwords, data.rule, {}, {})
    for number, rule in enumerate(data.rule):
        for phrase in rule.phrases:
            _add_phrase(rules, _PHRASE.findall(phrase), number)
    return rules


def words_of(text: str) -> list[str]:
    """The words of a line in lower case, numbers as ``#`` and ``#%``; addresses of pages are left out."""
    return [word if word[0] not in _DIGITS else PERCENT if word[-1] == "%" else NUMBER for word in _normalised(text).split()]


def word_positions(text: str) -> list[int]:
    """Where each of those words begins."""
    return [match.start() for match in _WORD.finditer(_normalised(text))]


def _normalised(text: str) -> str:
    """Lower case without punctuation; as long as the text, but for a space before a per cent sign."""
    lowered = text.lower()
    if "://" in lowered:
        lowered = _ADDRESS.sub(lambda match: " " * len(match[0]), lowered)
    if "%" in lowered:
        lowered = lowered.replace(" %", "%").replace("\u00a0%", "%")
    return lowered.translate(_SPACES)


def _add_phrase(rules: RuleSet, words: list[str], number: int) -> None:
    first, *rest = words
    if first.endswith("*"):
        rules.stems.setdefault(first[:_STEM], []).append((first[:-1], (tuple(rest), number)))
        return
    start = rules.starts.setdefault(first, PhraseStart([], {}, []))
    if not rest:
        start.alone.append(number)
    elif rest[0] == ANY or rest[0].endswith("*"):
        start.loose.append((tuple(rest), number))
    else:
        start.pairs.setdefault(rest[0], []).append((tuple(rest[1:]), number))


def _matches_at(rest: Sequence[str], words: Sequence[str], start: int) -> bool:
    next_words = words[start : start + len(rest)]
    return len(next_words) == len(rest) and all(map(_matches_word, rest, next_words))


def _matches_word(pattern: str, word: str) -> bool:
    return pattern in (word, ANY) or (pattern[-1] == "*" and word.startswith(pattern[:-1]))
