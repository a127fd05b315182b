"""The text of an HTML, for readers who see no HTML: what it says, in its order, with the links written out (C1).

One pass over the tags: blocks become paragraphs, list items lines with a dash or a number, table rows lines with their
cells, a quotation lines with ``>`` before them, a link its text with the address in parentheses, an image its ``alt``. Style, script, title and what is hidden from
everybody (``display:none``, ``hidden``: preview texts) are left out.

There is no tree, on purpose: an HTML 5 parser builds one in quadratic time from 100,000 nested blocks or 20,000
attributes (8.5 s and 0.5 s, lexbor), and this reads what strangers wrote. Every pattern here is possessive, every
character is looked at a fixed number of times; what would need a tree (a link in a misnested table) comes out a little off.

Known sharp edges: tables are read row by row whether they hold data or only the layout, so a row of one cell is a
line or a paragraph. No column is aligned: a phone would break such lines. What comes after 100,000 tags or two million
characters is cut.
"""

import re
from collections.abc import Iterator
from html import unescape
from itertools import islice
from typing import Final

from posthouse.mail import html_attribute

MOST_CHARACTERS: Final = 2_000_000
MOST_TAGS: Final = 100_000
_TOKEN: Final = re.compile(
    r"""<!--.*?(?:-->|\Z)
    |<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:[^>=]++|=\s*+(?:"[^"]*+"?+|'[^']*+'?+)?+)*+)>?+
    |<[!?/][^>]*+>?+""",
    re.DOTALL | re.VERBOSE,
)
ATTRIBUTE: Final = re.compile(r"""([^\s/>=]++)(?:\s*+=\s*+(?:"([^"]*+)"?+|'([^']*+)'?+|([^\s>]++)))?""")
_RAW: Final = {
    name: re.compile(rf"</{name}[^>]*+>?+", re.IGNORECASE)
    for name in ("iframe", "noembed", "noframes", "noscript", "script", "style", "textarea", "title", "xmp")
}
_SILENT: Final = frozenset({"math", "object", "select", "svg", "template", "video", "audio", "canvas"})
_PARAGRAPHS: Final = frozenset(
    {
        "address", "article", "aside", "blockquote", "center", "dl", "fieldset", "figure", "footer", "form", "h1", "h2", "h3",
        "h4", "h5", "h6", "header", "main", "nav", "p", "pre", "section", "table",
    }
)  # fmt: skip
_LINES: Final = frozenset({"caption", "dd", "div", "dt", "figcaption", "li", "summary", "tr"})
_BREAKS: Final = dict.fromkeys(_LINES, 1) | dict.fromkeys(_PARAGRAPHS, 2)
_LISTS: Final = frozenset({"ol", "ul"})
_CELLS: Final = frozenset({"td", "th"})
VOID: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_HIDING: Final = re.compile(r"display\s*+:\s*+none|mso-hide\s*+:\s*+all", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?:https?|mailto|tel):|[\ue000\ue002]", re.IGNORECASE)  # or a tag of a template (outline)
_BLANK: Final = " \t\n\r\f"
_SPACE: Final = re.compile(rf"[{_BLANK}]+")
_UNSEEN: Final = str.maketrans({"\xa0": " ", "\xad": None, "\u034f": None, "\u200b": None, "\ufeff": None})
_RULE: Final = "---"
_QUOTED: Final = "> "
_MOST_QUOTED: Final = 4


def text_of(html: str) -> str:
    """The text, lines ended by LF, no blank lines at either end; '' where nothing is said."""
    return node_text(html, TextWriter())


def node_text(html: str, writer: "TextWriter") -> str:
    """What a writer makes of the HTML."""
    silence, place, tokens = _Silence(), 0, _TOKEN.finditer(html)
    for _ in range(MOST_TAGS):
        token = next(tokens, None)
        words = html[place : token.start() if token else len(html)]
        if silence.over:
            writer.hush(words)
        elif words:
            writer.say(words)
        if token is None or writer.size > MOST_CHARACTERS:
            break
        place = token.end()
        end, name, attributes = token.groups()
        if name is None:
            writer.hush(token.group())
            continue
        name = name.lower()
        if name in _RAW and not end:
            closing = _RAW[name].search(html, place)
            writer.hush(html[place : closing.start() if closing else len(html)])
            place = closing.end() if closing else len(html)
            tokens = _TOKEN.finditer(html, place)
        elif not silence.takes(name, end, attributes):
            if end:
                writer.leave(name)
            else:
                writer.enter(name, attributes)
    return writer.text()


def tags(html: str) -> Iterator[re.Match[str]]:
    """Every tag and comment; ``name`` is None for what is no element."""
    return islice(_TOKEN.finditer(html), MOST_TAGS)


def _attributes(written: str) -> dict[str, str]:
    """Names in lower case and their values; of one given twice the first counts (HTML 13.2.5.33)."""
    found: dict[str, str] = {}
    for name, double, single, bare in ATTRIBUTE.findall(written):
        found.setdefault(name.lower(), html_attribute.attribute_value(double or single or bare))
    return found


class _Silence:
    """Whether an element is being skipped, until its own end."""

    def __init__(self) -> None:
        self.over = ""
        self._depth = 0

    def takes(self, name: str, end: str, attributes: str) -> bool:
        """True for a tag that is part of the silence, or begins or ends it; ``end`` is its stroke."""
        if not self.over:
            if end or not (name in _SILENT or _is_hidden(attributes)) or name in VOID:
                return False
            self.over, self._depth = name, 1
            return True
        if name == self.over:
            self._depth += -1 if end else 1
        elif self.over == "p" and not end and name in _PARAGRAPHS:  # a paragraph ends where the next block begins
            self._depth = 0
        if self._depth == 0:
            self.over = ""
            return bool(end)
        return True


class TextWriter:
    """Lines as they are told: words, line ends that are owed, lists that are open, the link that is being read."""

    def __init__(self) -> None:
        self.size = 0
        self._lines: list[str] = []
        self._line: list[str] = []
        self._owed = 0
        self._spaced = True
        self._mark = ""
        self._lists: list[int | None] = []
        self._pre = 0
        self._quotes = 0
        self._href = ""
        self._link: list[str] = []

    def enter(self, tag: str, attributes: str) -> None:
        """An element begins."""
        lines = _BREAKS.get(tag)
        if lines is not None:
            self._break(lines)
            if tag == "li":
                self._mark = self._bullet()
            elif tag == "pre":
                self._pre += 1
            elif tag == "blockquote":
                self._quotes += 1
        elif tag in _CELLS:
            self._cell()
        elif tag == "a":
            self._point()
            self._href, self._link = _attributes(attributes).get("href", "").strip(), []
        elif tag == "br":
            self._break(self._owed + 1)
        elif tag == "img":
            self._say_words(_attributes(attributes).get("alt", ""))
        elif tag == "hr":
            self._break(2)
            self.say(_RULE)
            self._break(2)
        elif tag in _LISTS:
            self._break(2)
            self._lists.append(0 if tag == "ol" else None)

    def leave(self, tag: str) -> None:
        """An element ends."""
        lines = _BREAKS.get(tag)
        if lines is not None:
            if tag == "pre":
                self._pre = max(0, self._pre - 1)
            self._break(lines)
            if tag == "blockquote":
                self._quotes = max(0, self._quotes - 1)
        elif tag == "a":
            self._point()
        elif tag in _LISTS:
            if self._lists:
                self._lists.pop()
            self._break(2)

    def say(self, written: str) -> None:
        """Text as it stands in the source; white space collapses as HTML does, but not inside ``pre``."""
        said = unescape(written) if "&" in written else written
        if not self._pre:
            self._say_words(said)
            return
        for place, line in enumerate(said.translate(_UNSEEN).replace("\r", "").split("\n")):
            if place:
                self._break(self._owed + 1)
            if line:
                self._put(line)

    def hush(self, written: str) -> None:
        """What nobody sees."""

    def text(self) -> str:
        """Everything told."""
        self._point()
        self._flush()
        return "\n".join(self._lines).strip("\n")[:MOST_CHARACTERS]

    def _begins(self) -> bool:
        """True where nothing is said yet on the line."""
        return not self._line

    def _bullet(self) -> str:
        indent = "  " * min(8, max(0, len(self._lists) - 1))
        number = self._lists[-1] if self._lists else None
        if number is None:
            return f"{indent}- "
        self._lists[-1] = number + 1
        return f"{indent}{number + 1}. "

    def _cell(self) -> None:
        if self._line and not self._owed:
            self._line.append(" " if self._spaced else "  ")
            self._spaced = True

    def _say_words(self, said: str) -> None:
        begins = self._spaced or self._owed or not self._line
        if not said.strip(_BLANK):  # what stands between most tags
            if begins or not said:
                return
            words = " "
        else:
            words = _SPACE.sub(" ", said)
            if not words.isascii():
                words = words.translate(_UNSEEN)
            if begins:
                words = words.lstrip(" ")
        if words:
            self._put(words)
            self._spaced = words.endswith(" ")

    def _put(self, words: str) -> None:
        if self._owed:
            self._flush()
        if self._quotes and self._begins() and words.strip():
            self._line.append(_QUOTED * min(self._quotes, _MOST_QUOTED))
        if self._mark:
            self._line.append(self._mark)
            self._mark = ""
        self._line.append(words)
        if self._href:
            self._link.append(words)
        self.size += len(words)

    def _point(self) -> None:
        """The address of a link after its text, unless the text says it already."""
        href, self._href = self._href, ""
        bare = href.removeprefix("mailto:").removeprefix("tel:")
        said = "".join(self._link).strip()
        if not _ADDRESS.match(href) or bare in said or bare.rstrip("/").partition("://")[2] == said:
            return
        shown = _SPACE.sub("%20", bare)
        if not said or not self._line or self._owed:
            self._put(f"({shown})" if said else shown)
            self._spaced = False
        else:
            self._line[-1] = self._line[-1].rstrip(" ")
            self._put(f" ({shown}) " if self._spaced else f" ({shown})")

    def _break(self, lines: int) -> None:
        """At least so many line ends before what comes next; none right after a list's mark, one inside a list."""
        if not self._mark:
            self._owed = max(self._owed, min(lines, 1 if self._lists else 2))

    def _flush(self) -> None:
        line = "".join(self._line).rstrip()
        if line:
            self._lines.append(line)
        if self._owed == 2 and self._lines and self._lines[-1]:
            self._lines.append("")
        self._line, self._owed, self._spaced = [], 0, True


def _is_hidden(written: str) -> bool:
    lowered = written.lower()
    if "hidden" not in lowered and "display" not in lowered and "mso-hide" not in lowered:
        return False
    attributes = _attributes(written)
    return "hidden" in attributes or _HIDING.search(attributes.get("style", "")) is not None
