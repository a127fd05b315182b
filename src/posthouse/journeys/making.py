"""From a draft to what can be stored: every language built against the tenant's layouts and partials, and linted.

A draft that cannot be built is not stored at all, and everything that is in the way is said at once. What lint says is
advice, but for its errors, which keep a version from becoming active.

Must never know: where templates and parts are kept. This runs in a confined child too, so it loads little.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from posthouse.compose.build import Fault, build
from posthouse.compose.draft import Draft, version_of
from posthouse.compose.examples import examples
from posthouse.compose.render import render
from posthouse.compose.template import TemplateVersion, Wording
from posthouse.model.send_request import FieldError

Parts = Mapping[tuple[str, str], str]  # (layout or partial, name) -> what it says


ERROR: Final = "error"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Finding(msgspec.Struct, frozen=True):
    """What is to be said about a version. ``severity``: error or warning; ``place``: locale and part."""

    rule: str
    severity: str
    message: str
    place: str = ""


class Made(msgspec.Struct, frozen=True):
    """A draft, built: its wordings by locale, and what lint says about them."""

    wordings: dict[str, Wording]
    findings: tuple[Finding, ...] = ()


def make(draft: Draft, parts: Parts) -> Made | tuple[FieldError, ...]:
    """The draft built and linted, or why it cannot be built, each fault with the locale it is in."""
    wordings: dict[str, Wording] = {}
    faults: list[FieldError] = []
    library = library_of(parts)
    for locale, source in draft.sources.items():
        built = build(source, library, locale)
        if isinstance(built, Wording):
            wordings[locale] = built
        else:
            place = "" if locale == draft.fallback else f"locales.{locale}."
            faults += (FieldError(place + fault.part.partition(":")[0], _told(fault)) for fault in built)
    if faults:
        return tuple(faults)
    return Made(wordings, lint_of(version_of(draft, 0, wordings), draft))


def lint_of(version: TemplateVersion, draft: Draft) -> tuple[Finding, ...]:
    """What is to be said about a version, waived findings left out: whether every language renders with the examples."""
    filled, declared = examples(version.variables), {variable.name for variable in version.variables}
    found = []
    for locale in version.wordings:
        rendered = render(version, filled, locale)
        for fault in rendered if isinstance(rendered, tuple) else ():
            name = _NAME.match(fault.path.removeprefix("variables."))
            undeclared = fault.path.startswith("variables.") and name is not None and name[0] not in declared
            rule, severity = ("undeclared-variable", "error") if undeclared else ("does-not-render", "warning")
            found.append(Finding(rule, severity, f"{fault.path}: {fault.message}", locale))
    return tuple(finding for finding in found if finding.severity == ERROR or finding.rule not in draft.waivers)


def blocking(findings: tuple[Finding, ...]) -> tuple[FieldError, ...]:
    """The findings that keep a version from becoming active."""
    return tuple(FieldError(finding.rule, finding.message) for finding in findings if finding.severity == ERROR)


def library_of(parts: Parts) -> dict[str, str]:
    """What a template may extend and include, by name; layouts and partials have their names from one pool."""
    return {name: said for (_, name), said in parts.items()}


def _told(fault: Fault) -> str:
    """The fault with the partial or layout and the line it is in."""
    inside = fault.part.partition(": ")[2]
    where = " ".join(filter(None, (f"in {inside}" if inside else "", f"line {fault.line}" if fault.line else "")))
    return f"{where}: {fault.message}" if where else fault.message
