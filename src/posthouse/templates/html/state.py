"""The state of an HTML tokenizer: in text, inside a tag, in a value, in raw text or in a comment (HTML 13.2.5).

It reads the pieces between a template's tags, and a piece may end anywhere, such as in the middle of a value. That is why it does
not use ``mail.html``, which needs whole tags, and why the state is a value that the next piece starts from. Conditional comments
(``<!--[if mso]>``) are read as the HTML they are to Outlook.

Known sharp edges: a coarse version of the standard's eighty states, enough to know what may be printed where, not to build a
tree.
"""

import re
from enum import StrEnum
from typing import Final

import msgspec

URL_ATTRIBUTES: Final = frozenset(
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
_MOST_VALUE: Final = 256


class HtmlPosition(StrEnum):
    """What the tokenizer is in. ``OPENED``: right behind a ``<``."""

    TEXT = "text"
    OPENED = "opened"
    TAG = "tag"
    UNQUOTED = "unquoted"
    VALUE = "value"
    RAW = "raw"
    COMMENT = "comment"
    BOGUS = "bogus"


class HtmlState(msgspec.Struct, frozen=True):
    """``element``, ``attribute`` and ``quote`` are those the tokenizer is in, '' for none.

    ``value``: the part of the attribute value or raw text that was read, None once it cannot begin a link.
    """

    position: HtmlPosition = HtmlPosition.TEXT
    element: str = ""
    attribute: str = ""
    quote: str = ""
    value: str | None = ""


def advance(state: HtmlState, text: str) -> HtmlState:
    """The state after some HTML."""
    index = 0
    while index < len(text):
        state, index = _STEPS[state.position](state, text, index)
    return state


def _text(_: HtmlState, text: str, index: int) -> tuple[HtmlState, int]:
    match = _TEXT.search(text, index)
    if match is None:
        return HtmlState(), len(text)
    if match["comment"]:
        return HtmlState(HtmlPosition.COMMENT), match.end()
    if match["bogus"]:
        return HtmlState(HtmlPosition.BOGUS), match.end()
    if match["cut"] is not None:
        return HtmlState(HtmlPosition.OPENED), len(text)
    if match["name"]:
        return HtmlState(HtmlPosition.TAG, ("/" if match["end"] else "") + match["name"].lower()), match.end()
    return HtmlState(), match.end()


def _tag(state: HtmlState, text: str, index: int) -> tuple[HtmlState, int]:
    match = _TAG.match(text, index)
    if match is None:  # white space, or an equals sign without a name
        return state, len(text) if _BLANK.match(text, index) else index + 1
    if match["end"]:
        return HtmlState(HtmlPosition.RAW, state.element) if state.element in _RAW else HtmlState(), match.end()
    name = match["name"].lower()
    if not match["equals"]:
        return state, match.end("name")
    if match["quote"]:
        return HtmlState(HtmlPosition.VALUE, state.element, name, match["quote"]), match.end()
    return HtmlState(HtmlPosition.UNQUOTED, state.element, name), match.end()


def _unquoted(state: HtmlState, text: str, index: int) -> tuple[HtmlState, int]:
    if not state.value:
        after = len(text) - len(text[index:].lstrip())
        if text[after : after + 1] in {'"', "'"}:
            return HtmlState(HtmlPosition.VALUE, state.element, state.attribute, text[after]), after + 1
        index = after
    match = _BARE.match(text, index)
    end = match.end() if match is not None else index
    if end < len(text):
        return HtmlState(HtmlPosition.TAG, state.element), end
    return state if match is None else msgspec.structs.replace(state, value="x"), end


def _value(state: HtmlState, text: str, index: int) -> tuple[HtmlState, int]:
    end = text.find(state.quote, index)
    if end >= 0:
        return HtmlState(HtmlPosition.TAG, state.element), end + 1
    return _extend_value(state, text[index:]), len(text)


def _raw(state: HtmlState, text: str, index: int) -> tuple[HtmlState, int]:
    match = re.compile(rf"</{state.element}(?=[\s/>])", re.IGNORECASE).search(text, index)
    if match is not None:
        return HtmlState(HtmlPosition.TAG, "/" + state.element), match.end()
    return _extend_value(state, text[index:]), len(text)


def _extend_value(state: HtmlState, text: str) -> HtmlState:
    if state.value is None:
        return state
    value = state.value + text
    # Of a link its beginning decides what may follow, of a style its end.
    value = value[:_MOST_VALUE] if state.attribute in URL_ATTRIBUTES else value[-_MOST_VALUE:]
    return msgspec.structs.replace(state, value=value)


def _comment(state: HtmlState, text: str, index: int) -> tuple[HtmlState, int]:
    match = _COMMENT_END.search(text, max(0, index - 2))
    return (HtmlState(), match.end()) if match is not None else (state, len(text))


def _bogus(state: HtmlState, text: str, index: int) -> tuple[HtmlState, int]:
    end = text.find(">", index)
    return (HtmlState(), end + 1) if end >= 0 else (state, len(text))


def _opened(_: HtmlState, __: str, index: int) -> tuple[HtmlState, int]:
    return HtmlState(), index


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
