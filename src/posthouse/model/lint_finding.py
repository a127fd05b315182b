"""A finding of lint on a version of a template: which rule, how severe, where, and what to do about it."""

from typing import Literal

import msgspec

Severity = Literal["error", "warning"]
Part = Literal["subject", "html", "text", "variables"]


class LintFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One finding. ``locale``: None for a finding about all languages; ``waived``: the reason why it is waived, None where it is
    not.
    """

    rule: str
    severity: Severity
    part: Part
    locale: str | None
    line: int
    column: int
    message: str
    remedy: str
    waived: str | None = None
