"""A returned message names its delivery, or it names nothing."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.return_path import ReturnPath, read, token

KEY = b"k" * 32
MESSAGE = UUID("01930000-0000-7000-8000-000000000001")
DELIVERIES = st.tuples(st.integers(0, 2**23 - 1), st.integers(0, 1), st.uuids(), st.integers(0, 255))


@given(DELIVERIES)
def test_a_token_names_its_delivery_also_when_case_was_folded_in_transit(delivery: tuple[int, int, UUID, int]) -> None:
    local = token(KEY, *delivery)
    assert len(local) == 47
    assert local == local.lower()
    assert read(KEY, local) == read(KEY, local.upper()) == ReturnPath(*delivery)


@given(DELIVERIES, st.integers(0, 44), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_token_with_one_letter_changed_is_nothing(delivery: tuple[int, int, UUID, int], place: int, letter: str) -> None:
    local = token(KEY, *delivery)
    at = 2 + place
    changed = local[:at] + letter + local[at + 1 :]
    assert (read(KEY, changed) is None) == (changed != local)


def test_a_token_of_another_key_is_nothing() -> None:
    assert read(b"x" * 32, token(KEY, 1, 1, MESSAGE, 0)) is None


@given(st.text(max_size=60))
def test_no_local_part_raises(local: str) -> None:
    assert read(KEY, local) is None
    assert read(KEY, "b+" + local[:45].ljust(45, "a")) is None


@pytest.mark.parametrize(("tenant", "environment", "position"), [(2**23, 1, 0), (-1, 1, 0), (1, 2, 0), (1, 1, 256), (1, 1, -1)])
def test_what_does_not_fit_is_a_value_error(tenant: int, environment: int, position: int) -> None:
    with pytest.raises(ValueError, match="return path"):
        token(KEY, tenant, environment, MESSAGE, position)
