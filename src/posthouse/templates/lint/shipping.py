"""Shipping and delivery: where the parcel is, what is in it, and how to follow it without looking anything up."""

from collections.abc import Iterator
from typing import Final

from posthouse.model.template import Variable
from posthouse.templates.lint import words
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.order import is_listed
from posthouse.templates.lint.page import Element
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.requirements import requires_variable, requires_words_or_variable
from posthouse.templates.lint.roles import ADDRESS, CARRIER, PARCELS, SUPPORT, TRACKING, TRACKING_LINK, has_role
from posthouse.templates.lint.rule import SHIPPING, LintRule


def status_missing(reading: LintReading) -> Iterator[Hit]:
    """The subject says what changed: shipped, out for delivery, delivered."""
    if reading.languages and reading.find_words(words.STATUS, reading.subject) is None:
        yield Hit("subject", "the subject does not say where the parcel is")


def tracking_link_missing(reading: LintReading) -> Iterator[Hit]:
    """A link follows this parcel."""
    if not _tracking_links(reading) and not reading.readable_uses(TRACKING_LINK, "text"):
        yield Hit("html" if reading.template.html else "text", "there is no link that follows the parcel")


def tracking_link_generic(reading: LintReading) -> Iterator[Hit]:
    """A link that is the same for every parcel makes the reader search again."""
    for link in reading.page.links:
        words = reading.page.link_text(link)
        is_tracking = any(word in words.lower() for word in ("track", "verfolg", "sendung"))
        if is_tracking and not _paths_in_link(reading, link):
            yield Hit(
                "html",
                "the link to follow the parcel is the same for every parcel",
                link.attributes["href"].start,
                link.value_of("href")[:80],
            )


def _tracking_links(reading: LintReading) -> list[Element]:
    """Links whose address holds a tracking number or is a tracking address."""
    return [
        link
        for link in reading.page.links
        if any(has_role(path, role) for path in _paths_in_link(reading, link) for role in (TRACKING, TRACKING_LINK))
    ]


def _paths_in_link(reading: LintReading, link: Element) -> list[str]:
    return [use.path for use in reading.uses_in_link(link)]


def items_missing(reading: LintReading) -> Iterator[Hit]:
    """What is in the parcel is listed."""
    for part, _ in reading.bodies():
        if not is_listed(reading, part):
            yield Hit(part, "what is in the parcel is not listed")


def parcels_unclear(reading: LintReading) -> Iterator[Hit]:
    """Where an order comes in several parcels, each has its number and what is in it."""
    for variable in reading.declared:
        if not has_role(variable.name, PARCELS):
            continue
        for part, _ in reading.bodies():
            missing = [name for name, is_printed in _printed_of_parcel(reading, variable, part) if not is_printed]
            if missing:
                yield Hit(part, f"of each of '{variable.name}' is not printed: {', '.join(missing)}")


def _printed_of_parcel(reading: LintReading, parcels: Variable, part: str) -> list[tuple[str, bool]]:
    uses = [
        use
        for use in reading.uses
        if use.part == part and use.printed and use.path.startswith(f"{parcels.name}[]") and reading.is_visible(use)
    ]
    return [
        ("its tracking number", any(reading.is_for(use, TRACKING) for use in uses)),
        ("what is in it", any(use.path.count("[]") > 1 for use in uses)),
    ]


_SHIPPING: Final = (SHIPPING,)
RULES: Final = (
    LintRule("ship-status", "The subject does not say what changed.", "'Your order 12345 has shipped'; one mail a change, no digest.", status_missing, _SHIPPING),
    LintRule("ship-carrier", "The carrier is not named.", "Print who brings it.", requires_variable(CARRIER, "the carrier is not printed"), _SHIPPING),
    LintRule("ship-tracking-text", "The tracking number is not there as text.", "Print it in the HTML and the plain text, where it can be copied.",
         requires_variable(TRACKING, "the tracking number is not printed as text"), _SHIPPING),
    LintRule("ship-link", "There is no link that follows the parcel.", "Link to the carrier's page for this number.", tracking_link_missing, _SHIPPING),
    LintRule("ship-link-generic", "The link to follow the parcel is the same for every parcel.", "Link to the carrier's page for this number.", tracking_link_generic, _SHIPPING),
    LintRule("ship-items", "What is in the parcel is not listed.", "List the items of this parcel.", items_missing, _SHIPPING),
    LintRule("ship-parcels", "It is not clear which items are in which parcel.", "Print for each parcel its tracking number and its items.", parcels_unclear, _SHIPPING),
    LintRule("ship-address", "The address of delivery is not there.", "Print it.", requires_variable(ADDRESS, "the address of delivery is not printed"), _SHIPPING),
    LintRule("ship-problem", "It does not say what to do if something is wrong.", "Say whom to ask when something is missing or damaged.",
         requires_words_or_variable(words.PROBLEM, SUPPORT, "nothing says what to do if something is wrong"), _SHIPPING),
)  # fmt: skip
