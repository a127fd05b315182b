"""Lines fit into 130 columns, and the formatter formats everything but literal tables (``tools.width`` says what is free, and
why).
"""

from collections.abc import Callable
from functools import cache
from typing import Final

import pytest

from tests.house.tree import places, product, proofs
from tools.source import Module
from tools.width import packed_code, wide_lines

Finder = Callable[[Module], list[int]]


def wide(module: Module) -> list[int]:
    return wide_lines(module.text, module.tree)


def packed(module: Module) -> list[int]:
    return packed_code(module.text, module.tree)


RULES: Final[dict[str, Finder]] = {
    "no line is wider than 130 columns": wide,
    "the formatter is kept from literal tables only": packed,
}


@cache
def found(rule: str) -> list[str]:
    """``place:line`` of everything that breaks a rule."""
    return [f"{module.place}:{line}" for module in (*product(), *proofs()) for line in RULES[rule](module)]


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_holds(rule: str) -> None:
    broken = found(rule)
    assert not broken, f"{rule}:{places(broken)}"
