"""MJML compiled and styles put on the elements, with the template's tags untouched (C1).

Both tools read and write whole documents, so each tag of the template stands aside meanwhile: a word takes its place, or a comment
where a word would be moved (a ``{% for %}`` between table rows). Afterwards every stand-in must be there once, in its order: what a tool
would have moved or lost is told as a fault, never sent.

Nothing is fetched: no style sheet, no include, no font. A style sheet that only holds media queries, ``:root`` and other at-rules stays
as it is, and then the HTML is not touched at all. Where rules are put on elements the ``<style>`` stays too, for dark mode and hover.
In MJML only ``<mj-style inline="inline">`` is put on elements, as its language says.

Known sharp edges: both tools recurse over what is nested and would end the process some thousand elements deep, and an HTML
parser can be made to copy formatting elements in square; so elements are counted before. What strangers wrote belongs into a
confined child all the same.
"""

import re
from collections import Counter
from itertools import islice
from typing import Final

import css_inline
import mrml
import msgspec

from posthouse.compose.places import Place, places
from posthouse.compose.plain import VOID, tags
from posthouse.compose.where import Where

MOST_ELEMENTS: Final = 5_000
MOST_DEEP: Final = 100
_STEM: Final = "zq"
_LETTER: Final = re.compile(r"<[a-zA-Z]")
_FOREIGN: Final = re.compile(r"<\?|<!(?!--|\[endif\])|<mj-include\b|<xi:", re.IGNORECASE)
_POSITION: Final = re.compile(r" at position (\d+):\d+")
_STYLE: Final = re.compile(r"<style\b[^>]*>(.*?)(?:</style|\Z)", re.IGNORECASE | re.DOTALL)
_CSS_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_BRACE: Final = re.compile(r"[{};]")
_BRACE: Final = re.compile(r"\{(?=[{%])")
_HASH: Final = re.compile(r"\{(?=#)")
_UNKNOWN: Final = re.compile(r"<mj-[a-z-]++", re.IGNORECASE)
_TBODY: Final = re.compile(r"</?tbody>", re.IGNORECASE)
_OPTIONAL: Final = frozenset(
    {
        "html", "head", "body", "p", "li", "dt", "dd", "option", "optgroup", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup",
        "caption", *VOID,
    }
)  # fmt: skip
_STAYS: Final = frozenset({":root", "html"})


class Unmade(Exception):
    """What a tool could not do; one sentence. ``line``: of the page, 0 where it is not known."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


class _Aside(msgspec.Struct, frozen=True):
    """A page whose tags stand aside."""

    page: str
    written: tuple[str, ...]
    control: tuple[bool, ...]
    stand_in: re.Pattern[str]

    def back(self, found: re.Match[str]) -> str:
        """The tag whose place was taken."""
        return self.written[int(found[1] or found[2] or found[3])]


def compiled(mjml: str) -> str:
    """The HTML of an MJML page. Errors: Unmade, places.Misplaced, dialect.Unspeakable."""
    aside = _aside(mjml)
    foreign = _FOREIGN.search(aside.page)
    if foreign is not None:
        raise Unmade(
            _line(aside, foreign.start()),
            f"'{foreign.group()}' has no place in MJML here; use {{% include %}} for what pages share",
        )
    _bounded(aside)
    try:
        made = mrml.to_html(
            aside.page,
            parser_options=mrml.ParserOptions(include_loader=mrml.noop_loader()),
            render_options=mrml.RenderOptions(fonts={}),
        )
    except OSError as fault:
        position = _POSITION.search(str(fault))
        raise Unmade(
            _line(aside, int(position[1])) if position else 0, _POSITION.sub("", str(fault)).removesuffix(" in root template")
        ) from fault
    unknown = _UNKNOWN.search(made.content)
    if unknown is not None:
        raise Unmade(
            _line(aside, max(0, aside.page.find(unknown.group()))), f"there is no '{unknown.group()}>' in MJML, or not here"
        )
    return _restored(made.content, aside, copies=True)


def inlined(html: str) -> str:
    """The HTML with its rules on the elements. Errors: Unmade, places.Misplaced, dialect.Unspeakable."""
    if not _has_rules(html):
        return html
    if len(_LETTER.findall(html)) > MOST_ELEMENTS:
        raise Unmade(0, f"styles are put on at most {MOST_ELEMENTS} elements")
    aside = _aside(html)
    try:
        made = css_inline.inline(
            aside.page, keep_style_tags=True, keep_link_tags=True, keep_at_rules=True, load_remote_stylesheets=False
        )
    except (css_inline.InlineError, ValueError) as fault:
        raise Unmade(0, f"the styles are not understood: {fault}") from fault
    if not _TBODY.search(aside.page):
        made = _TBODY.sub("", made)  # the parser's own, which would stand half inside a loop over rows
    before, after = _counted(aside.page), _counted(made)
    moved = sorted(name for name in before | after if before[name] != after[name])
    if moved:
        raise Unmade(
            0,
            f"styles cannot be put on the elements: <{moved[0].lstrip('/')}> is not opened and closed as a pair, in every branch",
        )
    return _restored(made, aside, copies=False)


def _counted(html: str) -> Counter[str]:
    """How often each element begins and ends, but for those that HTML begins and ends by itself (HTML 13.1.2.4)."""
    names = Counter(("/" if token["end"] else "") + token["name"].lower() for token in tags(html) if token["name"])
    return Counter({name: count for name, count in names.items() if name.lstrip("/") not in _OPTIONAL})


def _has_rules(html: str) -> bool:
    """Whether a style sheet has rules for elements outside media queries and other at-rules."""
    return any(_rules(sheet) for sheet in _STYLE.findall(html))


def _rules(sheet: str) -> bool:
    depth, began = 0, 0
    sheet = _CSS_COMMENT.sub("", sheet)
    for mark in _CSS_BRACE.finditer(sheet):
        if mark.group() == "{":
            said = sheet[began : mark.start()].strip()
            if depth == 0 and not said.startswith("@") and said.lower() not in _STAYS:
                return True
            depth += 1
        elif mark.group() == "}":
            depth = max(0, depth - 1)
        if depth == 0:
            began = mark.end()
    return False


def _aside(page: str) -> _Aside:
    stem = _STEM
    while stem in page:
        stem += "q"
    said: list[str] = []
    written: list[str] = []
    control: list[bool] = []
    read = 0
    for place in places(page):
        word = f"{stem}{len(written)}x"
        said += (page[read : place.start], _word(word, place))
        written.append(page[place.start : place.end])
        control.append(place.tag.opening == "{%")
        read = place.end
    said.append(page[read:])
    pattern = rf"<!--{stem}([0-9]+)x-->|/\*{stem}([0-9]+)x\*/|{stem}([0-9]+)x(?:=\"\")?"
    return _Aside("".join(said), tuple(written), tuple(control), re.compile(pattern))


def _word(word: str, place: Place) -> str:
    if place.tag.opening == "{%" and place.state.where is Where.TEXT:
        return f"<!--{word}-->"
    if place.tag.opening == "{%" and place.state.element == "style" and place.state.where is Where.RAW:
        return f"/*{word}*/"
    return word


def _restored(made: str, aside: _Aside, *, copies: bool) -> str:
    """The page with its tags again; ``copies``: whether a value may stand in several places, as MJML does it."""
    made = _HASH.sub("{ ", _BRACE.sub("&#123;", made))
    order = [int(a or b or c) for a, b, c in aside.stand_in.findall(made)]
    if copies:
        order = [number for number in order if aside.control[number]]
    expected = [number for number in range(len(aside.written)) if aside.control[number] or not copies]
    if order != expected:
        number = next((mine for mine, its in zip(expected, [*order, -1], strict=False) if mine != its), len(aside.written) - 1)
        said = aside.written[number][:60]
        raise Unmade(
            _line(aside, _start(aside, number)),
            f"'{said}' cannot stay where it is: between rows and cells, and among attributes, tags may only go around whole ones",
        )
    return aside.stand_in.sub(aside.back, made)


def _start(aside: _Aside, number: int) -> int:
    found = next(islice(aside.stand_in.finditer(aside.page), number, None), None)
    return found.start() if found is not None else 0


def _line(aside: _Aside, place: int) -> int:
    """The line of the page as it was."""
    return aside.stand_in.sub(aside.back, aside.page[:place]).count("\n") + 1


def _bounded(aside: _Aside) -> None:
    """Errors: Unmade, where elements are nested too deep for a tool that recurses."""
    deep = 0
    for token in tags(aside.page):
        name = (token["name"] or "").lower()
        if not name or name in VOID or token.group().rstrip(">").endswith("/"):
            continue
        deep = max(0, deep - 1) if token["end"] else deep + 1
        if deep > MOST_DEEP:
            raise Unmade(_line(aside, token.start()), f"elements are more than {MOST_DEEP} deep")
