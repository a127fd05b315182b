"""Where templates are built, linted and rendered: the one seam between the journeys and whoever does it.

What tenants wrote is rendered by confined children in a server (C6); a command of the operator, whose machine it is,
and tests do it in their own process, as ``InProcess`` does.
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
        """As ``templates.render``: the parts of a mail, or what is wrong with the variables."""
        ...

    async def make(self, draft: TemplateDraft, parts: Parts) -> BuiltVersion | tuple[FieldError, ...]:
        """As ``making.make``: the draft built and linted, or why it cannot be built."""
        ...

    async def lint(self, version: TemplateVersion, draft: TemplateDraft) -> tuple[LintFinding, ...]:
        """As ``making.lint_of``: what is to be said about a version that was built before."""
        ...


class InProcessRenderer:
    """Here and now."""

    async def render(
        self, version: TemplateVersion, variables: Mapping[str, Any], locale: str | None
    ) -> RenderedTemplate | tuple[FieldError, ...]:
        """As ``templates.render``."""
        return render(version, variables, locale)

    async def make(self, draft: TemplateDraft, parts: Parts) -> BuiltVersion | tuple[FieldError, ...]:
        """As ``making.make``."""
        return build_version.build_version(draft, parts)

    async def lint(self, version: TemplateVersion, draft: TemplateDraft) -> tuple[LintFinding, ...]:
        """As ``making.lint_of``."""
        return build_version.lint_of(version, draft)
