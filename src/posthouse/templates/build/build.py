"""From what an author wrote to what is stored, once, when it is saved: resolved, compiled, styled, and with a text part (C1, C3,
C6).

Layouts and partials are put in (``includes``), every part is checked and compiled as it will be when it is sent, MJML becomes
HTML and styles go to the elements (``mjml``), and the text is made from the HTML where there is none (``outline``). All faults of
all parts come at once, with the part and line as the author knows them. The same source and library always give the same
template.

Known sharp edges: takes some milliseconds, and its tools are native code that a hostile page could exhaust: what a tenant
wrote is built in a confined child. A fault that only shows after MJML was compiled has line 0.
"""

import re
from collections.abc import Mapping
from typing import Final

from posthouse.model.template import DEFAULT_LOCALE, CompiledTemplate, TemplateSource
from posthouse.templates.build import mjml, outline
from posthouse.templates.build.placeholders import TemplateBuildError
from posthouse.templates.language import grammar
from posthouse.templates.language.contexts import UnsafeContext, contexts
from posthouse.templates.language.engine import CompiledPage, TemplateFault
from posthouse.templates.language.includes import ResolvedPage, resolve
from posthouse.templates.language.source import IncludeError, SourceFault

__all__ = ("MOST_SUBJECT", "SourceFault", "build")
MOST_SUBJECT: Final = 2_000
_LINE_PREFIX: Final = re.compile(r"(?:[a-z]+: )?(?:line (\d+): )?(.*)", re.DOTALL)


def build(
    source: TemplateSource, library: Mapping[str, str], locale: str = DEFAULT_LOCALE
) -> CompiledTemplate | tuple[SourceFault, ...]:
    """The compiled template of a source, or all that is wrong with it.

    ``library``: the layouts and partials that may be named; ``locale``: for the filters that speak a language.
    """
    faults = list(_shape_faults(source))
    pages: dict[str, ResolvedPage] = {}
    for part in ("subject", "html", "mjml", "text"):
        source_text = getattr(source, part)
        if not source_text:
            continue
        try:
            pages[part] = resolve(part, source_text, library)
        except IncludeError as fault:
            faults.append(fault.fault)
        else:
            faults += _compile_faults(part, pages[part], locale)
    if faults:
        return tuple(faults)
    try:
        template = _compile(pages)
    except (TemplateBuildError, UnsafeContext, grammar.TemplateSyntaxError) as fault:
        return (_fault_at("mjml" if source.mjml else "html", str(fault), pages, getattr(fault, "line", None)),)
    return _output_faults(template, locale) or template


def _shape_faults(source: TemplateSource) -> list[SourceFault]:
    faults = []
    if not source.subject.strip():
        faults.append(SourceFault("subject", 1, "there is no subject"))
    elif len(source.subject) > MOST_SUBJECT:
        faults.append(SourceFault("subject", 1, f"it has more than {MOST_SUBJECT} characters"))
    if source.html and source.mjml:
        faults.append(SourceFault("mjml", 1, "write HTML or MJML, not both"))
    if not (source.html.strip() or source.mjml.strip() or source.text.strip()):
        faults.append(SourceFault("html", 1, "there is neither HTML nor MJML nor text"))
    return faults


def _compile_faults(part: str, page: ResolvedPage, locale: str) -> list[SourceFault]:
    """The faults of a part as it was written; of MJML only those of its tags."""
    try:
        CompiledPage(part if part != "mjml" else "text", page.text, locale)
        if part == "mjml":
            for _ in contexts(page.text):
                pass
    except (TemplateFault, UnsafeContext) as fault:
        return [_fault_at(part, str(fault), {part: page})]
    return []


def _compile(pages: Mapping[str, ResolvedPage]) -> CompiledTemplate:
    html = ""
    if "mjml" in pages:
        html = mjml.compile_mjml(pages["mjml"].text)
    elif "html" in pages:
        html = mjml.inline_styles(pages["html"].text)
    text = pages["text"].text if "text" in pages else outline.outline(html)
    return CompiledTemplate(subject=pages["subject"].text.strip(), html=html, text=text)


def _output_faults(template: CompiledTemplate, locale: str) -> tuple[SourceFault, ...]:
    """Faults that only the compiled template shows."""
    faults = []
    for part in ("html", "text"):
        try:
            CompiledPage(part, getattr(template, part), locale)
        except TemplateFault as fault:
            faults.append(SourceFault(part, 0, f"as it was made: {_split_line(str(fault))[1]}"))
    return tuple(faults)


def _fault_at(part: str, message: str, pages: Mapping[str, ResolvedPage], line: int | None = None) -> SourceFault:
    """A fault at the place in the author's own file."""
    read, text = _split_line(message)
    number = read if line is None else line
    if number <= 0:
        return SourceFault(part, 0, text)
    origin, origin_line = pages[part].origin(number)
    return SourceFault(origin, origin_line, text)


def _split_line(message: str) -> tuple[int, str]:
    faults = _LINE_PREFIX.fullmatch(message)
    return (int(faults[1] or 0), faults[2]) if faults is not None else (0, message)
