"""What JSON the HTTP door reads and writes about templates, and about what they share.

Variables are declared as in ``template.toml``; ``variables`` of a preview are those of a send. ``null`` counts as absent.
"""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct, field

from posthouse.doors.api.settings.wire import Author
from posthouse.doors.api.shared.fields import Line, Locale, TemplateName, TypeName
from posthouse.model.template import DEFAULT_LOCALE, MOST_VARIABLES, TemplateDraft, TemplateSource, Variable, VariableType
from posthouse.model.views.templates import VariableBody
from posthouse.templates.draft import MOST_LOCALES, source_of

PAGE_LENGTH: Final = 256 * 1024

Page = Annotated[str, Meta(max_length=PAGE_LENGTH)]


class SourceBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The words in one language: ``html`` or ``mjml``; without ``text`` it is made from them."""

    subject: Page
    html: Page | None = None
    mjml: Page | None = None
    text: Page | None = None


class VersionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A version of a template: its words in its own ``locale``, and in further ones."""

    subject: Page
    type: TypeName | None = None
    sender: Author | None = field(default=None, name="from")
    html: Page | None = None
    mjml: Page | None = None
    text: Page | None = None
    variables: Annotated[list[VariableBody], Meta(max_length=MOST_VARIABLES)] | None = None
    locale: Annotated[Locale, Meta(description="The language of subject, html and text; serves readers of any other.")] | None = (
        None
    )
    locales: Annotated[dict[Locale, SourceBody], Meta(max_length=MOST_LOCALES)] | None = None
    waivers: (
        Annotated[dict[Line, Line], Meta(description="Lint rules to overlook, with the reason why.", max_length=100)] | None
    ) = None
    name: Annotated[TemplateName, Meta(description="That of the path, if given.")] | None = None
    template: Annotated[TemplateName, Meta(description="Another name for name.")] | None = None


class TemplateBody(VersionBody, frozen=True, forbid_unknown_fields=True):
    """A new template and its version 1; ``name`` (or ``template``) is needed."""


class RenderBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What to preview; variables that are left out take their examples. Without a version: the active one, else the newest."""

    variables: dict[str, Any] | None = None
    locale: Locale | None = None
    version: Annotated[int, Meta(ge=1, le=2147483647)] | None = None


class PartBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A layout or partial."""

    source: Page


def draft_of(asked: VersionBody, name: str) -> TemplateDraft:
    """What the author wrote. A locale given twice counts as it stands in ``locales``."""
    fallback = asked.locale or DEFAULT_LOCALE
    own = source_of(subject=asked.subject, html=asked.html or "", mjml=asked.mjml or "", text=asked.text or "")
    others = {tag: _source(body) for tag, body in (asked.locales or {}).items()}
    return TemplateDraft(
        name=name,
        type=asked.type,
        variables=tuple(variable_of(each) for each in asked.variables or ()),
        sources={fallback: own} | others,
        fallback=fallback,
        waivers=asked.waivers or {},
        sender=(asked.sender or "").strip(),
    )


def variable_of(body: VariableBody) -> Variable:
    """The variable that is declared."""
    return Variable(
        name=body.name or "",
        type=VariableType(body.type),
        required=bool(body.required),
        default=body.default,
        also=tuple(body.also or ()),
        description=body.description or "",
        example=body.example,
        items=None if body.items is None else variable_of(body.items),
        properties=tuple(variable_of(inner) for inner in body.properties or ()),
    )


def _source(body: SourceBody) -> TemplateSource:
    return source_of(subject=body.subject, html=body.html or "", mjml=body.mjml or "", text=body.text or "")
