"""Rules for mail of every family: secrets, times without a zone, what a template forgot to fill in."""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.model.lint_finding import Part
from posthouse.templates.lint import words
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.roles import CARD, PASSWORD, SUPPORT
from posthouse.templates.lint.rule import LintRule

_CLOCK: Final = re.compile(r"(?<![\d:.+\u2212-])(?:[01]?\d|2[0-3])[:.][0-5]\d(?::[0-5]\d)?(?!\d|[.:]\d)(?=(.{0,24}))", re.DOTALL)
_COLON: Final = re.compile(r"\d:\d\d")
_DAYTIME: Final = re.compile(r"\s*(?:uhr\b|[ap]\.?m\b)", re.IGNORECASE)
_ZONE: Final = re.compile(
    r"^(?::\d\d)?[\s,(\u202f]*(?:[ap]\.?m\.?|uhr)?[\s,(\u202f]*"
    r"(?:(?:UTC|GMT|Z|[A-Z]{2,5}T|MEZ|MESZ|OEZ|WEZ|GMT[+-]\d+)\b|(?:UTC|GMT)?\s?[+\u2212-]\d{1,2}(?::?\d\d)?|"
    r"[A-Z][A-Za-z]+/[A-Z]|(?:[A-Z]\w+ ){1,3}[Tt]ime)",
    re.IGNORECASE,
)
_RANGE: Final = re.compile(r"^\s*(?:[-\u2013]|to|and|bis|und)\s*\d{1,2}[:.]\d\d(?P<rest>.*)", re.DOTALL | re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(
    r"\blorem ipsum\b|\*\|[A-Z_:]+\|\*|%%[\w.]+%%|\$\{[\w.]+\}|<%=?\s*[\w.]+\s*%>|\[\[[\w. ]+\]\]|"
    r"\[(?:your |insert |company |name|first ?name|product|link|ihr |name des)[^\]\n]{0,40}\]"
    r"|\bT[O]DO\b|\bTBD\b|\bexample text\b",
    re.IGNORECASE,
)


def password(reading: LintReading) -> Iterator[Hit]:
    """A password in a mail is one that others can read, for as long as the mail is kept."""
    for use in reading.uses:
        if use.printed and reading.is_for(use, PASSWORD):
            yield Hit(use.part, f"'{use.path}' is printed", use.start, reading.tag_of(use))
    for part in reading.parts:
        match = reading.find_words(words.PASSWORD_SAID, reading.masked(part))
        if match is not None:
            yield Hit(part, "a password seems to be told", match.start(), match.group())


def card_number(reading: LintReading) -> Iterator[Hit]:
    """A card's number does not belong into mail; its last four digits say which card (PCI DSS 3.4)."""
    for use in reading.uses:
        if use.printed and reading.is_for(use, CARD):
            yield Hit(use.part, f"'{use.path}' is printed", use.start, reading.tag_of(use))


def zone_missing(reading: LintReading) -> Iterator[Hit]:
    """A time of day means nothing without its zone to somebody who is travelling, or asking whether it was them."""
    texts: list[tuple[Part, str]] = [("subject", reading.subject), *reading.bodies()]
    for part, text in texts:
        for match in _CLOCK.finditer(text):
            after = match[1]
            if not _COLON.search(match.group()) and _DAYTIME.match(after) is None:
                continue  # 12.30 is an amount, unless 'Uhr' or 'pm' follows
            pair = _RANGE.match(after)
            if _ZONE.match(after) is None and (pair is None or _ZONE.match(pair["rest"]) is None):
                yield Hit(part, f"'{match.group()}' has no time zone")
                break


def placeholder_left(reading: LintReading) -> Iterator[Hit]:
    """A draft's stand-in, or the placeholder of another system, would be sent as it is."""
    for part in reading.parts:
        match = _PLACEHOLDER.search(reading.masked(part))
        if match is not None:
            yield Hit(part, f"'{match.group()[:40]}' looks like something to be filled in", match.start(), match.group())


def no_reply(reading: LintReading) -> Iterator[Hit]:
    """Readers answer transactional mail. If nobody reads that, the mail says where somebody does."""
    contact = bool(reading.readable_uses(SUPPORT)) or any(
        link.value_of("href").lower().startswith("mailto:") for link in reading.page.links
    )
    texts: list[tuple[Part, str]] = [("html", reading.page.visible_text())]
    texts += [("text", reading.masked("text"))] if reading.has_own_text else []
    for part, text in texts:
        match = reading.find_words(words.NO_REPLY, text)
        if match is not None and not contact:
            yield Hit(part, f"'{match.group()}', and no address that is read", None, match.group())


def language_unchecked(reading: LintReading) -> Iterator[Hit]:
    """There are no words in this language for the rules that listen for words, so they have not been checked."""
    if not reading.languages:
        yield Hit(
            "text" if not reading.template.html else "html", f"there are no words for '{reading.locale}': somebody has to read it"
        )


RULES: Final = (
    LintRule("password", "A password is printed.", "Send a link to choose a new one; never the password.", password),
    LintRule("card-number", "A card's number or its security code is printed.", "Print the last four digits.", card_number),
    LintRule("zone-missing", "A time of day has no time zone.", "Use the filter datetime or time, or write the zone.", zone_missing),
    LintRule("placeholder-left", "There is a stand-in, or another system's placeholder.", "Fill it in, or declare a variable for it.", placeholder_left),
    LintRule("no-reply", "Readers are told not to reply, and not where to write.", "Say where they reach somebody, or let them reply.", no_reply),
    LintRule("language-unchecked", "The wording rules know neither English nor German in it.", "Have somebody who speaks it read it, and waive this.", language_unchecked),
)  # fmt: skip
