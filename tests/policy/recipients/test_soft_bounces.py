"""What counts against a mailbox, and when it is enough."""

from datetime import timedelta

import pytest

from posthouse.model.outcome import AttemptStage, Bounced, Deferred, Diagnosis, InDoubt, Outcome, Reason, Refused, Scope
from posthouse.policy.recipients.soft_bounces import counts, is_hard
from tests.support.postgres import NOW

DAY = timedelta(days=1)
SOFT = {Reason.MAILBOX_FULL, Reason.MAILBOX_DISABLED}


def said(reason: Reason, scope: Scope = Scope.RECIPIENT, stage: AttemptStage = AttemptStage.RCPT) -> Diagnosis:
    return Diagnosis(reason=reason, scope=scope, stage=stage)


@pytest.mark.parametrize("reason", Reason)
def test_only_a_full_or_disabled_mailbox_counts(reason: Reason) -> None:
    for outcome in (Deferred(said(reason)), Bounced(said(reason))):
        assert counts(outcome) is (reason in SOFT)


@pytest.mark.parametrize(
    "outcome",
    [Refused(said(Reason.MAILBOX_FULL)), InDoubt(said(Reason.MAILBOX_FULL)), Bounced(said(Reason.MAILBOX_FULL, Scope.US))],
)
def test_our_own_trouble_and_doubt_never_count(outcome: Outcome) -> None:
    assert not counts(outcome)


@pytest.mark.parametrize(
    ("times", "span", "limit", "hard"),
    [
        (5, 3 * DAY, 5, True),
        (4, 30 * DAY, 5, False),
        (5, 3 * DAY - timedelta(seconds=1), 5, False),
        (9, 4 * DAY, 5, True),
        (3, 3 * DAY, 3, True),
    ],
)
def test_five_in_a_row_over_seventy_two_hours_are_enough(times: int, span: timedelta, limit: int, *, hard: bool) -> None:
    assert is_hard(times, NOW, NOW + span, limit) is hard
