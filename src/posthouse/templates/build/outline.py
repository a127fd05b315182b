"""The text part of a template that has none, made from its HTML once, when it is saved (C1).

``text_of`` reads the HTML with a word in the place of each ``{{ … }}`` and a mark in the place of each ``{% … %}``. A break next to a mark
may or may not be needed, according to what is left out or repeated when it is rendered; so it is written as a line tabulation
(a new line) or a form feed (an empty line), and ``settled`` makes one break of those that come together.

Known sharp edges: an ``ol`` with a loop in it has dashes for numbers, because the numbers are not known.
"""

import re
from typing import Final

from posthouse.templates.html.text import TextWriter, node_text
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
    """The text of an HTML template, with its tags. Errors: dialect.Unspeakable."""
    written: list[str] = []
    tags: dict[str, int] = {}
    read, trimmed = 0, False
    for start, end, tag in tokenize(html):
        written.append(_literal(html[read:start], trimmed, html[start + 2] == "-"))
        read, trimmed = end, html[end - 3] == "-"
        if tag is not None:
            number = tags.setdefault(_bare(html[start:end]), len(tags))
            written.append(f"{_VALUE if tag.opening == '{{' else _CONTROL}{number}{_END}")
    written.append(_literal(html[read:], trimmed, after=False))
    known = list(tags)
    made = node_text("".join(written), _Outline(known))
    return _STAND_IN.sub(lambda found: known[int(found[1])], made)


def _literal(html: str, before: bool, after: bool) -> str:
    """What stands between two tags, without the white space that they take away."""
    html = html.lstrip() if before else html
    return (html.rstrip() if after else html).translate(_PRIVATE)


def _bare(tag: str) -> str:
    """A tag that takes no white space away: here that is done already, and the soft breaks around it must stay."""
    inner = tag[2:-2].strip().removeprefix("-").removeprefix("+").removesuffix("-").removesuffix("+").strip()
    return f"{tag[:2]} {inner} {tag[-2:]}"


def settled(text: str) -> str:
    """A text after rendering, each run of breaks that may be one made one."""
    if "\f" not in text and "\v" not in text:
        return text
    return "\n\n".join(_lines(said) for piece in text.split("\f") if (said := piece.strip(" \n\v")))


def _lines(paragraph: str) -> str:
    if "\v" not in paragraph:
        return paragraph
    return "\n".join(_indented(said) for piece in paragraph.split("\v") if (said := piece.rstrip(" \n").lstrip("\n")))


def _indented(line: str) -> str:
    """One space at the beginning was between words; two are the indent of a list in a list."""
    return line[1:] if line.startswith(" ") and not line.startswith("  ") else line


class _Outline(TextWriter):
    """A writer to whom a tag is no word: it stands where it stood, and the breaks around it are soft."""

    def __init__(self, tags: list[str]) -> None:
        super().__init__()
        self._tags = tags
        self._marked = False
        self._fresh = True
        self._loops = 0

    def say(self, written: str) -> None:
        """Text, and the marks in it."""
        if _CONTROL not in written:
            super().say(written)
            return
        for place, piece in enumerate(_MARK.split(written)):
            if place % 2:
                self._place(piece)
            elif piece:
                super().say(piece)

    def hush(self, written: str) -> None:
        """Nothing is said, but what begins here must end."""
        if _CONTROL in written:
            for mark in _MARK.findall(written):
                self._place(mark)

    def text(self) -> str:
        """Everything told."""
        self._point()
        self._owed, self._marked = 0, False
        return super().text()

    def _place(self, mark: str) -> None:
        tag = self._tags[int(mark[1:-1])]
        self._loops += (_FOR.match(tag) is not None) - (_ENDFOR.match(tag) is not None)
        if self._owed:
            self._soften()
        self._line.append(mark)
        self._marked, self._spaced = True, False

    def _soften(self) -> None:
        if self._line or self._lines:
            self._line.append(_SOFT[self._owed])
        self._owed, self._spaced, self._fresh = 0, True, True

    def _flush(self) -> None:
        if self._marked and self._owed:
            self._soften()
        else:
            super()._flush()
            self._fresh = True

    def _put(self, words: str) -> None:
        super()._put(words)
        if words.strip():
            self._marked = self._fresh = False

    def _begins(self) -> bool:
        return self._fresh

    def _cell(self) -> None:
        if not self._fresh:
            super()._cell()

    def _bullet(self) -> str:
        if self._loops and self._lists:
            return "  " * min(8, len(self._lists) - 1) + "- "
        return super()._bullet()
