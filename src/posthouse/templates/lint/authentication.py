"""Authentication mail: password resets, verifications, codes, magic links. One rule a sentence of what makes them work.

The reader waits for it, may not have asked for it, and may read it where neither images nor buttons are shown.
"""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.templates.lint import words
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.links import host_of, is_button
from posthouse.templates.lint.page import VALUE, Element
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.requirements import requires_words
from posthouse.templates.lint.roles import AMENITY, CODE, COMPANY, LINK, SENSITIVE
from posthouse.templates.lint.rule import ALERT, AUTHENTICATION, LintRule

_LONGEST: Final = {"two_factor_code": 10, "password_reset": 60, "magic_link": 60, "email_verification": 24 * 60}
_TRACKED: Final = re.compile(r"[?&](?:utm_\w+|mc_cid|mc_eid|fbclid|gclid)=", re.IGNORECASE)
_TRACKING_HOST: Final = re.compile(
    r"^(?:click|clicks|link|links|track|tracking|trk|email|go)\d*\.|\.(?:sendgrid\.net|mandrillapp\.com|list-manage\.com)$"
)
_LEAST_SIZE: Final = 20.0
_BRANDED: Final = re.compile(rf"^\W*{VALUE}+\W*\s*[:|\u2013\u2014\]-]|^\[")


def actions(reading: LintReading) -> list[Element]:
    """The links that do what the mail is for: addresses from variables, without those to help, settings and images."""
    return [link for link in reading.page.links if VALUE in link.value_of("href") and not _is_amenity(reading, link)]


def _is_amenity(reading: LintReading, link: Element) -> bool:
    attribute = link.attributes["href"]
    if attribute.value.strip().lower().startswith(("mailto:", "tel:", "sms:")):
        return True
    used = reading.uses_in_link(link)
    return bool(used) and all(reading.is_for(use, AMENITY) for use in used)


def _has_action(reading: LintReading) -> bool:
    return (
        bool(actions(reading))
        or bool(reading.readable_uses(CODE))
        or any(not reading.is_for(use, AMENITY) for use in reading.readable_uses(LINK, "text"))
    )


def subject_branded(reading: LintReading) -> Iterator[Hit]:
    """The subject begins with the brand; the fact comes first, the sender's name is shown beside it."""
    begins = [
        use for use in reading.uses if use.part == "subject" and use.printed and reading.is_for(use, COMPANY) and use.start == 0
    ]
    if begins and _BRANDED.search(reading.masked("subject")):
        yield Hit("subject", "the subject begins with the brand", 0)


def action_missing(reading: LintReading) -> Iterator[Hit]:
    """There is neither a code nor a link to act on."""
    if not _has_action(reading):
        yield Hit("html" if reading.template.html else "text", "there is neither a code nor a link from a variable")


def action_faint(reading: LintReading) -> Iterator[Hit]:
    """The button or the code is what readers look for, so it is larger or bolder than the rest, or looks like a button."""
    links, codes = actions(reading), reading.readable_uses(CODE, "html")
    looks = [run.look for use in codes if (run := reading.page.run_at(use.start)) is not None]
    if any(look.loud or look.size >= _LEAST_SIZE for look in looks) or any(is_button(link) for link in links):
        return
    if looks:
        yield Hit("html", "the code looks like the text around it", codes[0].start)
    elif links:
        yield Hit("html", "the link looks like any other", links[0].start)


def code_not_in_text(reading: LintReading) -> Iterator[Hit]:
    """The code is in one body and not in the other."""
    for part, _ in reading.bodies():
        if any(reading.is_for(use, CODE) for use in reading.uses if use.printed) and not reading.readable_uses(CODE, part):
            yield Hit(part, "the code is not printed here as text")


def link_not_repeated(reading: LintReading) -> Iterator[Hit]:
    """Who cannot use the button needs its address as text, with a word on what to do with it."""
    links = actions(reading)
    if not links or reading.readable_uses(CODE, "html"):
        return
    readable = {use.path for use in reading.uses if use.part == "html" and use.printed and reading.is_visible(use)}
    for link in links:
        attribute = link.attributes["href"]
        in_link = {use.path for use in reading.uses_in_link(link)}
        if not in_link <= readable:
            yield Hit(
                "html",
                "the address of this link is nowhere to be read",
                attribute.start,
                reading.template.html[attribute.start : attribute.end],
            )
            return
    if reading.languages and reading.find_words(words.COPY_LINK, reading.visible_text) is None:
        yield Hit("html", "nothing says what the address is for")


def expiry_long(reading: LintReading) -> Iterator[Hit]:
    """What opens an account is valid for minutes: 5 to 10 for a code, 15 to 60 for a link."""
    most = _LONGEST.get(reading.message_type)
    for part, text in reading.bodies():
        expires = reading.find_words(words.EXPIRES, text)
        if most is None or expires is None:
            continue
        near = text[max(0, expires.start() - 80) : expires.end() + 80]
        for match in words.LIFETIME.finditer(near):
            if int(match[1]) * words.IN_MINUTES[match[2][0].lower()] > most:
                yield Hit(part, f"'{match.group()}' is longer than {most} minutes")
                return


def sensitive(reading: LintReading) -> Iterator[Hit]:
    """Mail about signing in may be read by whoever tries to; it tells nothing about the account."""
    for use in reading.uses:
        if use.printed and reading.is_visible(use) and reading.is_for(use, SENSITIVE):
            yield Hit(
                use.part,
                f"'{use.path}' is printed",
                use.start,
            )


def marketing(reading: LintReading) -> Iterator[Hit]:
    """Nothing is sold in mail that opens or protects an account."""
    for part, text in reading.bodies():
        match = reading.find_words(words.PROMOTION, text)
        if match is not None:
            yield Hit(part, f"'{match.group()}' is promotion", None, match.group())


def link_tracked(reading: LintReading) -> Iterator[Hit]:
    """A redirect that counts clicks delays the link, and looks like phishing."""
    for link in reading.page.links:
        address = link.value_of("href")
        if _TRACKED.search(address) or _TRACKING_HOST.search(host_of(address)):
            yield Hit("html", "the link is tracked", link.attributes["href"].start, address[:80])


_AUTH: Final = (AUTHENTICATION,)
RULES: Final = (
    LintRule("auth-subject-branded", "The subject begins with the brand.", "Begin with the fact: 'Reset your password', 'Your code: 847291'.", subject_branded, _AUTH),
    LintRule("auth-reason", "It does not say what happened.", "Say it in the first sentence: 'You asked to reset your password.'",
         requires_words(words.HAPPENED, "nothing says why this mail came"), _AUTH),
    LintRule("auth-action-missing", "There is neither a code nor a link to act on.", "Print the code, or link to the address that the variable holds.", action_missing, _AUTH),
    LintRule("auth-action-faint", "The code or link does not stand out.", "Make the link a button; print the code large and bold.", action_faint, _AUTH),
    LintRule("auth-code-text", "The code is not in every body as text.", "Print it in the HTML and in the plain text.", code_not_in_text, _AUTH),
    LintRule("auth-link-text", "The link is not repeated as text.", "Print the address below the button: 'or copy this link into your browser'.", link_not_repeated, _AUTH),
    LintRule("auth-expiry", "It does not say how long the code or link is valid.", "Say it, also where the variable is left out: 'expires in 30 minutes'.",
         requires_words(words.EXPIRES, "nothing says how long it is valid", sparse=True), _AUTH),
    LintRule("auth-expiry-long", "The code or link is valid for longer than it should be.", "10 minutes for a code, 60 for a reset or magic link, a day for a verification.", expiry_long, _AUTH),
    LintRule("auth-not-you", "It does not say what to do if it wasn't you.", "'If you didn't ask for this, ignore this email.'",
         requires_words(words.NOT_YOU, "nothing says what to do if it wasn't you", sparse=True), _AUTH),
    LintRule("auth-sensitive", "It tells details of the account.", "Leave them out; name no more than the account's name.", sensitive, _AUTH),
    LintRule("auth-marketing", "It sells something.", "Send that on a marketing stream.", marketing, (AUTHENTICATION, ALERT)),
    LintRule("auth-link-tracked", "A link is tracked.", "Link to the address itself; tracking is off for these types.", link_tracked, (AUTHENTICATION, ALERT)),
)  # fmt: skip
