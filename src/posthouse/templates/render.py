"""A template version and variables give subject, HTML and text, or everything that is wrong with the variables (C1, C2).

Accepted means renderable: this is called at intake, and its result is what will be sent. The subject is one line whatever stood
in the variables: runs of white space and line breaks become one space, control characters go (RFC 5322 2.2: a header field must
not be broken by what is put into it). Where a template has no text part it is made from the HTML.

Must never know: where templates are kept, which version is active, who the reader is.
"""

from collections.abc import Mapping
from typing import Any

from posthouse.model.send_request import FieldError
from posthouse.model.template import RenderedTemplate, TemplateVersion
from posthouse.templates.build.outline import resolve_soft_breaks
from posthouse.templates.html.text import text_of
from posthouse.templates.language.engine import CompiledParts, TemplateFault, compile_template
from posthouse.templates.variables import bind


def render(
    version: TemplateVersion, variables: Mapping[str, Any], locale: str | None
) -> RenderedTemplate | tuple[FieldError, ...]:
    """The three parts for a reader of ``locale``, or what is wrong, each with its path (``variables.total: required``)."""
    context = bind(version.variables, variables)
    if isinstance(context, tuple):
        return context
    tag, template = version.template_for(locale)
    try:
        return _render_parts(compile_template(template, tag), context, tag)
    except TemplateFault as fault:
        if fault.missing is not None:
            return (FieldError(f"variables.{fault.missing}", f"required ({fault.message})"),)
        return (FieldError("template", fault.message),)


def _render_parts(page: CompiledParts, context: Mapping[str, Any], locale: str) -> RenderedTemplate:
    html = page.html.fill(context) if page.html is not None else None
    text = resolve_soft_breaks(page.text.fill(context)) if page.text is not None else text_of(html or "")
    return RenderedTemplate(subject=_one_line(page.subject.fill(context)), html=html, text=text, locale=locale)


def _one_line(subject: str) -> str:
    words = " ".join(subject.split())
    return words if words.isprintable() else "".join(character for character in words if character.isprintable())
