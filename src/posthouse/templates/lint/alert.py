"""Alerts about an account: enough to know whether it was you, a way to undo it, and nothing that helps whoever did it."""

from collections.abc import Iterator
from typing import Final

from posthouse.model.template import VariableType
from posthouse.templates.lint import words
from posthouse.templates.lint.authentication import actions
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.requirements import requires_variable, requires_words, requires_words_or_variable
from posthouse.templates.lint.roles import AMENITY, CODE, DEVICE, LINK, SPOT, SUPPORT, WHEN
from posthouse.templates.lint.rule import ALERT, SECURITY_ALERT, LintRule


def subject_vague(reading: LintReading) -> Iterator[Hit]:
    """The subject says what changed, not that something did."""
    if reading.languages and reading.find_words(words.CHANGED, reading.subject) is None:
        yield Hit("subject", "the subject does not say what happened")


def when_missing(reading: LintReading) -> Iterator[Hit]:
    """A time tells readers whether it was them."""
    for part, _ in reading.bodies():
        times = [
            use
            for use in reading.uses
            if use.part == part and use.printed and reading.is_visible(use)
            if reading.is_for(use, WHEN)
            or (use.declaration is not None and use.declaration.type in {VariableType.DATE, VariableType.DATETIME})
        ]
        if not times:
            yield Hit(part, "nothing says when it happened")


def undo_missing(reading: LintReading) -> Iterator[Hit]:
    """There is something to press, or at least to do, for whoever did not do it."""
    if actions(reading) or any(not reading.is_for(use, AMENITY) for use in reading.readable_uses(LINK, "text")):
        return
    yield Hit("html" if reading.template.html else "text", "there is no link to secure the account or put it right")


def undo_unnamed(reading: LintReading) -> Iterator[Hit]:
    """The way to undo it is named: secure the account, change the password, update the card."""
    for part, text in reading.bodies():
        if reading.languages and reading.find_words(words.SECURE, text) is None:
            yield Hit(part, "nothing says what the reader can do about it")


def code_printed(reading: LintReading) -> Iterator[Hit]:
    """Whoever reads an alert may be the one it warns of: it holds no code."""
    for use in reading.readable_uses(CODE):
        yield Hit(use.part, f"'{use.path}' is printed", use.start)


_ALERT: Final = (ALERT,)
_SECURITY: Final = (SECURITY_ALERT,)
RULES: Final = (
    LintRule("alert-subject", "The subject does not say what happened.", "'Your password was changed', 'New sign-in from Chrome on Windows'.", subject_vague, _ALERT),
    LintRule("alert-what", "The body does not say what changed.", "Say it in the first sentence.", requires_words(words.CHANGED, "nothing says what changed"), _ALERT),
    LintRule("alert-when", "It does not say when it happened.", "Print the time with its zone.", when_missing, _ALERT),
    LintRule("alert-device", "It does not say on which device.", "Print the device and program, where they are known.", requires_variable(DEVICE, "the device is not printed"), _ALERT, _SECURITY),
    LintRule("alert-place", "It does not say from where.", "Print the town or region, where it is known.", requires_variable(SPOT, "the place is not printed"), _ALERT, _SECURITY),
    LintRule("alert-not-you", "It does not say what to do if it wasn't you.", "'If this wasn't you, secure your account.'",
         requires_words(words.NOT_YOU, "nothing says what to do if it wasn't you", sparse=True), _ALERT, _SECURITY),
    LintRule("alert-undo", "There is no link to undo it.", "Link to where the account is secured, or the matter put right.", undo_missing, _ALERT),
    LintRule("alert-undo-said", "It does not say what can be done about it.", "Say it beside the link.", undo_unnamed, _ALERT),
    LintRule("alert-code", "A code is printed.", "Leave it out: an alert opens nothing.", code_printed, _ALERT),
    LintRule("alert-support", "There is no way to ask.", "Print an address, a number or a link where somebody answers.",
         requires_words_or_variable(words.SUPPORT, SUPPORT, "nothing says whom to ask"), _ALERT),
)  # fmt: skip
