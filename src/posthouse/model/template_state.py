"""What becomes of a version of a template: its states, and what may be done to it in which (C3, C4).

Literal tables. A version is written once as a draft; only its state changes. What was active once may become active again
(the switch is taken back), and may be pinned by a message, like what is approved. ``approve`` on a draft asks and
answers in one. Where a tenant asks for no approval a draft may be activated as it is. What may be pinned may be so for ever:
no move leads back from there.

Must never know: who asks (``admin.templates`` says who may), what the version says (lint judges that).
"""

from enum import StrEnum
from typing import Final


class TemplateState(StrEnum):
    """Of a version; at most one version of a template is active."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    ACTIVE = "active"
    RETIRED = "retired"


class Verb(StrEnum):
    """What may be asked of a version; also the last word of the path over HTTP."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    ACTIVATE = "activate"
    RETIRE = "retire"


S = TemplateState
MOVES: Final[dict[tuple[TemplateState, Verb], TemplateState]] = {
    (S.DRAFT, Verb.SUBMIT): S.IN_REVIEW,
    (S.DRAFT, Verb.APPROVE): S.APPROVED,
    (S.IN_REVIEW, Verb.APPROVE): S.APPROVED,
    (S.IN_REVIEW, Verb.REJECT): S.DRAFT,
    (S.APPROVED, Verb.ACTIVATE): S.ACTIVE,
    (S.RETIRED, Verb.ACTIVATE): S.ACTIVE,
    (S.ACTIVE, Verb.RETIRE): S.RETIRED,
}
UNAPPROVED: Final[dict[tuple[TemplateState, Verb], TemplateState]] = {
    (S.DRAFT, Verb.ACTIVATE): S.ACTIVE,
    (S.IN_REVIEW, Verb.ACTIVATE): S.ACTIVE,
}
SETTLED: Final[dict[Verb, TemplateState]] = {
    Verb.SUBMIT: S.IN_REVIEW,
    Verb.APPROVE: S.APPROVED,
    Verb.REJECT: S.DRAFT,
    Verb.ACTIVATE: S.ACTIVE,
    Verb.RETIRE: S.RETIRED,
}
MAY_BE_PINNED: Final = frozenset({S.APPROVED, S.ACTIVE, S.RETIRED})
PAST: Final[dict[Verb, str]] = {
    Verb.SUBMIT: "submitted",
    Verb.APPROVE: "approved",
    Verb.REJECT: "rejected",
    Verb.ACTIVATE: "activated",
    Verb.RETIRE: "retired",
}


def after(state: TemplateState, verb: Verb, *, approval_required: bool) -> TemplateState | None:
    """The state that follows, the same one where nothing is left to do, None where it may not be asked."""
    if SETTLED[verb] is state:
        return state
    found = MOVES.get((state, verb))
    return found if found is not None or approval_required else UNAPPROVED.get((state, verb))
