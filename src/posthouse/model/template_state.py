"""The states of a version of a template, and the actions that each state allows (C3, C4).

Literal tables. A version is written once as a draft; only its state changes. What was active once may become active again
(the switch is rolled back), and may be pinned by a message, like an approved one. ``approve`` on a draft submits and approves
in one step. Where a tenant requires no approval a draft may be activated as it is. What may be pinned stays so for ever:
no transition leads back from there.

Must never know: who acts (``admin.templates`` decides who may), what the version contains (lint checks that).
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


class TemplateAction(StrEnum):
    """An action on a version; also the last word of the path over HTTP."""

    SUBMIT = "submit"
    APPROVE = "approve"
    REJECT = "reject"
    ACTIVATE = "activate"
    RETIRE = "retire"


S = TemplateState
TEMPLATE_TRANSITIONS: Final[dict[tuple[TemplateState, TemplateAction], TemplateState]] = {
    (S.DRAFT, TemplateAction.SUBMIT): S.IN_REVIEW,
    (S.DRAFT, TemplateAction.APPROVE): S.APPROVED,
    (S.IN_REVIEW, TemplateAction.APPROVE): S.APPROVED,
    (S.IN_REVIEW, TemplateAction.REJECT): S.DRAFT,
    (S.APPROVED, TemplateAction.ACTIVATE): S.ACTIVE,
    (S.RETIRED, TemplateAction.ACTIVATE): S.ACTIVE,
    (S.ACTIVE, TemplateAction.RETIRE): S.RETIRED,
}
UNAPPROVED: Final[dict[tuple[TemplateState, TemplateAction], TemplateState]] = {
    (S.DRAFT, TemplateAction.ACTIVATE): S.ACTIVE,
    (S.IN_REVIEW, TemplateAction.ACTIVATE): S.ACTIVE,
}
SETTLED: Final[dict[TemplateAction, TemplateState]] = {
    TemplateAction.SUBMIT: S.IN_REVIEW,
    TemplateAction.APPROVE: S.APPROVED,
    TemplateAction.REJECT: S.DRAFT,
    TemplateAction.ACTIVATE: S.ACTIVE,
    TemplateAction.RETIRE: S.RETIRED,
}
MAY_BE_PINNED: Final = frozenset({S.APPROVED, S.ACTIVE, S.RETIRED})
PAST: Final[dict[TemplateAction, str]] = {
    TemplateAction.SUBMIT: "submitted",
    TemplateAction.APPROVE: "approved",
    TemplateAction.REJECT: "rejected",
    TemplateAction.ACTIVATE: "activated",
    TemplateAction.RETIRE: "retired",
}


def after(state: TemplateState, verb: TemplateAction, *, approval_required: bool) -> TemplateState | None:
    """The state that follows, the same one where nothing is left to do, None where the state does not allow the action."""
    if SETTLED[verb] is state:
        return state
    next_state = TEMPLATE_TRANSITIONS.get((state, verb))
    return next_state if next_state is not None or approval_required else UNAPPROVED.get((state, verb))
