"""The matrix of B3, cell by cell, and whose list binds whom."""

import pytest

from posthouse.model.message_type import MessageClass
from posthouse.policy.suppress import Answer, Cause, Entry, judge, rule

CLASSES = [MessageClass.AUTHENTICATION, MessageClass.SECURITY, MessageClass.TRANSACTIONAL, MessageClass.COMMERCIAL]
GOLDEN = """
hard_bounce | block        | block | block        | block
complaint   | block alarm  | pass  | block        | block
legal       | block        | block | block        | block
manual      | block        | pass  | block        | block
imported    | block        | pass  | block        | block
unsubscribe | pass         | pass  | pass         | block
engagement  | pass alarm   | pass  | pass alarm   | block
frequency   | pass alarm   | pass  | pass alarm   | block
provisional | defer        | defer | defer        | defer
simulated   | block        | block | block        | block
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in GOLDEN.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_cell_of_the_matrix_is_as_written(row: list[str]) -> None:
    for message_class, cell in zip(CLASSES, row[1:], strict=True):
        ruling = rule(Entry(cause=Cause(row[0])), message_class)
        assert f"{ruling.answer.value}{' alarm' if ruling.alarm else ''}" == cell
        assert ruling.why


def test_the_matrix_has_a_row_for_every_cause() -> None:
    assert {row[0] for row in ROWS} == {cause.value for cause in Cause}


@pytest.mark.parametrize("cause", [Cause.MANUAL, Cause.IMPORTED])
def test_what_was_entered_for_security_too_blocks_security(cause: Cause) -> None:
    assert rule(Entry(cause=cause, security=True), MessageClass.SECURITY).answer is Answer.BLOCK


def test_security_passes_a_legal_block_only_where_the_operator_says_so_and_it_is_heard_of() -> None:
    ruling = rule(Entry(cause=Cause.LEGAL), MessageClass.SECURITY, legal_passes_security=True)
    assert (ruling.answer, ruling.alarm) == (Answer.PASS, True)
    assert rule(Entry(cause=Cause.LEGAL), MessageClass.AUTHENTICATION, legal_passes_security=True).answer is Answer.BLOCK


@pytest.mark.parametrize(
    ("entry", "binds"),
    [
        (Entry(cause=Cause.COMPLAINT, stream="marketing"), False),
        (Entry(cause=Cause.COMPLAINT, stream="transactional"), True),
        (Entry(cause=Cause.MANUAL), True),
        (Entry(cause=Cause.HARD_BOUNCE, stream="marketing"), True),
        (Entry(cause=Cause.LEGAL, stream="marketing"), True),
        (Entry(cause=Cause.UNSUBSCRIBE, stream="marketing"), False),
    ],
)
def test_only_hard_bounces_and_legal_blocks_reach_across_streams(entry: Entry, *, binds: bool) -> None:
    assert (judge([entry], MessageClass.TRANSACTIONAL, "transactional") is not None) is binds


def test_the_strongest_answer_wins() -> None:
    entries = [Entry(cause=Cause.FREQUENCY), Entry(cause=Cause.PROVISIONAL), Entry(cause=Cause.HARD_BOUNCE)]
    for last, expected in ((3, Cause.HARD_BOUNCE), (2, Cause.PROVISIONAL), (1, Cause.FREQUENCY)):
        found = judge(entries[:last], MessageClass.TRANSACTIONAL, "transactional")
        assert found is not None
        assert found[0] is expected
