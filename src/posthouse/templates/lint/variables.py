"""Rules about a whole version: variables that nothing uses, variables that cannot be left out, waivers that waive nothing."""

from collections.abc import Iterator
from typing import Final

from posthouse.model.template import RenderedTemplate
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.rule import LintRule

UNUSED: Final = "variable-unused"
IDLE: Final = "waiver-idle"


def render_sparse(reading: LintReading) -> Iterator[Hit]:
    """It renders with examples, and fails as soon as a caller leaves out what is optional."""
    if isinstance(reading.rendered, RenderedTemplate) and not isinstance(reading.rendered_sparse, RenderedTemplate):
        for fault in reading.rendered_sparse:
            yield Hit("variables", f"{fault.path}: {fault.message}")


def unused(readings: tuple[LintReading, ...]) -> Iterator[Hit]:
    """A variable that no language uses: callers send it for nothing, or its name was misspelt."""
    used = {use.root for reading in readings for use in reading.uses}
    for variable in readings[0].declared if readings else ():
        if variable.name not in used:
            yield Hit("variables", f"'{variable.name}' is used nowhere")


def _by_version(_: LintReading) -> Iterator[Hit]:
    """Checked once a version, not once a language."""
    return iter(())


RULES: Final = (
    LintRule("render-sparse", "It does not render when optional variables are left out.", "Ask with {% if %}, give a default, or make the variable required.", render_sparse),
    LintRule(UNUSED, "A variable is declared and used nowhere.", "Use it, or take it out of the declaration.", _by_version),
    LintRule(IDLE, "A waiver waives nothing: there is no such rule, it finds nothing, or it is an error.", "Take it out of template.toml.", _by_version),
)  # fmt: skip
