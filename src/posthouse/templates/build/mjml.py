"""MJML compiled and styles put on the elements, with the template's tags untouched (C1).

Both tools read and write whole documents, so the tags of the template are masked meanwhile (``placeholders``).

Nothing is fetched: no style sheet, no include, no font. A style sheet that only holds media queries, ``:root`` and other at-rules
stays as it is, and then the HTML is not touched at all. Where rules are put on elements the ``<style>`` stays too, for dark mode
and hover. In MJML only ``<mj-style inline="inline">`` is put on elements, as its language says.

Known sharp edges: both tools recurse over what is nested and would end the process some thousand elements deep, and an HTML
parser can be made to copy formatting elements quadratically; so elements are counted before. What a tenant wrote is compiled in a
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
_ERROR_POSITION: Final = re.compile(r" in root template| at position \d+:\d+")
_PAIRS: Final = "in MJML every element is opened and closed as a pair, also within mj-text"
_STRAY: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(mj-style|style|script)\b.*?(?:</\1|\Z)|<(?![a-zA-Z/!?])", re.IGNORECASE | re.DOTALL
)
_MISTAKES: Final = (
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
_KEPT_SELECTORS: Final = frozenset({":root", "html"})


def compile_mjml(mjml: str) -> str:
    """The HTML of an MJML page. Errors: TemplateBuildError, UnsafeContext, TemplateSyntaxError."""
    masked = mask_tags(mjml)
    foreign = _FOREIGN.search(masked.page)
    if foreign is not None:
        raise TemplateBuildError(
            masked.line(foreign.start()),
            f"'{foreign.group()}' has no place in MJML here; use {{% include %}} for what pages share",
        )
    _check_depth(masked)
    page = _STRAY.sub(lambda match: "&lt;" if match.group() == "<" else match.group(), masked.page)
    try:
        output = mrml.to_html(
            page,
            parser_options=mrml.ParserOptions(include_loader=mrml.noop_loader()),
            render_options=mrml.RenderOptions(fonts={}),
        )
    except OSError as fault:
        raise _locate_error(masked, page, str(fault)) from fault
    unknown = _UNKNOWN.search(output.content)
    if unknown is not None:
        raise TemplateBuildError(
            masked.line(max(0, masked.page.find(unknown.group()))), f"there is no '{unknown.group()}>' in MJML, or not here"
        )
    return masked.unmask(output.content, copies=True)


def _locate_error(masked: MaskedTemplate, page: str, message: str) -> TemplateBuildError:
    """The mistake behind an error of the compiler, and its line, because the compiler seldom says either."""
    open_tags: list[re.Match[str]] = []
    for tag in tags(masked.page):
        name = (tag["name"] or "").lower()
        if not name:
            continue
        fault = next((text for pattern, text in _MISTAKES if pattern.search(tag.group())), "")
        if fault:
            return TemplateBuildError(masked.line(tag.start()), fault)
        if not tag["end"]:
            open_tags += [tag] if name not in VOID and not tag.group().endswith("/>") else []
        elif all(each["name"].lower() != name for each in open_tags[-MOST_DEEP:]):
            return TemplateBuildError(masked.line(tag.start()), f"'</{name}>' ends what is not open")
        elif (last := open_tags.pop())["name"].lower() != name:
            return TemplateBuildError(masked.line(last.start()), f"'<{last['name']}>' is not closed before '</{name}>'; {_PAIRS}")
    if open_tags:
        return TemplateBuildError(masked.line(open_tags[-1].start()), f"'<{open_tags[-1]['name']}>' has no end; {_PAIRS}")
    position = _POSITION.search(message)
    before = page.encode()[: int(position[1])].decode(errors="ignore").replace("&lt;", "<") if position is not None else ""
    return TemplateBuildError(masked.line(len(before)) if position is not None else 0, _ERROR_POSITION.sub("", message))


def inline_styles(html: str) -> str:
    """The HTML with its rules on the elements. Errors: TemplateBuildError, UnsafeContext, TemplateSyntaxError."""
    if not _has_rules(html):
        return html
    if len(_LETTER.findall(html)) > MOST_ELEMENTS:
        raise TemplateBuildError(0, f"styles are put on at most {MOST_ELEMENTS} elements")
    masked = mask_tags(html)
    try:
        output = css_inline.inline(
            masked.page, keep_style_tags=True, keep_link_tags=True, keep_at_rules=True, load_remote_stylesheets=False
        )
    except (css_inline.InlineError, ValueError) as fault:
        raise TemplateBuildError(0, f"the styles are not understood: {fault}") from fault
    if not _TBODY.search(masked.page):
        output = _TBODY.sub("", output)  # the parser's own, which would stand half inside a loop over rows
    before, after = _count_tags(masked.page), _count_tags(output)
    moved = sorted(name for name in before | after if before[name] != after[name])
    if moved:
        raise TemplateBuildError(
            0,
            f"styles cannot be put on the elements: <{moved[0].lstrip('/')}> is not opened and closed as a pair, in every branch",
        )
    return masked.unmask(output, copies=False)


def _count_tags(html: str) -> Counter[str]:
    """How often each element begins and ends, but for those that HTML begins and ends by itself (HTML 13.1.2.4)."""
    names = Counter(("/" if tag["end"] else "") + tag["name"].lower() for tag in tags(html) if tag["name"])
    return Counter({name: count for name, count in names.items() if name.lstrip("/") not in _OPTIONAL})


def _has_rules(html: str) -> bool:
    """Whether a style sheet has rules for elements outside media queries and other at-rules."""
    return any(_has_element_rules(sheet) for sheet in _STYLE.findall(html))


def _has_element_rules(sheet: str) -> bool:
    depth, start = 0, 0
    sheet = _CSS_COMMENT.sub("", sheet)
    for mark in _CSS_BRACE.finditer(sheet):
        if mark.group() == "{":
            text = sheet[start : mark.start()].strip()
            if depth == 0 and not text.startswith("@") and text.lower() not in _KEPT_SELECTORS:
                return True
            depth += 1
        elif mark.group() == "}":
            depth = max(0, depth - 1)
        if depth == 0:
            start = mark.end()
    return False


def _check_depth(masked: MaskedTemplate) -> None:
    """Errors: TemplateBuildError, where elements are nested too deep for a tool that recurses."""
    depth = 0
    for tag in tags(masked.page):
        name = (tag["name"] or "").lower()
        if not name or name in VOID or tag.group().rstrip(">").endswith("/"):
            continue
        depth = max(0, depth - 1) if tag["end"] else depth + 1
        if depth > MOST_DEEP:
            raise TemplateBuildError(masked.line(tag.start()), f"elements are more than {MOST_DEEP} deep")
