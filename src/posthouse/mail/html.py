"""The one reader of HTML: tags, comments, attributes and links, in one pass over the text (HTML 13.2.5).

There is no tree, on purpose: an HTML 5 parser builds one in quadratic time from 100,000 nested blocks or 20,000 attributes
(8.5 s and 0.5 s, lexbor), and this reads what strangers wrote. Every pattern here is possessive or ends at a fixed
character, so every character is looked at a fixed number of times.

Whoever needs more than tags builds it from them: ``templates.html.text`` the text, ``templates.lint.page`` the elements. Only
``templates.html.state`` reads by itself, because it reads the pieces between a template's tags, which are no whole HTML.

Known sharp edges: the text inside ``script`` or ``style`` is read for tags as any other; who must not see them skips to the
closing tag (``closing_tag``). What comes after 100,000 tags is not read.
"""

import re
from collections.abc import Iterator
from html import unescape
from html.entities import html5
from itertools import islice
from typing import Final, NamedTuple

MOST_TAGS: Final = 100_000
VOID: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
RAW_TEXT: Final = frozenset({"iframe", "noembed", "noframes", "noscript", "script", "style", "textarea", "title", "xmp"})

_COMMENT: Final = r"<!--(?!-?>).*?(?:-->|\Z)"  # ``<!-->`` is an empty one (HTML 13.2.5.43)
_COMMENTS: Final = re.compile(_COMMENT, re.DOTALL)
_CONDITIONAL: Final = r"<!--\[if\b[^>]*+>"  # what Outlook reads as HTML begins here
_ELEMENT: Final = r"""<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:[^>=]++|=\s*+(?:"[^"]*+"?+|'[^']*+'?+)?+)*+)>?+"""
_OTHER: Final = r"<[!?/][^>]*+>?+"
_TAG: Final = re.compile(f"{_COMMENT}|{_ELEMENT}|{_OTHER}", re.DOTALL)
_OUTLOOK_TAG: Final = re.compile(f"{_CONDITIONAL}|{_COMMENT}|{_ELEMENT}|{_OTHER}", re.DOTALL)
_ATTRIBUTE: Final = re.compile(r"""([^\s/>=]++)(?:\s*+=\s*+(?:"([^"]*+)"?+|'([^']*+)'?+|([^\s>]++)))?""")
_CLOSING: Final = {name: re.compile(rf"</{name}[^>]*+>?+", re.IGNORECASE) for name in RAW_TEXT}
_UNSEEN: Final = frozenset({"script", "style", "title"})
_REFERENCE: Final = re.compile(r"&(?:#[0-9]++;?+|#[xX][0-9a-fA-F]++;?+|([A-Za-z][A-Za-z0-9]*+(?:;|(?!=))))")
_QUOTES: Final = frozenset("\"'")
_LINK_VALUE: Final = re.compile(r"[^<>]{1,8000}")


class Attribute(NamedTuple):
    """``name`` in lower case; ``value`` as it is meant; ``start`` and ``end``: of the value as written, counted from the text's
    begin.
    """

    name: str
    value: str
    start: int
    end: int


class HtmlLink(NamedTuple):
    """An ``a`` or ``area`` that leads somewhere. ``tag``: the whole tag; ``start`` and ``end``: of the address as written in the
    HTML.
    """

    element: str
    tag: str
    href: str
    start: int
    end: int


def tags(html: str, start: int = 0) -> Iterator[re.Match[str]]:
    """Every tag and comment, with the groups ``end`` (``/`` of an end tag), ``name`` and ``attributes``; all None for what is no
    element.
    """
    return islice(_TAG.finditer(html, start), MOST_TAGS)


def tag_at(html: str, start: int) -> re.Match[str] | None:
    """The tag or comment that begins at a place, as ``tags`` has it."""
    return _TAG.match(html, start)


def comments(html: str) -> Iterator[re.Match[str]]:
    """The comments, wherever they begin: also in what looks like a tag."""
    return _COMMENTS.finditer(html)


def closing_tag(html: str, element: str, start: int) -> re.Match[str] | None:
    """The end tag of an element of ``RAW_TEXT`` that begins before ``start``; None where it has none."""
    return _CLOSING[element].search(html, start)


def attribute_list(attribute_text: str, base: int = 0) -> Iterator[Attribute]:
    """The attributes of a tag (its group ``attributes``, which begins at ``base``), in order, also those given twice."""
    for match in _ATTRIBUTE.finditer(attribute_text):
        group = match.lastindex or 1
        if group == 1:  # a name alone
            yield Attribute(match[1].lower(), "", base + match.end(), base + match.end())
        else:
            yield Attribute(match[1].lower(), attribute_value(match[group]), base + match.start(group), base + match.end(group))


def attributes(attribute_text: str) -> dict[str, str]:
    """Names in lower case and their values; of one given twice the first counts (HTML 13.2.5.33)."""
    values: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(attribute_text):
        values.setdefault(name.lower(), attribute_value(double or single or bare))
    return values


def attribute_value(raw: str) -> str:
    """A value as it is meant, of a value as it is written between its quotes (HTML 13.2.5.73).

    In a value, a character reference without its semicolon that an equals sign or a letter follows is no reference:
    ``?a=1&copy=2&region=3`` is an address as many people write it, and browsers follow it as it stands. In text the same letters
    are ``©`` and ``®``, as ``html.unescape`` reads them everywhere.
    """
    return _REFERENCE.sub(_resolve_reference, raw) if "&" in raw else raw


def links(html: str) -> Iterator[HtmlLink]:
    """The links with an address in quotes, in order; those in conditional comments (``<!--[if mso]>``) too, which Outlook
    follows.

    An address has 1 to 8,000 characters and no angle brackets.
    """
    for tag in islice(_OUTLOOK_TAG.finditer(html), MOST_TAGS):
        element = (tag["name"] or "").lower()
        if element in {"a", "area"} and not tag["end"] and tag[0].endswith(">"):
            href = next((at for at in attribute_list(tag["attributes"], tag.start("attributes")) if at.name == "href"), None)
            if href is not None and html[href.start - 1] in _QUOTES and _LINK_VALUE.fullmatch(html, href.start, href.end):
                yield HtmlLink(element, tag[0], href.value, href.start, href.end)


def replace_tags(html: str, separator: str, block_separator: str) -> str:
    """The text with ``separator`` in the place of each tag, comment, script, style sheet and title; character references stay.

    ``block_separator``: in the place of a line break and of the end of a paragraph, row, item or heading. A tag that is never
    closed is text.
    """
    pieces: list[str] = []
    position = 0
    remaining_tags = _TAG.finditer(html)
    for _ in range(MOST_TAGS):
        tag = next(remaining_tags, None)
        if tag is None:
            break
        if not tag[0].endswith(">"):
            continue
        name = (tag["name"] or "").lower()
        pieces += (html[position : tag.start()], block_separator if _ends_line(name, tag["end"]) else separator)
        position = tag.end()
        if name in _UNSEEN and not tag["end"]:
            closing = closing_tag(html, name, position)
            position = closing.start() if closing is not None else len(html)
            remaining_tags = _TAG.finditer(html, position)  # what looks like a tag inside must not reach beyond the closing tag
    pieces.append(html[position:])
    return "".join(pieces)


def _ends_line(name: str, end: str) -> bool:
    return name == "br" or (
        bool(end) and (name in {"p", "div", "tr", "li"} or (len(name) == 2 and name[0] == "h" and name[1].isdigit()))
    )


def _resolve_reference(reference: re.Match[str]) -> str:
    name = reference[1]
    return unescape(reference[0]) if name is None or name in html5 else reference[0]
