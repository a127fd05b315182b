"""What JSON the HTTP door reads and writes about templates, and about what they share.

Variables are declared as in ``template.toml``; ``variables`` of a preview are those of a send. ``null`` counts as absent.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from posthouse.doors.api.settings.wire import Author
from posthouse.doors.api.shared.fields import Line, Locale, TemplateName, TypeName
from posthouse.model.template import DEFAULT_LOCALE, TemplateDraft, TemplateSource, Variable, VariableType
from posthouse.templates.draft import MOST_LOCALES, MOST_VARIABLES, source_of
from posthouse.templates.lint import LintFinding

PAGE_LENGTH: Final = 256 * 1024
BODY_BYTES: Final = 8 << 20
_END: Final = r"$(?!\n)"

Page = Annotated[str, Meta(max_length=PAGE_LENGTH)]
VariableName = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*" + _END,
        extra={"says": "letters, digits and _"},
        examples=["orderNumber"],
    ),
]
Type = Literal["string", "number", "boolean", "date", "datetime", "money", "url", "email", "array", "object"]


class VariableBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """A typed variable. ``items``: what each item of an array is, without a name; ``properties``: what an object holds."""

    type: Type
    name: VariableName | None = None
    required: bool | None = None
    default: Any = None
    also: Annotated[list[VariableName], Meta(max_length=10)] | None = None
    description: Annotated[str, Meta(max_length=2048)] | None = None
    example: Any = None
    items: "VariableBody | None" = None
    properties: Annotated[list["VariableBody"], Meta(max_length=MOST_VARIABLES)] | None = None


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


class TemplateItem(Struct, frozen=True, kw_only=True, rename="camel"):
    """A template in a list. ``source``: own, or ready_made; ``activeVersion`` null: no message can be made from it."""

    name: str
    source: Literal["own", "ready_made"]
    type: str | None
    active_version: int | None
    latest_version: int
    created_at: datetime | None


class TemplatePage(Struct, frozen=True, rename="camel"):
    """A page of templates: the tenant's own, newest first, then the ready-made ones that none of them stands for."""

    data: list[TemplateItem]
    next_cursor: str | None


class VersionItem(Struct, frozen=True, kw_only=True, rename="camel"):
    """A version in a list."""

    version: int
    state: str
    type: str | None
    sender: str = field(name="from")
    author: str
    created_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    activated_at: datetime | None


class TemplateDetail(TemplateItem, frozen=True, kw_only=True, rename="camel"):
    """A template with its newest 200 versions, newest first."""

    versions: list[VersionItem]


class SourceView(Struct, frozen=True):
    """What was written; '' where nothing was."""

    subject: str
    html: str
    mjml: str
    text: str


class VersionView(VersionItem, frozen=True, kw_only=True, rename="camel"):
    """A version with its words as they were written, and what lint says. ``notes``: why it is not active."""

    name: str
    source: Literal["own", "ready_made"]
    locale: str
    locales: dict[str, SourceView]
    variables: list[VariableBody]
    waivers: dict[str, str]
    findings: list[LintFinding]
    notes: list[str]
    replaced: int | None


class PreviewView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A preview. ``raw``: the whole mail as it could be on the wire; ``variables``: what it was made from."""

    name: str
    version: int
    locale: str
    subject: str
    html: str | None
    text: str
    raw: str
    variables: dict[str, Any]


class LintView(Struct, frozen=True, rename="camel"):
    """What lint says. ``blocked``: an error is among it, so the version cannot become active."""

    name: str
    version: int
    blocked: bool
    findings: list[LintFinding]


class PartView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A layout or partial as it is now."""

    name: str
    version: int
    source: str
    author: str
    created_at: datetime


class PartPage(Struct, frozen=True, rename="camel"):
    """All of them, by name."""

    data: list[PartView]
    next_cursor: str | None


class RerenderView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A record's mail rendered again. ``same``: it says today what it said when it was accepted."""

    same: bool
    template: str
    version: int
    locale: str
    digest: str
    accepted_digest: str
    subject: str
    html: str | None
    text: str


def draft_of(asked: VersionBody, name: str) -> TemplateDraft:
    """What the author wrote. A locale given twice counts as it stands in ``locales``."""
    fallback = asked.locale or DEFAULT_LOCALE
    own = source_of(subject=asked.subject, html=asked.html or "", mjml=asked.mjml or "", text=asked.text or "")
    others = {tag: _source(body) for tag, body in (asked.locales or {}).items()}
    return TemplateDraft(
        name=name, type=asked.type, variables=tuple(variable_of(each) for each in asked.variables or ()), sources={fallback: own} | others,
        fallback=fallback, waivers=asked.waivers or {}, sender=(asked.sender or "").strip(),
    )  # fmt: skip


def variable_of(body: VariableBody) -> Variable:
    """The variable that is declared."""
    return Variable(
        name=body.name or "", type=VariableType(body.type), required=bool(body.required), default=body.default, also=tuple(body.also or ()),
        description=body.description or "", example=body.example, items=None if body.items is None else variable_of(body.items),
        properties=tuple(variable_of(inner) for inner in body.properties or ()),
    )  # fmt: skip


def _source(body: SourceBody) -> TemplateSource:
    return source_of(subject=body.subject, html=body.html or "", mjml=body.mjml or "", text=body.text or "")
