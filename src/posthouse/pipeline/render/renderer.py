"""The interface behind which templates are built, linted and rendered.

A server renders tenants' templates in confined child processes (``confined_renderer``, C6). A command of the operator, whose
machine it is, and tests do it in their own process (``InProcessRenderer``).
"""

from collections.abc import Mapping
from typing import Any, Protocol

from posthouse.model.lint_finding import LintFinding
from posthouse.model.send_request import FieldError
from posthouse.model.template import RenderedTemplate, TemplateDraft, TemplateVersion
from posthouse.pipeline.render import build_version
from posthouse.pipeline.render.build_version import BuiltVersion, Parts
from posthouse.templates.render import render


class Renderer(Protocol):
    """Rendering, at send; building and linting, at save."""

    async def render(
        self, version: TemplateVersion, variables: Mapping[str, Any], locale: str | None
    ) -> RenderedTemplate | tuple[FieldError, ...]:
        """The parts of a mail (``templates.render``), or what is wrong with the variables."""
        ...

    async def make(self, draft: TemplateDraft, parts: Parts) -> BuiltVersion | tuple[FieldError, ...]:
        """The draft built and linted (``build_version``), or why it cannot be built."""
        ...

    async def lint(self, version: TemplateVersion, draft: TemplateDraft) -> tuple[LintFinding, ...]:
        """The findings of lint for a version that was built before."""
        ...


class InProcessRenderer:
    """Renders, builds and lints in this process, without bounds."""

    async def render(
        self, version: TemplateVersion, variables: Mapping[str, Any], locale: str | None
    ) -> RenderedTemplate | tuple[FieldError, ...]:
        """The parts of a mail, or what is wrong with the variables."""
        return render(version, variables, locale)

    async def make(self, draft: TemplateDraft, parts: Parts) -> BuiltVersion | tuple[FieldError, ...]:
        """The draft built and linted, or why it cannot be built."""
        return build_version.build_version(draft, parts)

    async def lint(self, version: TemplateVersion, draft: TemplateDraft) -> tuple[LintFinding, ...]:
        """The findings of lint."""
        return build_version.lint_of(version, draft)
