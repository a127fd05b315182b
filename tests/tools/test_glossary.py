"""The table of nouns: first sentences, in their place on the page."""

import pytest

from tools.glossary import HEADING, first_sentence, write_into


@pytest.mark.parametrize(
    ("docstring", "sentence"),
    [
        ("A mailbox. ``name``: what people see.", "A mailbox"),
        ("A key, ``kind`` of it.\n\nMore.", "A key, `kind` of it"),
        ("Two\n    lines.", "Two lines"),
        ("What 15 U.S.C. 7702 names. More.", "What 15 U.S.C. 7702 names"),
        ("One | other.", "One \\| other"),
        ("", ""),
    ],
)
def test_a_row_says_the_first_sentence(docstring: str, sentence: str) -> None:
    assert first_sentence(docstring) == sentence


def test_only_the_table_below_its_heading_is_replaced() -> None:
    page = f"# A\n\n| kept |\n\n{HEADING}\n\nWhat this is.\n\n| old |\n| rows |\n\n## After\n\n| kept |\n"
    assert write_into(page, "| new |\n") == f"# A\n\n| kept |\n\n{HEADING}\n\nWhat this is.\n\n| new |\n\n## After\n\n| kept |\n"


def test_writing_twice_changes_nothing() -> None:
    page = f"# A\n\n{HEADING}\n\nWhat this is.\n\n| old |\n"
    once = write_into(page, "| new |\n")
    assert write_into(once, "| new |\n") == once
