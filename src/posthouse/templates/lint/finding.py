"""The findings of lint on a version: which rule, how severe, where, and what to do about it (C4).

An error keeps a version from becoming active and cannot be waived. A warning is advice: it may be waived with a reason, and a
strict caller takes it as seriously as an error.

``line`` and ``column`` count from 1 in the part as its author wrote it; both are 0 where a finding is about the part as a whole,
or about something that a layout, a partial or MJML added.
"""

from collections.abc import Iterable

import msgspec

from posthouse.model.lint_finding import LintFinding, Part


class Hit(msgspec.Struct, frozen=True):
    """What a rule found. ``position``: in the part as it is stored; ``words``: the words there, which are looked up in the
    author's source.
    """

    part: Part
    message: str
    position: int | None = None
    words: str = ""


def blocks(findings: Iterable[LintFinding], *, strict: bool = False) -> bool:
    """Whether a finding keeps the version from becoming active; ``strict``: a warning that is not waived does so too."""
    return any(finding.severity == "error" or (strict and finding.waived is None) for finding in findings)
