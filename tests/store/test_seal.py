"""Sealing: what is bound stays bound, keys rotate, and nothing opens that was touched."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.store.seal import SealBroken, Sealer

OLD, NEW = Sealer(("old",), os.urandom), Sealer(("new",), os.urandom)
BOTH = Sealer(("new", "old"), os.urandom)


@given(st.binary(max_size=300), st.binary(max_size=40))
@settings(max_examples=50)
def test_what_was_sealed_opens_unchanged(plain: bytes, bound: bytes) -> None:
    sealed = NEW.seal(NEW.pack(plain), bound)
    assert NEW.unpack(NEW.open(sealed, NEW.key_id, bound)) == plain


@given(st.integers(min_value=0, max_value=12 + 5 + 16 - 1), st.integers(min_value=1, max_value=255))
@settings(max_examples=50)
def test_a_changed_byte_anywhere_does_not_open(place: int, change: int) -> None:
    sealed = bytearray(NEW.seal(b"hello", b"id"))
    sealed[place] ^= change
    with pytest.raises(SealBroken):
        NEW.open(bytes(sealed), NEW.key_id, b"id")


@pytest.mark.parametrize("sealed", [b"", b"short", b"\0" * 28])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(SealBroken):
        NEW.open(sealed, NEW.key_id, b"id")


def test_a_value_copied_to_another_row_does_not_open() -> None:
    with pytest.raises(SealBroken):
        NEW.open(NEW.seal(b"hello", b"one"), NEW.key_id, b"two")


def test_the_same_value_never_looks_the_same_twice() -> None:
    assert NEW.seal(b"hello", b"id") != NEW.seal(b"hello", b"id")


def test_two_keys_rotate_new_seals_and_either_opens() -> None:
    assert BOTH.key_id == NEW.key_id != OLD.key_id
    assert BOTH.open(OLD.seal(b"hello", b"id"), OLD.key_id, b"id") == b"hello"
    assert NEW.open(BOTH.seal(b"hello", b"id"), BOTH.key_id, b"id") == b"hello"
    with pytest.raises(SealBroken):
        NEW.open(OLD.seal(b"hello", b"id"), OLD.key_id, b"id")


def test_keys_whose_ids_collide_are_both_tried() -> None:
    other = next(s for n in range(5000) if (s := Sealer((str(n),), os.urandom)).key_id == NEW.key_id)
    found = next(str(n) for n in range(5000) if Sealer((str(n),), os.urandom).token_key == other.token_key)
    assert Sealer(("new", found), os.urandom).open(other.seal(b"hello", b"id"), other.key_id, b"id") == b"hello"


def test_purposes_have_keys_of_their_own_and_the_same_secret_makes_the_same_ones() -> None:
    again = Sealer(("new",), os.urandom)
    assert (again.key_id, again.token_key, again.checks) == (NEW.key_id, NEW.token_key, NEW.checks)
    assert NEW.token_key != NEW.checks[0] != OLD.checks[0]
    assert BOTH.token_keys == (NEW.token_key, OLD.token_key)


def test_a_check_value_proves_only_its_own_secret() -> None:
    assert BOTH.proves(OLD.checks[0])
    assert BOTH.proves(NEW.checks[0])
    assert not NEW.proves(OLD.checks[0])
    assert not NEW.proves(b"")


def test_a_sealer_without_a_secret_is_a_bug() -> None:
    with pytest.raises(ValueError, match="secret"):
        Sealer((), os.urandom)


def test_unpacking_what_is_no_frame_is_said_as_broken() -> None:
    with pytest.raises(SealBroken):
        NEW.unpack(b"no frame")
