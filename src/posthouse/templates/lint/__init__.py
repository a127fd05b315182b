"""What is wrong with a template before a reader sees it: rules over its words, its HTML and its variables (C4, C5).

``lint`` is the one function. ``registry`` has the rules, one module a group of them; ``reading`` is what they read: a template
rendered with example values, its page, its variables. Family rules follow from the message type. docs/lint.md lists every rule.

Must never know: who the author is, what is active, whether warnings block (the caller decides with ``blocks``).

Known sharp edges: what a tenant wrote is rendered here, bounded by the engine only, so it is linted in a confined child.
Words are looked for in English and German; for any other language lint says that it cannot check them.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from posthouse.model.lint_finding import LintFinding
from posthouse.model.message_type import MessageClass
from posthouse.model.template import TemplateSource, TemplateVersion
from posthouse.templates.lint.finding import Hit, blocks
from posthouse.templates.lint.locate import locate
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.registry import ALL, BY_ID
from posthouse.templates.lint.rule import LintRule, family_of
from posthouse.templates.lint.variables import IDLE, UNUSED, unused

__all__ = ("ALL", "MOST_FINDINGS", "LintFinding", "blocks", "lint")
MOST_FINDINGS: Final = 20
"""Of one rule in one language; who fixes twenty finds the rest."""


def lint(
    version: TemplateVersion,
    sources: Mapping[str, TemplateSource],
    message_type: str | None,
    message_class: MessageClass | None,
    waivers: Mapping[str, str] | None = None,
) -> tuple[LintFinding, ...]:
    """All findings, language by language, errors first.

    ``sources``: by locale, what the author wrote, for the places; for a locale without a source, the compiled template counts as
    the source. ``message_type``: what the mails will be, of a tenant's own type its parent; ``waivers``: rule to reason.
    """
    reasons = waivers or {}
    family = family_of(message_type, message_class)
    readings = tuple(LintReading(version, locale, sources.get(locale), message_type) for locale in version.compiled_templates)
    rules = [rule for rule in ALL if rule.binds(family, _type_for_rules(message_type, message_class))]
    findings = [finding for reading in readings for rule in rules for finding in _findings(rule, reading, reasons)]
    findings += (_finding(BY_ID[UNUSED], hit, None, reasons) for hit in islice(unused(readings), MOST_FINDINGS))
    findings += (_finding(BY_ID[IDLE], hit, None, reasons) for hit in _idle_waivers(findings, reasons))
    return tuple(sorted(findings, key=lambda finding: finding.severity != "error"))


def _type_for_rules(message_type: str | None, message_class: MessageClass | None) -> str | None:
    """A tenant's own type of the security class has to keep the rules of security alerts."""
    known = family_of(message_type, None)
    return "security_alert" if message_class is MessageClass.SECURITY and not known else message_type


def _findings(rule: LintRule, reading: LintReading, waivers: Mapping[str, str]) -> Iterator[LintFinding]:
    for hit in islice(rule.check(reading), MOST_FINDINGS):
        yield _finding(rule, hit, reading, waivers)


def _finding(rule: LintRule, hit: Hit, reading: LintReading | None, waivers: Mapping[str, str]) -> LintFinding:
    line, column = locate(reading, hit) if reading is not None else (0, 0)
    return LintFinding(
        rule=rule.id,
        severity=rule.severity,
        part=hit.part,
        locale=reading.locale if reading is not None else None,
        line=line,
        column=column,
        message=hit.message,
        remedy=rule.remedy,
        waived=waivers.get(rule.id) if rule.severity == "warning" else None,
    )


def _idle_waivers(findings: list[LintFinding], waivers: Mapping[str, str]) -> Iterator[Hit]:
    used = {finding.rule for finding in findings if finding.waived is not None}
    for rule in waivers:
        if rule not in BY_ID:
            yield Hit("variables", f"there is no rule '{rule}'")
        elif rule not in used and rule != IDLE:
            yield Hit("variables", f"'{rule}' is an error" if BY_ID[rule].severity == "error" else f"'{rule}' finds nothing")
