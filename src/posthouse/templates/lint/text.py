"""The plain text beside the HTML: what readers without HTML, filters and screen readers get (C1).

Where an author wrote none it is made from the HTML, which is good; what is written by hand is forgotten by hand.
"""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.templates.lint import words
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.links import is_button
from posthouse.templates.lint.names import Use
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.rule import LintRule

_WORD: Final = re.compile(r"[^\W_]+")
_MARKUP: Final = re.compile(
    r"</?(?:a|b|br|div|p|span|strong|table|td|tr|h[1-6]|ul|li|html|body)\b[^<>]{0,200}>|&(?:nbsp|amp|lt|gt|quot|[mn]dash);",
    re.IGNORECASE,
)
_FEWEST: Final = 5
_SHARE: Final = 0.4


def text_missing(reading: LintReading) -> Iterator[Hit]:
    """The HTML says nothing in words, so there is no text to make of it."""
    if reading.html and not _WORD.search(reading.text):
        yield Hit("text", "there is no text at all")


def text_weak(reading: LintReading) -> Iterator[Hit]:
    """A text that says much less than the HTML, or only that there is HTML, is no alternative to it."""
    if not (reading.html and reading.has_own_text):
        return
    match = reading.find_words(words.NOTHING_HERE, reading.template.text)
    if match is not None:
        yield Hit("text", f"'{match.group()}' stands for what the mail says", match.start(), match.group())
        return
    in_html, in_text = len(_WORD.findall(reading.visible_text)), len(_WORD.findall(reading.text))
    if in_text and (in_text < _FEWEST <= in_html or in_text < in_html * _SHARE):
        yield Hit("text", f"the text has {in_text} words, the HTML {in_html}")


def text_markup(reading: LintReading) -> Iterator[Hit]:
    """Tags and entities are shown as they are in a text."""
    match = _MARKUP.search(reading.template.text)
    if match is not None and reading.has_own_text:
        yield Hit("text", f"'{match.group()[:40]}' is HTML", match.start(), match.group())


def text_link_missing(reading: LintReading) -> Iterator[Hit]:
    """What the HTML's button leads to cannot be reached from the text."""
    if not (reading.has_own_text and reading.page.links):
        return
    printed = {use.path for use in reading.uses if use.part == "text" and use.printed}
    for link in reading.page.links:
        if is_button(link) and not _has_address(reading, link.value_of("href"), reading.uses_in_link(link), printed):
            yield Hit("text", f"the button '{_label(reading.page.link_text(link))}' has no address here")


def _has_address(reading: LintReading, address: str, inside: list[Use], printed: set[str]) -> bool:
    return {use.path for use in inside} <= printed if inside else address in reading.template.text


def _label(in_html: str) -> str:
    return re.sub("\ue000+", "…", in_html)[:40]


RULES: Final = (
    LintRule("text-missing", "The mail says nothing in words.", "Say in words what the images show.", text_missing),
    LintRule("text-weak", "The plain text says much less than the HTML.", "Leave it out: it is made from the HTML. Or say in it all that the HTML says.", text_weak),
    LintRule("text-markup", "There is HTML in the plain text.", "Write it as text.", text_markup),
    LintRule("text-link-missing", "The plain text lacks the address of a button.", "Print the address on a line of its own.", text_link_missing),
)  # fmt: skip
