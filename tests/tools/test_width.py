"""What may be wider than 130 columns, and what may be kept from the formatter."""

import ast
from typing import Final

import pytest

from tools.width import packed_code, wide_lines

LONG: Final = "x" * 140


def wide(text: str) -> list[int]:
    return wide_lines(text, ast.parse(text))


def packed(text: str) -> list[int]:
    return packed_code(text, ast.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        f"TABLE = {{\n    'a': '{LONG}',\n}}\n",
        f"TABLE: Final = (\n    Rule('a', '{LONG}'),\n)\n",
        f"TABLE = frozenset({{\n    '{LONG}',\n}})\n",
        f"class A:\n    TABLE = ['{LONG}']\n",
        f'def f():\n    return """\n{LONG}\n"""\n',
        f"# See https://example.com/{LONG}\n",
        f"@pytest.mark.parametrize('a', [\n    '{LONG}',\n])\ndef test(a): ...\n",
    ],
)
def test_tables_texts_and_citations_may_be_wide(text: str) -> None:
    assert wide(text) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f'"""A docstring\n{LONG}\n"""\n', 2),
        (f"def f():\n    return {{'a': '{LONG}'}}\n", 2),
        (f"TABLE = [f(x) for x in '{LONG}']\n", 1),
        (f"x = '{LONG}'\n", 1),
        (f"# {LONG}\n", 1),
        (f"# {LONG} https://example.com\n", 1),
    ],
)
def test_anything_else_is_found(text: str, line: int) -> None:
    assert wide(text) == [line]


def test_a_line_of_130_columns_fits() -> None:
    assert wide(f"# {'x' * 128}\n") == []
    assert wide(f"# {'x' * 129}\n") == [1]


def test_a_literal_table_may_be_kept_from_the_formatter() -> None:
    assert packed("TABLE = {\n    1: 2, 3: 4,\n}  # fmt: skip\n") == []
    assert packed("TABLE: Final = (\n    Rule(a=1), Rule(a=-2),\n)  # fmt: skip\n") == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("f(\n    1, 2,\n)  # fmt: skip\n", 3),
        ("def f(\n    a, b,\n):  # fmt: skip\n    pass\n", 3),
        ("def f():\n    table = {\n        1: 2,\n    }  # fmt: skip\n    return table\n", 4),
        ("# fmt: off\nf(1)\n# fmt: on\n", 1),
    ],
)
def test_code_may_not(text: str, line: int) -> None:
    assert packed(text)[0] == line
