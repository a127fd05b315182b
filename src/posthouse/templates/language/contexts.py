"""The output context of each tag of a template in HTML, so that a variable can only print what is safe there (C6, OWASP XSS rules
1-5).

The HTML between the tags is read by ``html.state``, along every branch. Branches that meet must end in the same state, so every
place has one context. What may be printed:

- in text and in quoted values: anything, escaped;
- at the beginning of a link (``href``, ``src`` …): an address that begins with https://, http:// or mailto:, checked when it is
  rendered; after ``mailto:`` something that cannot add fields to the mail the reader would write (RFC 6068);
- in a style: letters, digits and what colours and sizes are made of; in its ``url(…)`` an address;
- nothing elsewhere: not in a script or an event handler, not in a page within the page (``srcdoc``) nor in a redirect, not as the
  name of a tag or an attribute, not in a value without quotes.

Known sharp edges: this protects authors from their variables, not readers from authors: a literal ``javascript:`` is found by
lint, except in front of a variable.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from html import unescape
from typing import Final

import msgspec

from posthouse.templates.html.state import URL_ATTRIBUTES, HtmlPosition, HtmlState, advance
from posthouse.templates.language.grammar import Tag, line_of, tokenize

_TEXT_ELEMENTS: Final = frozenset({"title", "textarea"})
_SCHEME: Final = re.compile(r"\s*+([a-zA-Z][a-zA-Z0-9+.-]*+):")
_RELATIVE: Final = re.compile(r"\s*+[^:]*?[/?#.]|\s*+\.")
_ALLOWED_SCHEMES: Final = frozenset({"http", "https", "tel", "sms", "cid"})
_STYLE_URL: Final = re.compile(r"url\(\s*+[\"']?+\Z", re.IGNORECASE)
_REFRESH: Final = re.compile(r"\burl\s*+=\s*+[\"']?+\s*+\Z", re.IGNORECASE)
_ANIMATED_LINKS: Final = {
    (element, name) for element in ("set", "animate") for name in ("to", "from", "by", "values")
}  # a link too (SVG 2, 16)
_ANY_LETTERS: Final = "letters"


class OutputContext(StrEnum):
    """What may be printed at a place, by OWASP's output contexts."""

    ANY = "any"
    LINK = "link"
    MAILBOX = "mailbox"
    STYLE = "style"
    STYLE_LINK = "style_link"


class TagContext(msgspec.Struct, frozen=True):
    """A tag of the template, its place in the page, and the state of the HTML there."""

    start: int
    end: int
    tag: Tag
    state: HtmlState


class UnsafeContext(Exception):
    """A tag stands where no value can be made safe; one sentence, with its line."""


class _Branching(msgspec.Struct, frozen=True):
    """An open ``if`` or ``for``: the state before it, the state that its branches so far end in, and whether one of them is
    ``else``.
    """

    before: HtmlState
    after: HtmlState | None = None
    has_else: bool = False


def contexts(page: str) -> Iterator[TagContext]:
    """The tags in their order. Errors: UnsafeContext, TemplateSyntaxError."""
    state, read = HtmlState(), 0
    branches: list[_Branching] = []
    for start, end, tag in tokenize(page):
        state = advance(state, page[read:start])
        read = end
        if state.position is HtmlPosition.OPENED:
            raise UnsafeContext(f"line {line_of(page, start)}: a '<' stands right before a tag of the template")
        if tag is None:
            continue
        keyword = tag.tokens[0][1] if tag.tokens else ""
        if tag.opening == "{%":
            state = _after_branch_tag(state, keyword, branches, page, start)
        yield TagContext(start, end, tag, state)
        if tag.opening == "{{" and state.position in {HtmlPosition.VALUE, HtmlPosition.RAW}:
            state = msgspec.structs.replace(state, value=None if state.attribute in URL_ATTRIBUTES else "x")
    advance(state, page[read:])


def output_context(tag_context: TagContext, page: str) -> OutputContext:
    """What may be printed there. Errors: UnsafeContext."""
    fault, context = "", OutputContext.ANY
    state = tag_context.state
    if state.position is HtmlPosition.VALUE:
        fault, context = _context_in_value(state)
    elif state.position is HtmlPosition.RAW and state.element == "style":
        context = OutputContext.STYLE_LINK if _STYLE_URL.search(state.value or "") else OutputContext.STYLE
    elif state.position is HtmlPosition.RAW and state.element not in _TEXT_ELEMENTS:
        fault = f"a variable cannot stand in <{state.element}>"
    elif state.position is HtmlPosition.TAG:
        fault = "a variable can be the value of an attribute in quotes, not a name"
    elif state.position is HtmlPosition.UNQUOTED:
        fault = f"the value of '{state.attribute}' needs quotes around it"
    if fault:
        raise UnsafeContext(f"line {line_of(page, tag_context.start)}: {fault}")
    return context


def _context_in_value(state: HtmlState) -> tuple[str, OutputContext]:
    if state.attribute.startswith("on") or state.attribute == "srcdoc" or (state.element, state.attribute) in _ANIMATED_LINKS:
        return f"a variable cannot stand in '{state.attribute}'", OutputContext.ANY
    if state.element == "meta" and _REFRESH.search(unescape(state.value or "")):
        return "a variable cannot be where a page goes on to", OutputContext.ANY
    if state.attribute == "style":
        return "", OutputContext.STYLE_LINK if _STYLE_URL.search(unescape(state.value or "")) else OutputContext.STYLE
    if state.attribute in URL_ATTRIBUTES and state.value is not None:
        return _context_in_link(unescape(state.value))
    return "", OutputContext.ANY


def _context_in_link(value: str) -> tuple[str, OutputContext]:
    """What may follow the literal beginning of a link."""
    if not value.strip():
        return "", OutputContext.LINK
    scheme = _SCHEME.match(value)
    if scheme is None:
        is_relative = value.lstrip()[:1] in "/?#." or _RELATIVE.match(value) is not None
        return (
            "" if is_relative else "a link begins with letters and goes on with a variable, which could make any scheme of them",
            OutputContext.ANY,
        )
    name = scheme[1].lower()
    if name == "mailto":
        return "", OutputContext.ANY if "?" in value else OutputContext.MAILBOX
    if name in _ALLOWED_SCHEMES or (name == "data" and value.lstrip().lower().startswith("data:image/")):
        return "", OutputContext.ANY
    return f"a link cannot be '{name}:'", OutputContext.ANY


def _after_branch_tag(state: HtmlState, keyword: str, branches: list[_Branching], page: str, start: int) -> HtmlState:
    """The state after ``if``, ``for``, ``elif``, ``else`` or an end of them; any other keyword changes nothing."""
    if keyword in {"if", "for"}:
        branches.append(_Branching(state))
    elif keyword in {"elif", "else"} and branches:
        open_branch = branches[-1]
        after = _merge(open_branch.after, state, page, start)
        branches[-1] = _Branching(open_branch.before, after, has_else=keyword == "else")
        return open_branch.before
    elif keyword in {"endif", "endfor"} and branches:
        closed = branches.pop()
        after = _merge(closed.after, state, page, start)
        # Without an else, and for an empty list, nothing is printed: then the state is the one before.
        return after if closed.has_else and keyword == "endif" else _merge(after, closed.before, page, start)
    return state


def _merge(one: HtmlState | None, other: HtmlState, page: str, start: int) -> HtmlState:
    """The state where two branches meet. Errors: UnsafeContext."""
    if one is None or one == other:
        return other
    if msgspec.structs.replace(one, value="") != msgspec.structs.replace(other, value=""):
        raise UnsafeContext(f"line {line_of(page, start)}: the branches that meet here end in different tags or quotes")
    return msgspec.structs.replace(one, value=_merged_value(one, other))


def _merged_value(one: HtmlState, other: HtmlState) -> str | None:
    """Of two values that were read so far, the one that demands more of what follows."""
    values = [each.value for each in (one, other) if each.value is not None]
    if one.attribute not in URL_ATTRIBUTES or not all(value.strip() for value in values):
        return ""
    links = {value: _context_in_link(unescape(value)) for value in values}
    if any(fault for fault, _ in links.values()):
        return _ANY_LETTERS
    return next((value for value, (_, context) in links.items() if context is OutputContext.MAILBOX), values[0])
