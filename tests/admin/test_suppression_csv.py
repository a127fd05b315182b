"""Rows of a file as suppressions to add, or what is wrong with each; and entries as rows."""

from datetime import UTC, datetime

import pytest

from posthouse.admin.suppression_csv import COLUMNS, SuppressionToAdd, format_row, parse_rows
from posthouse.model.suppression import Cause, Suppression
from tests.support.postgres import NOW
from tests.support.rows import new_id

DEFAULTS = SuppressionToAdd(address="", cause=Cause.IMPORTED, reason="an old list")


def parsed(*lines: str) -> list[tuple[int, SuppressionToAdd | str]]:
    return list(parse_rows([f"{line}\n" for line in lines], DEFAULTS))


def test_a_file_without_a_header_has_one_address_a_line() -> None:
    rows = parsed("jane@x.test", "", "bob@x.test")
    assert [(line, row.address) for line, row in rows if isinstance(row, SuppressionToAdd)] == [
        (1, "jane@x.test"),
        (3, "bob@x.test"),
    ]
    assert {(row.cause, row.reason) for _, row in rows if isinstance(row, SuppressionToAdd)} == {(Cause.IMPORTED, "an old list")}


def test_other_systems_names_of_columns_and_causes_are_understood() -> None:
    [(line, row)] = parsed("\ufeffEmail,Type,Until", "jane@x.test,Spam Report,2027-01-01T00:00:00")
    assert line == 2
    assert row == SuppressionToAdd(
        address="jane@x.test", cause=Cause.COMPLAINT, reason="an old list", until=datetime(2027, 1, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("nobody,", "address"),
        ("jane@x.test,no_cause", "cause must be one of"),
        ("jane@x.test,provisional", "cause must be one of"),
        ("jane@x.test,manual,soon", "until must be a time"),
    ],
)
def test_a_row_that_cannot_be_added_says_why_and_stops_nothing(row: str, reason: str) -> None:
    rows = parsed("address,cause,until", row, "bob@x.test,legal,")
    assert isinstance(rows[0][1], str)
    assert reason in rows[0][1]
    assert isinstance(rows[1][1], SuppressionToAdd)


def test_an_entry_that_is_written_reads_back_as_itself() -> None:
    entry = Suppression(
        new_id(NOW), "jane@x.test", "", "legal", "billing", "asked, politely", "cli", None, "cli:me", True, NOW, NOW, None
    )
    header, row = ",".join(COLUMNS), format_row(entry)
    quoted = ",".join(f'"{cell}"' for cell in row)
    [(_, read)] = parsed(header, quoted)
    assert read == SuppressionToAdd(
        address="jane@x.test", cause=Cause.LEGAL, stream="billing", reason="asked, politely", security=True, until=NOW
    )
