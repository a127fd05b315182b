"""How the HTTP door shows templates: a tenant's own and ready-made ones in one form."""

from typing import Any, Final

from posthouse.admin.template_preview import TemplatePreview
from posthouse.admin.templates import SavedVersion
from posthouse.model.template import StoredVersion, TemplateSummary, TemplateVersion, Variable
from posthouse.model.views.templates import (
    PreviewView,
    SourceView,
    TemplateDetail,
    TemplateItem,
    VariableBody,
    VersionItem,
    VersionView,
)

AUTHOR: Final = "posthouse"
_ACTIVE: Final = "active"


def item(found: TemplateSummary) -> TemplateItem:
    """A template of the tenant's own."""
    return TemplateItem(
        name=found.name,
        source="own",
        type=found.type,
        active_version=found.active,
        latest_version=found.latest,
        created_at=found.created_at,
    )


def version_item(about: StoredVersion) -> VersionItem:
    """A version of the tenant's own."""
    return VersionItem(**_item(about))


def version_view(saved: SavedVersion) -> VersionView:
    """The same with its words."""
    about = saved.about
    sources = {locale: SourceView(each.subject, each.html, each.mjml, each.text) for locale, each in saved.worded.sources.items()}
    return VersionView(
        **_item(about), name=about.name, source="own", locale=about.fallback, locales=sources, variables=[variable(each) for each in about.variables],
        waivers=about.waivers, findings=list(saved.findings), notes=list(saved.notes), replaced=saved.replaced,
    )  # fmt: skip


def ready_item(ready: TemplateVersion) -> TemplateItem:
    """A ready-made template."""
    return TemplateItem(
        name=ready.name,
        source="ready_made",
        type=ready.type,
        active_version=ready.version,
        latest_version=ready.version,
        created_at=None,
    )


def ready_view(ready: TemplateVersion) -> TemplateDetail:
    """The same with its one version."""
    return TemplateDetail(
        name=ready.name, source="ready_made", type=ready.type, active_version=ready.version, latest_version=ready.version, created_at=None,
        versions=[VersionItem(**_ready(ready))],
    )  # fmt: skip


def ready_version(ready: TemplateVersion) -> VersionView:
    """The same with its words."""
    sources = {locale: SourceView(each.subject, each.html, "", each.text) for locale, each in ready.compiled_templates.items()}
    return VersionView(
        **_ready(ready), name=ready.name, source="ready_made", locale=ready.fallback, locales=sources,
        variables=[variable(each) for each in ready.variables], waivers={}, findings=[], notes=[], replaced=None,
    )  # fmt: skip


def preview_view(seen: TemplatePreview) -> PreviewView:
    """A preview."""
    made = seen.rendered
    return PreviewView(
        name=seen.version.name, version=seen.version.version, locale=made.locale, subject=made.subject, html=made.html, text=made.text,
        raw=seen.raw.decode("utf-8", "replace"), variables=seen.variables,
    )  # fmt: skip


def variable(declared: Variable) -> VariableBody:
    """A variable as it was declared; what is as by default is left out."""
    return VariableBody(
        type=declared.type.value, name=declared.name or None, required=declared.required or None, default=declared.default,
        also=list(declared.also) or None, description=declared.description or None, example=declared.example,
        items=None if declared.items is None else variable(declared.items),
        properties=[variable(inner) for inner in declared.properties] or None,
    )  # fmt: skip


def _item(about: StoredVersion) -> dict[str, Any]:
    return {
        "version": about.version, "state": about.state.value, "type": about.type, "sender": about.sender, "author": about.author, "created_at": about.created_at,
        "approved_by": about.approved_by, "approved_at": about.approved_at, "activated_at": about.activated_at,
    }  # fmt: skip


def _ready(ready: TemplateVersion) -> dict[str, Any]:
    return {
        "version": ready.version, "state": _ACTIVE, "type": ready.type, "sender": "", "author": AUTHOR, "created_at": None, "approved_by": None,
        "approved_at": None, "activated_at": None,
    }  # fmt: skip
