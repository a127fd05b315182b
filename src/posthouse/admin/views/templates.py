"""Templates, shown: a tenant's own and ready-made ones in one form; layouts, partials, previews."""

from collections.abc import Sequence
from typing import Any, Final

from posthouse.admin.rerender import RerenderResult
from posthouse.admin.template_preview import TemplatePreview
from posthouse.admin.template_versions import SavedVersion, TemplateVersions
from posthouse.model.template import StoredPart, StoredVersion, TemplateSummary, TemplateVersion, Variable
from posthouse.model.timeline import cursor
from posthouse.model.views.templates import (
    PartView,
    PreviewView,
    RerenderView,
    SourceView,
    TemplateDetail,
    TemplateItem,
    TemplatePage,
    VariableBody,
    VersionItem,
    VersionView,
)

READY_MADE_AUTHOR: Final = "posthouse"
_ACTIVE: Final = "active"


def template_item(summary: TemplateSummary) -> TemplateItem:
    """A template of the tenant's own."""
    return TemplateItem(**_own_template(summary))


def template_page(summaries: Sequence[TemplateSummary], limit: int) -> TemplatePage:
    """At most ``limit`` templates of the tenant's own, and where to go on if there are more."""
    page = summaries[:limit]
    return TemplatePage([template_item(each) for each in page], cursor(page[-1].id) if len(summaries) > limit else None)


def template_detail(template: TemplateVersions) -> TemplateDetail:
    """The same with its versions."""
    return TemplateDetail(
        **_own_template(template.summary), versions=[VersionItem(**_own_version(each)) for each in template.versions]
    )


def version_view(saved: SavedVersion) -> VersionView:
    """A version of the tenant's own with its words."""
    about = saved.about
    sources = {locale: SourceView(each.subject, each.html, each.mjml, each.text) for locale, each in saved.stored.sources.items()}
    return VersionView(
        **_own_version(about),
        name=about.name,
        source="own",
        locale=about.fallback,
        locales=sources,
        variables=[variable_body(each) for each in about.variables],
        waivers=about.waivers,
        findings=list(saved.findings),
        notes=list(saved.notes),
        replaced=saved.replaced,
    )


def ready_made_item(template: TemplateVersion) -> TemplateItem:
    """A ready-made template."""
    return TemplateItem(**_ready_made(template))


def ready_made_detail(template: TemplateVersion) -> TemplateDetail:
    """The same with its one version."""
    return TemplateDetail(**_ready_made(template), versions=[VersionItem(**_ready_made_version(template))])


def ready_made_version(template: TemplateVersion) -> VersionView:
    """The same with its words."""
    sources = {locale: SourceView(each.subject, each.html, "", each.text) for locale, each in template.compiled_templates.items()}
    return VersionView(
        **_ready_made_version(template),
        name=template.name,
        source="ready_made",
        locale=template.fallback,
        locales=sources,
        variables=[variable_body(each) for each in template.variables],
        waivers={},
        findings=[],
        notes=[],
        replaced=None,
    )


def preview_view(preview: TemplatePreview) -> PreviewView:
    """A preview."""
    rendered = preview.rendered
    return PreviewView(
        name=preview.version.name,
        version=preview.version.version,
        locale=rendered.locale,
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        raw=preview.raw.decode("utf-8", "replace"),
        variables=preview.variables,
    )


def rerender_view(result: RerenderResult) -> RerenderView:
    """A record's mail rendered again."""
    rendered = result.rendered
    return RerenderView(
        same=result.is_same,
        template=result.version.name,
        version=result.version.version,
        locale=rendered.locale,
        digest=result.digest,
        accepted_digest=result.accepted_digest,
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
    )


def part_view(part: StoredPart) -> PartView:
    """A layout or partial."""
    return PartView(
        name=part.name, version=part.version, source=part.source or "", author=part.author, created_at=part.created_at
    )


def variable_body(declared: Variable) -> VariableBody:
    """A variable as it was declared; what has its default is left out."""
    return VariableBody(
        type=declared.type.value,
        name=declared.name or None,
        required=declared.required or None,
        default=declared.default,
        also=list(declared.also) or None,
        description=declared.description or None,
        example=declared.example,
        items=None if declared.items is None else variable_body(declared.items),
        properties=[variable_body(inner) for inner in declared.properties] or None,
    )


def _own_template(summary: TemplateSummary) -> dict[str, Any]:
    return {
        "name": summary.name,
        "source": "own",
        "type": summary.type,
        "active_version": summary.active,
        "latest_version": summary.latest,
        "created_at": summary.created_at,
    }


def _own_version(about: StoredVersion) -> dict[str, Any]:
    return {
        "version": about.version,
        "state": about.state.value,
        "type": about.type,
        "sender": about.sender,
        "author": about.author,
        "created_at": about.created_at,
        "approved_by": about.approved_by,
        "approved_at": about.approved_at,
        "activated_at": about.activated_at,
    }


def _ready_made(template: TemplateVersion) -> dict[str, Any]:
    return {
        "name": template.name,
        "source": "ready_made",
        "type": template.type,
        "active_version": template.version,
        "latest_version": template.version,
        "created_at": None,
    }


def _ready_made_version(template: TemplateVersion) -> dict[str, Any]:
    return {
        "version": template.version,
        "state": _ACTIVE,
        "type": template.type,
        "sender": "",
        "author": READY_MADE_AUTHOR,
        "created_at": None,
        "approved_by": None,
        "approved_at": None,
        "activated_at": None,
    }
