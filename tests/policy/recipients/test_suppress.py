"""The matrix of B3, cell by cell, and whose list binds whom."""

import itertools

import pytest

from posthouse.model.message_type import MessageClass
from posthouse.model.suppression import Cause, SuppressionAnswer, SuppressionFact
from posthouse.policy.recipients.suppress import judge, lifted_by, rule

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
        ruling = rule(SuppressionFact(cause=Cause(row[0])), message_class)
        assert f"{ruling.answer.value}{' alarm' if ruling.alarm else ''}" == cell
        assert ruling.why


def test_the_matrix_has_a_row_for_every_cause() -> None:
    assert {row[0] for row in ROWS} == {cause.value for cause in Cause}


@pytest.mark.parametrize("cause", [Cause.MANUAL, Cause.IMPORTED])
def test_what_was_entered_for_security_too_blocks_security(cause: Cause) -> None:
    assert rule(SuppressionFact(cause=cause, security=True), MessageClass.SECURITY).answer is SuppressionAnswer.BLOCK


def test_security_passes_a_legal_block_only_where_the_operator_says_so_and_it_is_heard_of() -> None:
    ruling = rule(SuppressionFact(cause=Cause.LEGAL), MessageClass.SECURITY, legal_passes_security=True)
    assert (ruling.answer, ruling.alarm) == (SuppressionAnswer.PASS, True)
    assert (
        rule(SuppressionFact(cause=Cause.LEGAL), MessageClass.AUTHENTICATION, legal_passes_security=True).answer
        is SuppressionAnswer.BLOCK
    )


@pytest.mark.parametrize(
    ("entry", "binds"),
    [
        (SuppressionFact(cause=Cause.COMPLAINT, stream="marketing"), False),
        (SuppressionFact(cause=Cause.COMPLAINT, stream="transactional"), True),
        (SuppressionFact(cause=Cause.MANUAL), True),
        (SuppressionFact(cause=Cause.HARD_BOUNCE, stream="marketing"), True),
        (SuppressionFact(cause=Cause.LEGAL, stream="marketing"), True),
        (SuppressionFact(cause=Cause.UNSUBSCRIBE, stream="marketing"), False),
    ],
)
def test_only_hard_bounces_and_legal_blocks_reach_across_streams(entry: SuppressionFact, *, binds: bool) -> None:
    assert (judge([entry], MessageClass.TRANSACTIONAL, "transactional") is not None) is binds


def test_the_strongest_answer_wins() -> None:
    entries = [
        SuppressionFact(cause=Cause.FREQUENCY),
        SuppressionFact(cause=Cause.PROVISIONAL),
        SuppressionFact(cause=Cause.HARD_BOUNCE),
    ]
    for last, expected in ((3, Cause.HARD_BOUNCE), (2, Cause.PROVISIONAL), (1, Cause.FREQUENCY)):
        found = judge(entries[:last], MessageClass.TRANSACTIONAL, "transactional")
        assert found is not None
        assert found[0].cause is expected


# Show 2: the mission's own words, read by another reader than ours, for every class, cause and stream.
MISSION = """
hard_bounce | all streams | block | block | block | block
complaint | its stream | block | pass | block | block
legal | all | block | block (a setting may pass; logged) | block | block
manual | as entered | block | pass unless entered for security too | block | block
imported | as entered | block | pass unless entered for security too | block | block
unsubscribe | its stream | pass | pass | pass | block
engagement | its stream | pass (alarm) | pass | pass (alarm) | block
frequency | its stream | pass (alarm) | pass | pass (alarm) | block
provisional | all | defer | defer | defer | defer
"""
WORDS = {cells[0]: cells[1:] for cells in ([cell.strip() for cell in line.split("|")] for line in MISSION.strip().splitlines())}
STREAMS = ["transactional", "marketing", "billing"]
CELLS = list(itertools.product(WORDS, range(4), [*STREAMS, None], STREAMS, [False, True], [False, True]))


def in_the_missions_words(cause: str, column: int, made_on: str | None, stream: str, *, security: bool, setting: bool) -> str:
    """What the mission says of a message of that class on ``stream`` to an address entered on ``made_on``."""
    reach, cell = WORDS[cause][0], WORDS[cause][1 + column]
    if made_on not in (None, stream) and not reach.startswith("all"):
        return "pass"
    if "unless entered for security too" in cell and security:
        return "block"
    if "a setting may pass" in cell and setting and not security:
        return "pass"
    return cell.partition(" ")[0]


@pytest.mark.parametrize("cause", WORDS)
def test_every_class_cause_and_stream_is_judged_in_the_missions_words(cause: str) -> None:
    for _, column, made_on, stream, security, setting in (cell for cell in CELLS if cell[0] == cause):
        entry = SuppressionFact(cause=Cause(cause), stream=made_on, security=security)
        found = judge([entry], CLASSES[column], stream, legal_passes_security=setting)
        told = "pass" if found is None else found[1].answer.value
        wanted = in_the_missions_words(cause, column, made_on, stream, security=security, setting=setting)
        assert told == wanted, (cause, CLASSES[column], made_on, stream, security, setting)


def test_all_of_them_were_looked_at() -> None:
    assert len(CELLS) == 9 * 4 * 4 * 3 * 2 * 2


def test_what_an_erasure_left_is_passed_by_nobody() -> None:
    erased = SuppressionFact(cause=Cause.LEGAL, security=True)
    assert rule(erased, MessageClass.SECURITY, legal_passes_security=True).answer is SuppressionAnswer.BLOCK


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_says_who_may_lift_it_and_the_law_is_not_the_tenants(cause: Cause) -> None:
    assert lifted_by(cause) == {Cause.LEGAL: "operator", Cause.SIMULATED: "nobody"}.get(cause, "tenant")
