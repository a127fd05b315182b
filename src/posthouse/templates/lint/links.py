"""Rules about links, and about what a mail must not contain: scripts, forms, more than one action."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.page import VALUE, Element
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.rule import LintRule

_SHORTENERS: Final = frozenset(
    {
        "adf.ly", "bit.ly", "bl.ink", "buff.ly", "cutt.ly", "dub.sh", "goo.gl", "is.gd", "lnkd.in", "ow.ly", "rb.gy", "rebrand.ly", "s.id",
        "short.io", "shorturl.at", "shrtco.de", "t.co", "t.ly", "t2m.io", "tiny.cc", "tinyurl.com", "trib.al", "v.gd", "wp.me",
    }
)  # fmt: skip
_SOCIAL: Final = frozenset(
    {
        "facebook.com", "instagram.com", "linkedin.com", "pinterest.com", "threads.net", "tiktok.com", "twitter.com", "x.com",
        "youtube.com", "mastodon.social", "bsky.app", "xing.com",
    }
)  # fmt: skip
_HTTP: Final = re.compile(r"http://", re.IGNORECASE)
_EMPTY_WORDS: Final = frozenset(
    {"click here", "here", "link", "this link", "more", "klicken sie hier", "hier klicken", "klick hier", "hier"}
)
_HOST: Final = re.compile(r"(?:https?://)?((?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,20})(?:[/?#:]\S*)?", re.IGNORECASE)
_FIELDS: Final = ("form", "input", "select", "textarea", "button")
_ACTIVE: Final = ("script", "iframe", "embed", "applet", "frame", "frameset")
_BUTTON: Final = re.compile(r"\b(?:button|btn|cta)\b", re.IGNORECASE)


def host_of(address: str) -> str:
    """The host of an address in lower case, '' where it has none or prints it."""
    try:
        host = urlsplit(address.strip()).hostname or ""
    except ValueError:
        return ""
    return "" if VALUE in host else host.lower().removeprefix("www.")


def is_button(link: Element) -> bool:
    """True for a link that looks like a button: it has padding around it, or is called one."""
    padded = any(name == "padding" or name.startswith("padding-") for name in link.style)
    boxed = (
        link.style.get("display", "") in {"inline-block", "block"}
        or "background" in link.style
        or "background-color" in link.style
    )
    return (padded and boxed) or bool(_BUTTON.search(link.value_of("class")))


def _hit(link: Element, message: str) -> Hit:
    attribute = link.attributes.get("href") or link.attributes.get("src")
    return Hit("html", message, attribute.start if attribute else link.start, attribute.value[:80] if attribute else "")


def _in_text(reading: LintReading, pattern: re.Pattern[str], message: str) -> Iterator[Hit]:
    match = pattern.search(reading.template.text) if reading.has_own_text else None
    if match is not None:
        yield Hit("text", message, match.start(), match.group())


def link_http(reading: LintReading) -> Iterator[Hit]:
    """A link or image is fetched without encryption, so others can read and change it."""
    for element in reading.page.elements:
        address = element.value_of("href") if element.name in {"a", "area"} else element.value_of("src")
        if _HTTP.match(address):
            yield _hit(element, f"<{element.name}> points at http://")
    yield from _in_text(reading, _HTTP, "a link begins with http://")


def link_shortener(reading: LintReading) -> Iterator[Hit]:
    """A link hides where it leads behind a shortener; spam filters count that."""
    for link in reading.page.links:
        if host_of(link.value_of("href")) in _SHORTENERS:
            yield _hit(link, f"the link leads through {host_of(link.value_of('href'))}")
    yield from _in_text(reading, _SHORT_IN_TEXT, "a link leads through a shortener")


_SHORT_IN_TEXT: Final = re.compile(
    r"https?://(?:www\.)?(?:" + "|".join(re.escape(host) for host in sorted(_SHORTENERS)) + r")/", re.IGNORECASE
)


def link_incomplete(reading: LintReading) -> Iterator[Hit]:
    """A link has no address, or one that only works on a web page."""
    for link in reading.page.links:
        address = link.value_of("href")
        if not address or address == "#":
            yield Hit("html", "a link has no address", link.start)
        elif address[0] != VALUE and not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]{0,30}:", address):
            yield _hit(link, "a link is not a whole address: there is no page that it could be relative to")


def link_words(reading: LintReading) -> Iterator[Hit]:
    """A link does not say where it leads: screen readers read links without what is around them."""
    for link in reading.page.links:
        words = reading.page.link_text(link).strip(" .:!›»→>").lower()
        if words in _EMPTY_WORDS or not words:
            yield Hit("html", f"a link says '{words}'" if words else "a link says nothing", link.start)


def link_disguised(reading: LintReading) -> Iterator[Hit]:
    """A link says one address and leads to another, as in a phishing mail."""
    for link in reading.page.links:
        words, host = _HOST.fullmatch(reading.page.link_text(link)), host_of(link.value_of("href"))
        if words is not None and host and not _is_same(words[1].lower().removeprefix("www."), host):
            yield _hit(link, f"the link says {words[1]} and leads to {host}")


def _is_same(words: str, host: str) -> bool:
    return words == host or host.endswith(f".{words}") or words.endswith(f".{host}")


def active_content(reading: LintReading) -> Iterator[Hit]:
    """JavaScript or an embedded page: no client runs it, and many filters refuse the mail."""
    for element in reading.page.elements:
        event = next((name for name in element.attributes if name.startswith("on") and len(name) > len("on")), None)
        if element.name in _ACTIVE:
            yield Hit("html", f"<{element.name}> does nothing in a mail", element.start)
        elif event is not None:
            yield Hit("html", f"'{event}' does nothing in a mail", element.attributes[event].start, event)


def form(reading: LintReading) -> Iterator[Hit]:
    """A form in a mail does not work in Outlook, and looks like phishing everywhere else."""
    for element in reading.page.elements_named(*_FIELDS):
        yield Hit("html", f"<{element.name}> is part of a form", element.start)


def actions_several(reading: LintReading) -> Iterator[Hit]:
    """More than one primary call to action: the reader has to choose before acting."""
    buttons: dict[str, Element] = {}
    for link in reading.page.links:
        if is_button(link) and not link.look.hidden:
            attribute = link.attributes["href"]
            buttons.setdefault(reading.template.html[attribute.start : attribute.end].strip(), link)
    if len(buttons) > 1:
        second = list(buttons.values())[1]
        yield Hit("html", f"{len(buttons)} buttons lead to different places", second.start)


def social_footer(reading: LintReading) -> Iterator[Hit]:
    """Links to social networks belong into marketing, not below a receipt or a code."""
    for link in reading.page.links:
        host = host_of(link.value_of("href"))
        if host in _SOCIAL:
            yield _hit(link, f"the mail links to {host}")
            return


RULES: Final = (
    LintRule("link-http", "A link or image begins with http://.", "Use https://.", link_http),
    LintRule("link-shortener", "A link leads through a link shortener.", "Link to the address itself.", link_shortener),
    LintRule("link-incomplete", "A link has no address, or one relative to a page.", "Write the whole address, beginning with https://.", link_incomplete),
    LintRule("link-words", "A link says nothing, or only 'click here'.", "Say what happens: 'Reset your password', 'Track your parcel'.", link_words),
    LintRule("link-disguised", "A link says one address and leads to another.", "Say the address it leads to, or words.", link_disguised),
    LintRule("active-content", "There is JavaScript or an embedded page.", "Leave it out; link to a page that does it.", active_content),
    LintRule("form", "There is a form or a field of one.", "Link to a page with the form.", form),
    LintRule("actions-several", "There is more than one primary call to action.", "Keep one button; make the others links in the text.", actions_several),
    LintRule("social-footer", "There are links to social networks.", "Leave them out of transactional mail.", social_footer),
)  # fmt: skip
