"""The text of an HTML, for readers who see no HTML: what it says, in its order, with the links written out (C1).

One pass over the tags: blocks become paragraphs, list items lines with a dash or a number, table rows lines with their
cells, a quotation lines with ``>`` before them, a link its text with the address in parentheses, an image its ``alt``. Style,
script, title and what is hidden from every reader (``display:none``, ``hidden``: preview texts) are left out.

Known sharp edges: tables are read row by row whether they hold data or only the layout, so a row of one cell is a
line or a paragraph. No column is aligned: a phone would break such lines. What comes after 100,000 tags or two million
characters is cut; what would need a tree (a link in a misnested table) comes out a little off.
"""

import re
from html import unescape
from typing import Final

from posthouse.mail.html import MOST_TAGS, RAW_TEXT, VOID, attributes, closing_tag, tags

MOST_CHARACTERS: Final = 2_000_000
_UNREADABLE: Final = frozenset({"math", "object", "select", "svg", "template", "video", "audio", "canvas"})
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
_HIDING: Final = re.compile(r"display\s*+:\s*+none|mso-hide\s*+:\s*+all", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?:https?|mailto|tel):|[\ue000\ue002]", re.IGNORECASE)  # or a tag of a template (outline)
_BLANK: Final = " \t\n\r\f"
_SPACE: Final = re.compile(rf"[{_BLANK}]+")
_INVISIBLE: Final = str.maketrans({"\xa0": " ", "\xad": None, "\u034f": None, "\u200b": None, "\ufeff": None})
_RULE: Final = "---"
_QUOTED: Final = "> "
_MOST_QUOTES: Final = 4


def text_of(html: str) -> str:
    """The text, lines ended by LF, no blank lines at either end; '' where there is none."""
    return html_to_text(html, TextWriter())


def html_to_text(html: str, writer: "TextWriter") -> str:
    """What a writer makes of the HTML."""
    hidden, position, remaining_tags = _HiddenElement(), 0, tags(html)
    for _ in range(MOST_TAGS):
        tag = next(remaining_tags, None)
        text = html[position : tag.start() if tag else len(html)]
        if hidden.element:
            writer.skip(text)
        elif text:
            writer.write(text)
        if tag is None or writer.size > MOST_CHARACTERS:
            break
        position = tag.end()
        end, name, attribute_text = tag.groups()
        if name is None:
            writer.skip(tag.group())
            continue
        name = name.lower()
        if name in RAW_TEXT and not end:
            closing = closing_tag(html, name, position)
            writer.skip(html[position : closing.start() if closing else len(html)])
            position = closing.end() if closing else len(html)
            remaining_tags = tags(html, position)
        elif not hidden.takes(name, end, attribute_text):
            if end:
                writer.close(name)
            else:
                writer.open(name, attribute_text)
    return writer.text()


class _HiddenElement:
    """The element that is being skipped, until its own end; ``element`` is '' outside of one."""

    def __init__(self) -> None:
        self.element = ""
        self._depth = 0

    def takes(self, name: str, end: str, attribute_text: str) -> bool:
        """Whether a tag is inside, begins or ends a hidden element; ``end``: ``/`` of an end tag."""
        if not self.element:
            if end or not (name in _UNREADABLE or _is_hidden(attribute_text)) or name in VOID:
                return False
            self.element, self._depth = name, 1
            return True
        if name == self.element:
            self._depth += -1 if end else 1
        elif self.element == "p" and not end and name in _PARAGRAPHS:  # a paragraph ends where the next block begins
            self._depth = 0
        if self._depth == 0:
            self.element = ""
            return bool(end)
        return True


class TextWriter:
    """Builds the lines: words, the breaks due before the next word, the open lists, the link that is being read."""

    def __init__(self) -> None:
        self.size = 0
        self._lines: list[str] = []
        self._line: list[str] = []
        self._pending_breaks = 0
        self._after_space = True
        self._list_marker = ""
        self._lists: list[int | None] = []
        self._pre = 0
        self._quotes = 0
        self._href = ""
        self._link: list[str] = []

    def open(self, element: str, attribute_text: str) -> None:
        """An element begins."""
        lines = _BREAKS.get(element)
        if lines is not None:
            self._require_break(lines)
            if element == "li":
                self._list_marker = self._next_marker()
            elif element == "pre":
                self._pre += 1
            elif element == "blockquote":
                self._quotes += 1
        elif element in _CELLS:
            self._cell()
        elif element == "a":
            self._end_link()
            self._href, self._link = attributes(attribute_text).get("href", "").strip(), []
        elif element == "br":
            self._require_break(self._pending_breaks + 1)
        elif element == "img":
            self._write_words(attributes(attribute_text).get("alt", ""))
        elif element == "hr":
            self._require_break(2)
            self.write(_RULE)
            self._require_break(2)
        elif element in _LISTS:
            self._require_break(2)
            self._lists.append(0 if element == "ol" else None)

    def close(self, element: str) -> None:
        """An element ends."""
        lines = _BREAKS.get(element)
        if lines is not None:
            if element == "pre":
                self._pre = max(0, self._pre - 1)
            self._require_break(lines)
            if element == "blockquote":
                self._quotes = max(0, self._quotes - 1)
        elif element == "a":
            self._end_link()
        elif element in _LISTS:
            if self._lists:
                self._lists.pop()
            self._require_break(2)

    def write(self, source: str) -> None:
        """Text as it stands in the source; white space collapses as HTML does, but not inside ``pre``."""
        text = unescape(source) if "&" in source else source
        if not self._pre:
            self._write_words(text)
            return
        for number, line in enumerate(text.translate(_INVISIBLE).replace("\r", "").split("\n")):
            if number:
                self._require_break(self._pending_breaks + 1)
            if line:
                self._append(line)

    def skip(self, source: str) -> None:
        """What is not shown: comments, scripts, hidden elements."""

    def text(self) -> str:
        """All lines."""
        self._end_link()
        self._end_line()
        return "\n".join(self._lines).strip("\n")[:MOST_CHARACTERS]

    def _is_line_empty(self) -> bool:
        """Whether nothing stands on the line yet."""
        return not self._line

    def _next_marker(self) -> str:
        indent = "  " * min(8, max(0, len(self._lists) - 1))
        number = self._lists[-1] if self._lists else None
        if number is None:
            return f"{indent}- "
        self._lists[-1] = number + 1
        return f"{indent}{number + 1}. "

    def _cell(self) -> None:
        if self._line and not self._pending_breaks:
            self._line.append(" " if self._after_space else "  ")
            self._after_space = True

    def _write_words(self, text: str) -> None:
        at_start = self._after_space or self._pending_breaks or not self._line
        if not text.strip(_BLANK):  # as between most tags
            if at_start or not text:
                return
            words = " "
        else:
            words = _SPACE.sub(" ", text)
            if not words.isascii():
                words = words.translate(_INVISIBLE)
            if at_start:
                words = words.lstrip(" ")
        if words:
            self._append(words)
            self._after_space = words.endswith(" ")

    def _append(self, words: str) -> None:
        if self._pending_breaks:
            self._end_line()
        if self._quotes and self._is_line_empty() and words.strip():
            self._line.append(_QUOTED * min(self._quotes, _MOST_QUOTES))
        if self._list_marker:
            self._line.append(self._list_marker)
            self._list_marker = ""
        self._line.append(words)
        if self._href:
            self._link.append(words)
        self.size += len(words)

    def _end_link(self) -> None:
        """The address of a link after its text, unless the text is the address already."""
        href, self._href = self._href, ""
        bare = href.removeprefix("mailto:").removeprefix("tel:")
        link_text = "".join(self._link).strip()
        if not _ADDRESS.match(href) or bare in link_text or bare.rstrip("/").partition("://")[2] == link_text:
            return
        address = _SPACE.sub("%20", bare)
        if not link_text or not self._line or self._pending_breaks:
            self._append(f"({address})" if link_text else address)
            self._after_space = False
        else:
            self._line[-1] = self._line[-1].rstrip(" ")
            self._append(f" ({address}) " if self._after_space else f" ({address})")

    def _require_break(self, lines: int) -> None:
        """At least so many line ends before what comes next; none right after a list's mark, one inside a list."""
        if not self._list_marker:
            self._pending_breaks = max(self._pending_breaks, min(lines, 1 if self._lists else 2))

    def _end_line(self) -> None:
        line = "".join(self._line).rstrip()
        if line:
            self._lines.append(line)
        if self._pending_breaks == 2 and self._lines and self._lines[-1]:
            self._lines.append("")
        self._line, self._pending_breaks, self._after_space = [], 0, True


def _is_hidden(attribute_text: str) -> bool:
    lowered = attribute_text.lower()
    if "hidden" not in lowered and "display" not in lowered and "mso-hide" not in lowered:
        return False
    values = attributes(attribute_text)
    return "hidden" in values or _HIDING.search(values.get("style", "")) is not None
