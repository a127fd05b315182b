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


class TemplateAction(StrEnum):
    """What may be asked of a version; also the last word of the path over HTTP."""

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
    """The state that follows, the same one where nothing is left to do, None where it may not be asked."""
    if SETTLED[verb] is state:
        return state
    found = TEMPLATE_TRANSITIONS.get((state, verb))
    return found if found is not None or approval_required else UNAPPROVED.get((state, verb))
