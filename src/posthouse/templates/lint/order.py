"""Orders, receipts, payments and refunds: all that a buyer will look for, in the mail itself, found again by its number."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from posthouse.model.lint_finding import Part
from posthouse.templates.lint import words
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.requirements import requires_variable, requires_words_or_variable
from posthouse.templates.lint.roles import (
    ADDRESS,
    ARRIVAL,
    ITEMS,
    LAST_FOUR,
    ORDER,
    SUBTOTAL,
    SUPPORT,
    TAX,
    TOTAL,
    TRACKING,
    has_role,
)
from posthouse.templates.lint.rule import ORDER as FAMILY
from posthouse.templates.lint.rule import SHIPPING, LintRule

_MOST_ASKED: Final = 20
_BOUGHT: Final = ("order_confirmation", "receipt")


def number_in_subject(reading: LintReading) -> Iterator[Hit]:
    """People search their inbox for the number of the order."""
    if not reading.readable_uses(ORDER, "subject"):
        yield Hit("subject", "the number of the order is not in the subject")


def items_missing(reading: LintReading) -> Iterator[Hit]:
    """Each thing that was bought is listed."""
    for part, _ in reading.bodies():
        if not is_listed(reading, part):
            yield Hit(part, "what was bought is not listed")


def is_listed(reading: LintReading, part: str) -> bool:
    """True where what an item holds is printed: its name, its price."""
    for use in reading.uses:
        before, _, _ = use.path.rpartition("[]")
        if use.part == part and use.printed and before and reading.is_visible(use) and has_role(before, ITEMS):
            return True
    return False


def sums_missing(reading: LintReading) -> Iterator[Hit]:
    """The sum before tax and the tax stand beside the total."""
    for part, _ in reading.bodies():
        missing = [name for name, role in (("subtotal", SUBTOTAL), ("tax", TAX)) if not reading.readable_uses(role, part)]
        if missing:
            yield Hit(
                part, f"the {' and the '.join(missing)} is not there" if len(missing) == 1 else "subtotal and tax are not there"
            )


def login_needed(reading: LintReading) -> Iterator[Hit]:
    """A receipt can be read without signing in."""
    for part, text in reading.bodies():
        match = reading.find_words(words.LOGIN, text)
        if match is not None:
            yield Hit(part, f"'{match.group()}' asks to sign in", None, match.group())


def promotion_above(reading: LintReading) -> Iterator[Hit]:
    """What is sold stands below what was bought, or the mail is a commercial one (16 CFR 316.3)."""
    for part, _ in reading.bodies():
        end = max((use.start for role in (TOTAL, TRACKING) for use in reading.readable_uses(role, part)), default=None)
        match = _first_promotion(reading, part)
        if match is not None and (end is None or match.start() < end):
            yield Hit(part, f"'{match.group()}' stands above what the mail is about", match.start(), match.group())


def _first_promotion(reading: LintReading, part: Part) -> re.Match[str] | None:
    text = reading.masked(part)
    matches = (match for tag in reading.languages for match in islice(words.PROMOTION[tag].finditer(text), _MOST_ASKED))
    seen = (match for match in matches if part != "html" or ((run := reading.page.run_at(match.start())) and not run.look.hidden))
    return min(seen, key=lambda match: match.start(), default=None)


_ORDER: Final = (FAMILY,)
RULES: Final = (
    LintRule("order-number-subject", "The number of the order is not in the subject.", "'Your order 12345 is confirmed'.", number_in_subject, (FAMILY, SHIPPING)),
    LintRule("order-number", "The number of the order is not in the body.", "Print it in the heading.", requires_variable(ORDER, "the number of the order is not printed"), (FAMILY, SHIPPING)),
    LintRule("order-items", "What was bought is not listed.", "List the items with quantity and price.", items_missing, _ORDER, _BOUGHT),
    LintRule("order-total", "The total is not there.", "Print the amount that was paid, or paid back.", requires_variable(TOTAL, "the total is not printed"), _ORDER),
    LintRule("order-sums", "Subtotal or tax is not there.", "Print subtotal, tax and total below the items.", sums_missing, _ORDER, _BOUGHT),
    LintRule("order-payment", "The way of payment is not there.", "Print the last four digits of the card.", requires_variable(LAST_FOUR, "no last four digits are printed"), _ORDER),
    LintRule("order-address", "The address of delivery is not there.", "Print it, so that a mistake is seen in time.",
         requires_variable(ADDRESS, "the address of delivery is not printed"), _ORDER, ("order_confirmation",)),
    LintRule("order-arrival", "The expected day of delivery is not there.", "Print it where it is known.",
         requires_variable(ARRIVAL, "the expected day of delivery is not printed"), _ORDER, ("order_confirmation",)),
    LintRule("order-support", "There is no way to ask.", "Print an address, a number or a link where somebody answers.",
         requires_words_or_variable(words.SUPPORT, SUPPORT, "nothing says whom to ask"), _ORDER),
    LintRule("order-login", "The reader has to sign in to read it.", "Put the details into the mail.", login_needed, _ORDER),
    LintRule("order-promotion", "Promotion stands above what the mail is about.", "Move it below them and keep it small, or leave it out.", promotion_above, (FAMILY, SHIPPING)),
)  # fmt: skip
