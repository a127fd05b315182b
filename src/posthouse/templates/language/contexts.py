"""Where in an HTML page each tag of the template stands, so that a variable can only be what may stand there (C6, OWASP XSS rules 1-5).

The HTML between the tags is read by ``where``, along every branch. Branches that meet must end in the same state, so a place means one thing.

- in text and in quoted values: anything, escaped;
- at the beginning of a link (``href``, ``src`` …): an address that begins with https://, http:// or mailto:, checked when it is
  rendered; after ``mailto:`` something that cannot add fields to the mail the reader would write (RFC 6068);
- in a style: letters, digits and what colours and sizes are made of; in its ``url(…)`` an address;
- nowhere else: not in a script or an event handler, not in a page within the page (``srcdoc``) nor where a page goes on to, not as the
  name of a tag or an attribute, not in a value without quotes.

Known sharp edges: this protects authors from
their variables, not readers from authors: a literal ``javascript:`` is the lint's affair, except in front of a variable.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from html import unescape
from typing import Final

import msgspec

from posthouse.templates.html.state import URLS, HtmlPosition, HtmlState, advance
from posthouse.templates.language.grammar import Tag, line_of, tokenize

_READABLE: Final = frozenset({"title", "textarea"})
_SCHEME: Final = re.compile(r"\s*+([a-zA-Z][a-zA-Z0-9+.-]*+):")
_SETTLED: Final = re.compile(r"\s*+[^:]*?[/?#.]|\s*+\.")
_ALLOWED: Final = frozenset({"http", "https", "tel", "sms", "cid"})
_STYLE_URL: Final = re.compile(r"url\(\s*+[\"']?+\Z", re.IGNORECASE)
_REFRESH: Final = re.compile(r"\burl\s*+=\s*+[\"']?+\s*+\Z", re.IGNORECASE)
_MOVED: Final = {
    (element, name) for element in ("set", "animate") for name in ("to", "from", "by", "values")
}  # a link too (SVG 2, 16)
_LETTERS: Final = "letters"


class TagKind(StrEnum):
    """What may be printed at a place."""

    ANY = "any"
    LINK = "link"
    MAILBOX = "mailbox"
    STYLE = "style"
    STYLE_LINK = "style_link"


class TagContext(msgspec.Struct, frozen=True):
    """A tag in the page: where it begins and ends, and what stands around it."""

    start: int
    end: int
    tag: Tag
    state: HtmlState


class UnsafeContext(Exception):
    """A tag stands where no value can be made safe; one sentence, with its line."""


def contexts(page: str) -> Iterator[TagContext]:
    """The tags in their order. Errors: Misplaced, dialect.Unspeakable."""
    state, read = HtmlState(), 0
    branches: list[
        tuple[HtmlState, HtmlState | None, bool]
    ] = []  # as it was before, as the branches so far left it, whether one was an else
    for start, end, tag in tokenize(page):
        state = advance(state, page[read:start])
        read = end
        if state.where is HtmlPosition.OPENED:
            raise UnsafeContext(f"line {line_of(page, start)}: a '<' stands right before a tag of the template")
        if tag is None:
            continue
        word = tag.tokens[0][1] if tag.tokens else ""
        if tag.opening == "{%":
            state = _branched(state, word, branches, page, start)
        yield TagContext(start, end, tag, state)
        if tag.opening == "{{" and state.where in {HtmlPosition.VALUE, HtmlPosition.RAW}:
            state = msgspec.structs.replace(state, said=None if state.attribute in URLS else "x")
    advance(state, page[read:])


def kind(place: TagContext, page: str) -> TagKind:
    """What may be printed there. Errors: Misplaced."""
    fault, found = "", TagKind.ANY
    state = place.state
    if state.where is HtmlPosition.VALUE:
        fault, found = _in_value(state)
    elif state.where is HtmlPosition.RAW and state.element == "style":
        found = TagKind.STYLE_LINK if _STYLE_URL.search(state.said or "") else TagKind.STYLE
    elif state.where is HtmlPosition.RAW and state.element not in _READABLE:
        fault = f"a variable cannot stand in <{state.element}>"
    elif state.where is HtmlPosition.TAG:
        fault = "a variable can be the value of an attribute in quotes, not a name"
    elif state.where is HtmlPosition.UNQUOTED:
        fault = f"the value of '{state.attribute}' needs quotes around it"
    if fault:
        raise UnsafeContext(f"line {line_of(page, place.start)}: {fault}")
    return found


def _in_value(state: HtmlState) -> tuple[str, TagKind]:
    if state.attribute.startswith("on") or state.attribute == "srcdoc" or (state.element, state.attribute) in _MOVED:
        return f"a variable cannot stand in '{state.attribute}'", TagKind.ANY
    if state.element == "meta" and _REFRESH.search(unescape(state.said or "")):
        return "a variable cannot be where a page goes on to", TagKind.ANY
    if state.attribute == "style":
        return "", TagKind.STYLE_LINK if _STYLE_URL.search(unescape(state.said or "")) else TagKind.STYLE
    if state.attribute in URLS and state.said is not None:
        return _in_link(unescape(state.said))
    return "", TagKind.ANY


def _in_link(said: str) -> tuple[str, TagKind]:
    """What may follow what a link begins with."""
    if not said.strip():
        return "", TagKind.LINK
    scheme = _SCHEME.match(said)
    if scheme is None:
        settled = said.lstrip()[:1] in "/?#." or _SETTLED.match(said) is not None
        return (
            "" if settled else "a link begins with letters and goes on with a variable, which could make any scheme of them",
            TagKind.ANY,
        )
    word = scheme[1].lower()
    if word == "mailto":
        return "", TagKind.ANY if "?" in said else TagKind.MAILBOX
    if word in _ALLOWED or (word == "data" and said.lstrip().lower().startswith("data:image/")):
        return "", TagKind.ANY
    return f"a link cannot be '{word}:'", TagKind.ANY


def _branched(
    state: HtmlState, word: str, branches: list[tuple[HtmlState, HtmlState | None, bool]], page: str, start: int
) -> HtmlState:
    """The state after a tag that branches."""
    if word in {"if", "for"}:
        branches.append((state, None, False))
    elif word in {"elif", "else"} and branches:
        before, left, _ = branches[-1]
        branches[-1] = (before, _met(left, state, page, start), word == "else")
        return before
    elif word in {"endif", "endfor"} and branches:
        before, left, complete = branches.pop()
        left = _met(left, state, page, start)
        return left if complete and word == "endif" else _met(left, before, page, start)
    return state


def _met(one: HtmlState | None, other: HtmlState, page: str, start: int) -> HtmlState:
    """Two branches that meet."""
    if one is None or one == other:
        return other
    if msgspec.structs.replace(one, said="") != msgspec.structs.replace(other, said=""):
        raise UnsafeContext(f"line {line_of(page, start)}: the branches that meet here end in different tags or quotes")
    return msgspec.structs.replace(one, said=_both(one, other))


def _both(one: HtmlState, other: HtmlState) -> str | None:
    """What of the value was read where branches that read different things meet: whatever demands more of what follows."""
    said = [each.said for each in (one, other) if each.said is not None]
    if one.attribute not in URLS or not all(each.strip() for each in said):
        return ""
    judged = {each: _in_link(unescape(each)) for each in said}
    if any(fault for fault, _ in judged.values()):
        return _LETTERS
    return next((each for each, (_, found) in judged.items() if found is TagKind.MAILBOX), said[0])
