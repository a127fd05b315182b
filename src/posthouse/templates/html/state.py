"""What HTML is at a place: text, the inside of a tag, a value, raw text or a comment; read piece by piece (HTML 13.2.5).

A state machine over the pieces between a template's tags. Conditional comments (``<!--[if mso]>``) are read as the HTML they are to Outlook.

Known sharp edges: a coarse reading of the standard's eighty states, made to know what may be printed where, not to build a tree.
"""

import re
from enum import StrEnum
from typing import Final

import msgspec

URLS: Final = frozenset(
    {
        "href",
        "src",
        "action",
        "background",
        "cite",
        "data",
        "formaction",
        "longdesc",
        "ping",
        "poster",
        "srcset",
        "usemap",
        "xlink:href",
    }
)
_RAW: Final = frozenset({"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext"})
_TEXT: Final = re.compile(
    r"<(?:!--\[if [^>]*>|(?P<cut>/?\Z)|(?P<comment>!--)|(?P<bogus>[!?/](?![a-zA-Z]))|(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*+))"
)
_TAG: Final = re.compile(r"[\s/]*+(?:(?P<end>>)|(?P<name>[^\s/>=][^\s/>=]*+)(?P<equals>\s*+=\s*+)?(?P<quote>[\"'])?)")
_BARE: Final = re.compile(r"[^\s>\"'][^\s>]*+")
_BLANK: Final = re.compile(r"[\s/]*+\Z")
_KEPT: Final = 256


class HtmlPosition(StrEnum):
    """What the HTML is at a place."""

    TEXT = "text"
    OPENED = "opened"
    TAG = "tag"
    UNQUOTED = "unquoted"
    VALUE = "value"
    RAW = "raw"
    COMMENT = "comment"
    BOGUS = "bogus"


class HtmlState(msgspec.Struct, frozen=True):
    """Where the reading is: in which element, attribute and quote; ``said``: what of the value was read, None once it cannot begin a link."""

    where: HtmlPosition = HtmlPosition.TEXT
    element: str = ""
    attribute: str = ""
    quote: str = ""
    said: str | None = ""


def advance(state: HtmlState, text: str) -> HtmlState:
    """The state after some HTML."""
    place = 0
    while place < len(text):
        state, place = _STEPS[state.where](state, text, place)
    return state


def _text(_: HtmlState, text: str, place: int) -> tuple[HtmlState, int]:
    found = _TEXT.search(text, place)
    if found is None:
        return HtmlState(), len(text)
    if found["comment"]:
        return HtmlState(HtmlPosition.COMMENT), found.end()
    if found["bogus"]:
        return HtmlState(HtmlPosition.BOGUS), found.end()
    if found["cut"] is not None:
        return HtmlState(HtmlPosition.OPENED), len(text)
    if found["name"]:
        return HtmlState(HtmlPosition.TAG, ("/" if found["end"] else "") + found["name"].lower()), found.end()
    return HtmlState(), found.end()


def _tag(state: HtmlState, text: str, place: int) -> tuple[HtmlState, int]:
    found = _TAG.match(text, place)
    if found is None:  # white space, or an equals sign without a name
        return state, len(text) if _BLANK.match(text, place) else place + 1
    if found["end"]:
        return HtmlState(HtmlPosition.RAW, state.element) if state.element in _RAW else HtmlState(), found.end()
    name = found["name"].lower()
    if not found["equals"]:
        return state, found.end("name")
    if found["quote"]:
        return HtmlState(HtmlPosition.VALUE, state.element, name, found["quote"]), found.end()
    return HtmlState(HtmlPosition.UNQUOTED, state.element, name), found.end()


def _unquoted(state: HtmlState, text: str, place: int) -> tuple[HtmlState, int]:
    if not state.said:
        after = len(text) - len(text[place:].lstrip())
        if text[after : after + 1] in {'"', "'"}:
            return HtmlState(HtmlPosition.VALUE, state.element, state.attribute, text[after]), after + 1
        place = after
    bare = _BARE.match(text, place)
    end = bare.end() if bare is not None else place
    if end < len(text):
        return HtmlState(HtmlPosition.TAG, state.element), end
    return state if bare is None else msgspec.structs.replace(state, said="x"), end


def _value(state: HtmlState, text: str, place: int) -> tuple[HtmlState, int]:
    end = text.find(state.quote, place)
    if end >= 0:
        return HtmlState(HtmlPosition.TAG, state.element), end + 1
    return _said(state, text[place:]), len(text)


def _raw(state: HtmlState, text: str, place: int) -> tuple[HtmlState, int]:
    found = re.compile(rf"</{state.element}(?=[\s/>])", re.IGNORECASE).search(text, place)
    if found is not None:
        return HtmlState(HtmlPosition.TAG, "/" + state.element), found.end()
    return _said(state, text[place:]), len(text)


def _said(state: HtmlState, more: str) -> HtmlState:
    if state.said is None:
        return state
    head = state.said + more
    keep = head if len(head) <= _KEPT else head[-_KEPT:] if state.attribute not in URLS else head[:_KEPT]
    return msgspec.structs.replace(state, said=keep)


def _comment(state: HtmlState, text: str, place: int) -> tuple[HtmlState, int]:
    found = _COMMENT_END.search(text, max(0, place - 2))
    return (HtmlState(), found.end()) if found is not None else (state, len(text))


def _bogus(state: HtmlState, text: str, place: int) -> tuple[HtmlState, int]:
    end = text.find(">", place)
    return (HtmlState(), end + 1) if end >= 0 else (state, len(text))


def _opened(_: HtmlState, __: str, place: int) -> tuple[HtmlState, int]:
    return HtmlState(), place


_COMMENT_END: Final = re.compile(r"--!?>")
_STEPS: Final = {
    HtmlPosition.TEXT: _text,
    HtmlPosition.OPENED: _opened,
    HtmlPosition.TAG: _tag,
    HtmlPosition.UNQUOTED: _unquoted,
    HtmlPosition.VALUE: _value,
    HtmlPosition.RAW: _raw,
    HtmlPosition.COMMENT: _comment,
    HtmlPosition.BOGUS: _bogus,
}
