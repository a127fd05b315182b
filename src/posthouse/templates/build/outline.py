"""The text part of a template that has none, made from its HTML once, when it is saved (C1).

``text_of`` reads the HTML with a word in the place of each ``{{ … }}`` and a mark in the place of each ``{% … %}``. A break next
to a mark may or may not be needed, according to what is left out or repeated when it is rendered; so it is written as a line
tabulation (a new line) or a form feed (an empty line), and ``resolve_soft_breaks`` makes one break of those that come together.

Known sharp edges: an ``ol`` with a loop in it has dashes for numbers, because the numbers are not known.
"""

import re
from typing import Final

from posthouse.templates.html.text import TextWriter, html_to_text
from posthouse.templates.language.grammar import tokenize

_VALUE: Final = "\ue000"
_END: Final = "\ue001"
_CONTROL: Final = "\ue002"
_PRIVATE: Final = str.maketrans("", "", _VALUE + _END + _CONTROL)
_MARK: Final = re.compile(f"({_CONTROL}[0-9]++{_END})")
_STAND_IN: Final = re.compile(f"[{_VALUE}{_CONTROL}]([0-9]++){_END}")
_SOFT: Final = {1: "\v", 2: "\f"}
_FOR: Final = re.compile(r"\{%\s*for\b")
_ENDFOR: Final = re.compile(r"\{%\s*endfor\b")


def outline(html: str) -> str:
    """The text of an HTML template, with its tags. Errors: TemplateSyntaxError."""
    pieces: list[str] = []
    tags: dict[str, int] = {}
    read, trimmed = 0, False
    for start, end, tag in tokenize(html):
        pieces.append(_literal(html[read:start], trimmed, html[start + 2] == "-"))
        read, trimmed = end, html[end - 3] == "-"
        if tag is not None:
            number = tags.setdefault(_bare(html[start:end]), len(tags))
            pieces.append(f"{_VALUE if tag.opening == '{{' else _CONTROL}{number}{_END}")
    pieces.append(_literal(html[read:], trimmed, after=False))
    template_tags = list(tags)
    text = html_to_text("".join(pieces), _Outline(template_tags))
    return _STAND_IN.sub(lambda match: template_tags[int(match[1])], text)


def _literal(html: str, before: bool, after: bool) -> str:
    """The text between two tags, without the white space that their ``-`` removes."""
    html = html.lstrip() if before else html
    return (html.rstrip() if after else html).translate(_PRIVATE)


def _bare(tag: str) -> str:
    """The tag without its ``-``: the white space is removed already, and the soft breaks around it must stay."""
    inner = tag[2:-2].strip().removeprefix("-").removeprefix("+").removesuffix("-").removesuffix("+").strip()
    return f"{tag[:2]} {inner} {tag[-2:]}"


def resolve_soft_breaks(text: str) -> str:
    """A text after rendering, with one break for each run of soft breaks."""
    if "\f" not in text and "\v" not in text:
        return text
    return "\n\n".join(_lines(text) for piece in text.split("\f") if (text := piece.strip(" \n\v")))


def _lines(paragraph: str) -> str:
    if "\v" not in paragraph:
        return paragraph
    return "\n".join(_indented(text) for piece in paragraph.split("\v") if (text := piece.rstrip(" \n").lstrip("\n")))


def _indented(line: str) -> str:
    """One space at the beginning was between words; two are the indent of a list in a list."""
    return line[1:] if line.startswith(" ") and not line.startswith("  ") else line


class _Outline(TextWriter):
    """A writer for which a template's tag is no word: it stays in its place, and the breaks around it are soft."""

    def __init__(self, tags: list[str]) -> None:
        super().__init__()
        self._tags = tags
        self._ends_in_mark = False
        self._line_empty = True
        self._loops = 0

    def write(self, source: str) -> None:
        """Text, and the marks in it."""
        if _CONTROL not in source:
            super().write(source)
            return
        for number, piece in enumerate(_MARK.split(source)):
            if number % 2:
                self._write_mark(piece)
            elif piece:
                super().write(piece)

    def skip(self, source: str) -> None:
        """The text is left out, its marks are not: a ``{% if %}`` that begins here must end."""
        if _CONTROL in source:
            for mark in _MARK.findall(source):
                self._write_mark(mark)

    def text(self) -> str:
        """All lines."""
        self._end_link()
        self._pending_breaks, self._ends_in_mark = 0, False
        return super().text()

    def _write_mark(self, mark: str) -> None:
        tag = self._tags[int(mark[1:-1])]
        self._loops += (_FOR.match(tag) is not None) - (_ENDFOR.match(tag) is not None)
        if self._pending_breaks:
            self._write_soft_break()
        self._line.append(mark)
        self._ends_in_mark, self._after_space = True, False

    def _write_soft_break(self) -> None:
        if self._line or self._lines:
            self._line.append(_SOFT[self._pending_breaks])
        self._pending_breaks, self._after_space, self._line_empty = 0, True, True

    def _end_line(self) -> None:
        if self._ends_in_mark and self._pending_breaks:
            self._write_soft_break()
        else:
            super()._end_line()
            self._line_empty = True

    def _append(self, words: str) -> None:
        super()._append(words)
        if words.strip():
            self._ends_in_mark = self._line_empty = False

    def _is_line_empty(self) -> bool:
        return self._line_empty

    def _cell(self) -> None:
        if not self._line_empty:
            super()._cell()

    def _next_marker(self) -> str:
        if self._loops and self._lists:
            return "  " * min(8, len(self._lists) - 1) + "- "
        return super()._next_marker()
