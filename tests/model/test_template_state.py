"""The state machine of a template's version, move by move."""

import itertools
import re
from pathlib import Path

import pytest

from posthouse.model.template_state import (
    MAY_BE_PINNED,
    PAST,
    SETTLED,
    TEMPLATE_TRANSITIONS,
    UNAPPROVED,
    TemplateAction,
    TemplateState,
    after,
)

# In parentheses: only where the tenant asks for no approval.
EXPECTED = """
            submit     approve   reject    activate  retire
draft       in_review  approved  draft     (active)  -
in_review   in_review  approved  draft     (active)  -
approved    -          approved  -         active    -
active      -          -         -         active    retired
retired     -          -         -         active    retired
"""


def table() -> list[tuple[TemplateState, TemplateAction, str]]:
    head, *lines = [line.split() for line in EXPECTED.strip().splitlines()]
    return [
        (TemplateState(state), TemplateAction(verb), said)
        for state, *cells in lines
        for verb, said in zip(head, cells, strict=True)
    ]


@pytest.mark.parametrize(("state", "verb", "said"), table())
def test_a_move_leads_where_the_table_says(state: TemplateState, verb: TemplateAction, said: str) -> None:
    wanted = None if said == "-" else TemplateState(said.strip("()"))
    assert after(state, verb, approval_required=False) is wanted
    assert after(state, verb, approval_required=True) is (None if said.startswith("(") else wanted)


def test_what_may_be_pinned_may_be_pinned_for_ever() -> None:
    led = {to for (state, _), to in {**TEMPLATE_TRANSITIONS, **UNAPPROVED}.items() if state in MAY_BE_PINNED}
    assert led <= MAY_BE_PINNED


def test_where_approval_is_asked_nothing_becomes_active_without_it() -> None:
    reached = {TemplateState.DRAFT}
    for _ in TemplateState:
        moves = itertools.product(reached, set(TemplateAction) - {TemplateAction.APPROVE})
        reached |= {TEMPLATE_TRANSITIONS[move] for move in moves if move in TEMPLATE_TRANSITIONS}
    assert reached == {TemplateState.DRAFT, TemplateState.IN_REVIEW}


def test_every_verb_has_its_end_and_its_past() -> None:
    assert set(SETTLED) == set(PAST) == set(TemplateAction)


def test_the_drawing_in_the_documents_is_the_table() -> None:
    text = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"^ +(\w+) --> (\w+) : (\w+)(, where no approval is asked)?$", text, re.MULTILINE))
    moves = {(before.value, to.value, verb.value, "") for (before, verb), to in TEMPLATE_TRANSITIONS.items()}
    free = {(before.value, to.value, verb.value, ", where no approval is asked") for (before, verb), to in UNAPPROVED.items()}
    assert drawn == moves | free
