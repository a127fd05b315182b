"""Templates as the API and the command line show them."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from posthouse.model.lint_finding import LintFinding
from posthouse.model.template import MOST_VARIABLES

_END: Final = r"$(?!\n)"
VariableName = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*" + _END,
        extra={"form": "letters, digits and _"},
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
