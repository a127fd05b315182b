"""From a draft to what can be stored: every language built against the tenant's layouts and partials, and linted.

A draft that cannot be built is not stored at all, and everything that is wrong with it is reported at once. The findings of
lint are advice, except for its errors, which keep a version from becoming active.

Must never know: where templates and parts are kept. This runs in a confined child too, so it imports little.
"""

from collections.abc import Mapping

import msgspec

from posthouse.model.lint_finding import LintFinding
from posthouse.model.send_request import FieldError
from posthouse.model.template import CompiledTemplate, TemplateDraft, TemplateVersion
from posthouse.policy.types import BY_NAME
from posthouse.templates.build.build import SourceFault, build
from posthouse.templates.draft import version_of
from posthouse.templates.lint import lint

Parts = Mapping[tuple[str, str], str]  # (layout or partial, name) -> source


class BuiltVersion(msgspec.Struct, frozen=True):
    """A draft, built: its compiled templates by locale, and the findings of lint."""

    compiled_templates: dict[str, CompiledTemplate]
    findings: tuple[LintFinding, ...] = ()


def build_version(draft: TemplateDraft, parts: Parts) -> BuiltVersion | tuple[FieldError, ...]:
    """The draft built and linted, or why it cannot be built, each fault with the locale it is in."""
    compiled_templates: dict[str, CompiledTemplate] = {}
    faults: list[FieldError] = []
    library = library_of(parts)
    for locale, source in draft.sources.items():
        built = build(source, library, locale)
        if isinstance(built, CompiledTemplate):
            compiled_templates[locale] = built
        else:
            place = "" if locale == draft.fallback else f"locales.{locale}."
            faults += (FieldError(place + fault.part.partition(":")[0], _describe(fault)) for fault in built)
    if faults:
        return tuple(faults)
    return BuiltVersion(compiled_templates, lint_of(version_of(draft, 0, compiled_templates), draft))


def lint_of(version: TemplateVersion, draft: TemplateDraft) -> tuple[LintFinding, ...]:
    """The findings of lint for a version that was built from a draft."""
    name = draft.parent or draft.type
    type = None if name is None else BY_NAME.get(name)
    return lint(version, draft.sources, name, None if type is None else type.message_class, draft.waivers)


def blocking(findings: tuple[LintFinding, ...]) -> tuple[FieldError, ...]:
    """The findings that keep a version from becoming active, by rule, each with its place and the remedy."""
    return tuple(FieldError(finding.rule, sentence(finding)) for finding in findings if finding.severity == "error")


def sentence(finding: LintFinding) -> str:
    """A finding in words: where (language, part, line and column), what, and what to do."""
    at = f":{finding.line}:{finding.column}" if finding.line else ""
    where = f"{finding.locale} {finding.part}{at}" if finding.locale else finding.part
    return f"{where}: {finding.message.rstrip('.')}. {finding.remedy}"


def library_of(parts: Parts) -> dict[str, str]:
    """What a template may extend and include, by name; layouts and partials have their names from one pool."""
    return {name: source for (_, name), source in parts.items()}


def _describe(fault: SourceFault) -> str:
    """The fault with the partial or layout and the line it is in."""
    inside = fault.part.partition(": ")[2]
    where = " ".join(filter(None, (f"in {inside}" if inside else "", f"line {fault.line}" if fault.line else "")))
    return f"{where}: {fault.message}" if where else fault.message
