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

# Where lines are still too wide, or code is still kept from the formatter. To be emptied, the product first.
STILL: Final[dict[str, tuple[str, ...]]] = {
    "no line is wider than 130 columns": (
        "src/posthouse/admin/", "src/posthouse/app/", "src/posthouse/client/", "src/posthouse/doors/", "src/posthouse/mail/", "src/posthouse/model/",
        "src/posthouse/net/", "src/posthouse/ops/", "src/posthouse/pipeline/", "src/posthouse/policy/", "src/posthouse/providers/",
        "src/posthouse/sinks/", "src/posthouse/store/", "src/posthouse/templates/", "src/posthouse/testing/", "bench/", "tests/",
    ),
    "the formatter is kept from literal tables only": (
        "src/posthouse/admin/", "src/posthouse/app/", "src/posthouse/doors/", "src/posthouse/mail/", "src/posthouse/net/",
        "src/posthouse/pipeline/", "src/posthouse/policy/", "src/posthouse/providers/", "src/posthouse/store/",
        "src/posthouse/templates/", "bench/", "tests/",
    ),
}  # fmt: skip


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
    broken = [place for place in found(rule) if not place.startswith(STILL[rule])]
    assert not broken, f"{rule}:{places(broken)}"


@pytest.mark.parametrize("rule", RULES)
def test_every_folder_that_is_let_off_needs_it(rule: str) -> None:
    broken = found(rule)
    idle = [folder for folder in STILL[rule] if not any(place.startswith(folder) for place in broken)]
    assert not idle, places(idle)
