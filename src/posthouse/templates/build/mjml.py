"""MJML compiled and styles put on the elements, with the template's tags untouched (C1).

Both tools read and write whole documents, so the tags of the template stand ``aside`` meanwhile.

Nothing is fetched: no style sheet, no include, no font. A style sheet that only holds media queries, ``:root`` and other at-rules stays
as it is, and then the HTML is not touched at all. Where rules are put on elements the ``<style>`` stays too, for dark mode and hover.
In MJML only ``<mj-style inline="inline">`` is put on elements, as its language says.

Known sharp edges: both tools recurse over what is nested and would end the process some thousand elements deep, and an HTML
parser can be made to copy formatting elements in square; so elements are counted before. What strangers wrote belongs into a
confined child all the same.
"""

import re
from collections import Counter
from typing import Final

import css_inline
import mrml

from posthouse.mail.html import VOID, tags
from posthouse.templates.build.placeholders import MaskedTemplate, TemplateBuildError, mask_tags

MOST_ELEMENTS: Final = 5_000
MOST_DEEP: Final = 100
_LETTER: Final = re.compile(r"<[a-zA-Z]")
_FOREIGN: Final = re.compile(r"<\?|<!(?!--|\[endif\])|<mj-include\b|<xi:", re.IGNORECASE)
_POSITION: Final = re.compile(r" at position (\d+):\d+")
_UNSAID: Final = re.compile(r" in root template| at position \d+:\d+")
_PAIRS: Final = "in MJML every element is opened and closed as a pair, also within mj-text"
_STRAY: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(mj-style|style|script)\b.*?(?:</\1|\Z)|<(?![a-zA-Z/!?])", re.IGNORECASE | re.DOTALL
)
_UNREADABLE: Final = (
    (
        re.compile(r"\A[^>](?:[^\"'>]|\"[^\"]*+\"|'[^']*+')*?=\s*+[^\"'\s>]"),
        "the value of an attribute needs quotes around it in MJML",
    ),
    (
        re.compile(r"\A[^>](?:[^\"'>]|\"[^\"]*+\"|'[^']*+')*?(?:\"[^\"]*+\"|'[^']*+')[a-zA-Z]"),
        "there is no blank between two attributes",
    ),
    (re.compile(r"[^>]\Z"), "a tag has no end"),
)
_STYLE: Final = re.compile(r"<style\b[^>]*>(.*?)(?:</style|\Z)", re.IGNORECASE | re.DOTALL)
_CSS_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CSS_BRACE: Final = re.compile(r"[{};]")
_UNKNOWN: Final = re.compile(r"<mj-[a-z-]++", re.IGNORECASE)
_TBODY: Final = re.compile(r"</?tbody>", re.IGNORECASE)
_OPTIONAL: Final = frozenset(
    {
        "html", "head", "body", "p", "li", "dt", "dd", "option", "optgroup", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup",
        "caption", *VOID,
    }
)  # fmt: skip
_STAYS: Final = frozenset({":root", "html"})


def compiled(mjml: str) -> str:
    """The HTML of an MJML page. Errors: Unmade, places.Misplaced, dialect.Unspeakable."""
    aside = mask_tags(mjml)
    foreign = _FOREIGN.search(aside.page)
    if foreign is not None:
        raise TemplateBuildError(
            aside.line(foreign.start()),
            f"'{foreign.group()}' has no place in MJML here; use {{% include %}} for what pages share",
        )
    _bounded(aside)
    page = _STRAY.sub(lambda found: "&lt;" if found.group() == "<" else found.group(), aside.page)
    try:
        made = mrml.to_html(
            page,
            parser_options=mrml.ParserOptions(include_loader=mrml.noop_loader()),
            render_options=mrml.RenderOptions(fonts={}),
        )
    except OSError as fault:
        raise _misread(aside, page, str(fault)) from fault
    unknown = _UNKNOWN.search(made.content)
    if unknown is not None:
        raise TemplateBuildError(
            aside.line(max(0, aside.page.find(unknown.group()))), f"there is no '{unknown.group()}>' in MJML, or not here"
        )
    return aside.restored(made.content, copies=True)


def _misread(aside: MaskedTemplate, page: str, told: str) -> TemplateBuildError:
    """What the compiler stumbled over, where it stands: it seldom says so itself, or only where it gave up."""
    opened: list[re.Match[str]] = []
    for token in tags(aside.page):
        name = (token["name"] or "").lower()
        if not name:
            continue
        fault = next((said for pattern, said in _UNREADABLE if pattern.search(token.group())), "")
        if fault:
            return TemplateBuildError(aside.line(token.start()), fault)
        if not token["end"]:
            opened += [token] if name not in VOID and not token.group().endswith("/>") else []
        elif all(each["name"].lower() != name for each in opened[-MOST_DEEP:]):
            return TemplateBuildError(aside.line(token.start()), f"'</{name}>' ends what is not open")
        elif (open_ := opened.pop())["name"].lower() != name:
            return TemplateBuildError(
                aside.line(open_.start()), f"'<{open_['name']}>' is not closed before '</{name}>'; {_PAIRS}"
            )
    if opened:
        return TemplateBuildError(aside.line(opened[-1].start()), f"'<{opened[-1]['name']}>' has no end; {_PAIRS}")
    position = _POSITION.search(told)
    before = page.encode()[: int(position[1])].decode(errors="ignore").replace("&lt;", "<") if position is not None else ""
    return TemplateBuildError(aside.line(len(before)) if position is not None else 0, _UNSAID.sub("", told))


def inlined(html: str) -> str:
    """The HTML with its rules on the elements. Errors: Unmade, places.Misplaced, dialect.Unspeakable."""
    if not _has_rules(html):
        return html
    if len(_LETTER.findall(html)) > MOST_ELEMENTS:
        raise TemplateBuildError(0, f"styles are put on at most {MOST_ELEMENTS} elements")
    aside = mask_tags(html)
    try:
        made = css_inline.inline(
            aside.page, keep_style_tags=True, keep_link_tags=True, keep_at_rules=True, load_remote_stylesheets=False
        )
    except (css_inline.InlineError, ValueError) as fault:
        raise TemplateBuildError(0, f"the styles are not understood: {fault}") from fault
    if not _TBODY.search(aside.page):
        made = _TBODY.sub("", made)  # the parser's own, which would stand half inside a loop over rows
    before, after = _counted(aside.page), _counted(made)
    moved = sorted(name for name in before | after if before[name] != after[name])
    if moved:
        raise TemplateBuildError(
            0,
            f"styles cannot be put on the elements: <{moved[0].lstrip('/')}> is not opened and closed as a pair, in every branch",
        )
    return aside.restored(made, copies=False)


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


def _bounded(aside: MaskedTemplate) -> None:
    """Errors: Unmade, where elements are nested too deep for a tool that recurses."""
    deep = 0
    for token in tags(aside.page):
        name = (token["name"] or "").lower()
        if not name or name in VOID or token.group().rstrip(">").endswith("/"):
            continue
        deep = max(0, deep - 1) if token["end"] else deep + 1
        if deep > MOST_DEEP:
            raise TemplateBuildError(aside.line(token.start()), f"elements are more than {MOST_DEEP} deep")
