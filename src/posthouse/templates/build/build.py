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

from posthouse.templates.language import grammar
from posthouse.templates.build import mjml, outline
from posthouse.templates.build.placeholders import Unmade
from posthouse.templates.language.engine import Page, TemplateFault
from posthouse.templates.language.includes import Linked, link
from posthouse.templates.language.contexts import Misplaced, places
from posthouse.templates.language.source import Fault, Unlinkable
from posthouse.model.template import DEFAULT_LOCALE, Source, Wording

__all__ = ("MOST_SUBJECT", "Fault", "build")
MOST_SUBJECT: Final = 2_000
_TOLD: Final = re.compile(r"(?:[a-z]+: )?(?:line (\d+): )?(.*)", re.DOTALL)


def build(source: Source, library: Mapping[str, str], locale: str = DEFAULT_LOCALE) -> Wording | tuple[Fault, ...]:
    """The wording of a source, or all that is wrong with it.

    ``library``: the layouts and partials that may be named; ``locale``: for the filters that speak a language.
    """
    faults = list(_shape(source))
    pages: dict[str, Linked] = {}
    for part in ("subject", "html", "mjml", "text"):
        written = getattr(source, part)
        if not written:
            continue
        try:
            pages[part] = link(part, written, library)
        except Unlinkable as fault:
            faults.append(fault.fault)
        else:
            faults += _spoken(part, pages[part], locale)
    if faults:
        return tuple(faults)
    try:
        wording = _wording(pages)
    except (Unmade, Misplaced, grammar.Unspeakable) as fault:
        return (_told("mjml" if source.mjml else "html", str(fault), pages, getattr(fault, "line", None)),)
    return _sound(wording, locale) or wording


def _shape(source: Source) -> list[Fault]:
    found = []
    if not source.subject.strip():
        found.append(Fault("subject", 1, "there is no subject"))
    elif len(source.subject) > MOST_SUBJECT:
        found.append(Fault("subject", 1, f"it has more than {MOST_SUBJECT} characters"))
    if source.html and source.mjml:
        found.append(Fault("mjml", 1, "write HTML or MJML, not both"))
    if not (source.html.strip() or source.mjml.strip() or source.text.strip()):
        found.append(Fault("html", 1, "there is neither HTML nor MJML nor text"))
    return found


def _spoken(part: str, page: Linked, locale: str) -> list[Fault]:
    """What the engine says to a part as it was written; of MJML only whether it can be read."""
    try:
        Page(part if part != "mjml" else "text", page.text, locale)
        if part == "mjml":
            for _ in places(page.text):
                pass
    except (TemplateFault, Misplaced) as fault:
        return [_told(part, str(fault), {part: page})]
    return []


def _wording(pages: Mapping[str, Linked]) -> Wording:
    html = ""
    if "mjml" in pages:
        html = mjml.compiled(pages["mjml"].text)
    elif "html" in pages:
        html = mjml.inlined(pages["html"].text)
    text = pages["text"].text if "text" in pages else outline.outline(html)
    return Wording(subject=pages["subject"].text.strip(), html=html, text=text)


def _sound(wording: Wording, locale: str) -> tuple[Fault, ...]:
    """Faults of what was made, which only making it can show."""
    found = []
    for part in ("html", "text"):
        try:
            Page(part, getattr(wording, part), locale)
        except TemplateFault as fault:
            found.append(Fault(part, 0, f"as it was made: {_said(str(fault))[1]}"))
    return tuple(found)


def _told(part: str, message: str, pages: Mapping[str, Linked], line: int | None = None) -> Fault:
    """A fault where its author finds it."""
    read, said = _said(message)
    number = read if line is None else line
    if number <= 0:
        return Fault(part, 0, said)
    origin, there = pages[part].origin(number)
    return Fault(origin, there, said)


def _said(message: str) -> tuple[int, str]:
    found = _TOLD.fullmatch(message)
    return (int(found[1] or 0), found[2]) if found is not None else (0, message)
