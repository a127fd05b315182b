"""What an author wrote becomes what is stored, once, when it is saved: linked, compiled, styled, and with a text part (C1, C3, C6).

Layouts and partials are put in (``link``), every part is read and compiled as it will be when it is sent, MJML becomes HTML and styles
go to the elements (``markup``), and the text is made from the HTML where there is none (``outline``). All faults of all parts come at
once, with the part and line as the author knows them. The same source and library always give the same wording.

Known sharp edges: takes some milliseconds, and its tools are native code that strangers' pages could exhaust: what a tenant
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
_TOLD: Final = re.compile(r"(?:[a-z]+: )?(?:line (\d+): )?(.*)", re.DOTALL)


def build(
    source: TemplateSource, library: Mapping[str, str], locale: str = DEFAULT_LOCALE
) -> CompiledTemplate | tuple[SourceFault, ...]:
    """The wording of a source, or all that is wrong with it.

    ``library``: the layouts and partials that may be named; ``locale``: for the filters that speak a language.
    """
    faults = list(_shape(source))
    pages: dict[str, ResolvedPage] = {}
    for part in ("subject", "html", "mjml", "text"):
        written = getattr(source, part)
        if not written:
            continue
        try:
            pages[part] = resolve(part, written, library)
        except IncludeError as fault:
            faults.append(fault.fault)
        else:
            faults += _spoken(part, pages[part], locale)
    if faults:
        return tuple(faults)
    try:
        wording = _wording(pages)
    except (TemplateBuildError, UnsafeContext, grammar.TemplateSyntaxError) as fault:
        return (_told("mjml" if source.mjml else "html", str(fault), pages, getattr(fault, "line", None)),)
    return _sound(wording, locale) or wording


def _shape(source: TemplateSource) -> list[SourceFault]:
    found = []
    if not source.subject.strip():
        found.append(SourceFault("subject", 1, "there is no subject"))
    elif len(source.subject) > MOST_SUBJECT:
        found.append(SourceFault("subject", 1, f"it has more than {MOST_SUBJECT} characters"))
    if source.html and source.mjml:
        found.append(SourceFault("mjml", 1, "write HTML or MJML, not both"))
    if not (source.html.strip() or source.mjml.strip() or source.text.strip()):
        found.append(SourceFault("html", 1, "there is neither HTML nor MJML nor text"))
    return found


def _spoken(part: str, page: ResolvedPage, locale: str) -> list[SourceFault]:
    """What the engine says to a part as it was written; of MJML only whether it can be read."""
    try:
        CompiledPage(part if part != "mjml" else "text", page.text, locale)
        if part == "mjml":
            for _ in contexts(page.text):
                pass
    except (TemplateFault, UnsafeContext) as fault:
        return [_told(part, str(fault), {part: page})]
    return []


def _wording(pages: Mapping[str, ResolvedPage]) -> CompiledTemplate:
    html = ""
    if "mjml" in pages:
        html = mjml.compiled(pages["mjml"].text)
    elif "html" in pages:
        html = mjml.inlined(pages["html"].text)
    text = pages["text"].text if "text" in pages else outline.outline(html)
    return CompiledTemplate(subject=pages["subject"].text.strip(), html=html, text=text)


def _sound(wording: CompiledTemplate, locale: str) -> tuple[SourceFault, ...]:
    """Faults of what was made, which only making it can show."""
    found = []
    for part in ("html", "text"):
        try:
            CompiledPage(part, getattr(wording, part), locale)
        except TemplateFault as fault:
            found.append(SourceFault(part, 0, f"as it was made: {_said(str(fault))[1]}"))
    return tuple(found)


def _told(part: str, message: str, pages: Mapping[str, ResolvedPage], line: int | None = None) -> SourceFault:
    """A fault where its author finds it."""
    read, said = _said(message)
    number = read if line is None else line
    if number <= 0:
        return SourceFault(part, 0, said)
    origin, there = pages[part].origin(number)
    return SourceFault(origin, there, said)


def _said(message: str) -> tuple[int, str]:
    found = _TOLD.fullmatch(message)
    return (int(found[1] or 0), found[2]) if found is not None else (0, message)
