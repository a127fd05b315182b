"""A dictionary with a limit."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.model.bounded_cache import BoundedCache


def test_the_least_recently_used_leaves_first() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.set("a", 1)
    cache.set("b", 2)
    assert cache.get("a") == 1
    cache.set("c", 3)
    assert list(cache) == ["a", "c"]


def test_a_value_that_is_set_again_counts_as_used() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        cache.set(key, value)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (3, None, 4)


def test_a_test_for_membership_is_no_use() -> None:
    cache: BoundedCache[str, int] = BoundedCache(1)
    cache.set("a", 1)
    assert "a" in cache
    cache.set("b", 2)
    assert "a" not in cache


def test_what_is_removed_or_cleared_is_gone() -> None:
    cache: BoundedCache[str, int] = BoundedCache(2)
    cache.set("a", 1)
    assert (cache.remove("a"), cache.remove("a")) == (1, None)
    cache.set("b", 2)
    cache.clear()
    assert len(cache) == 0


def test_a_value_that_weighs_more_than_the_limit_is_kept_alone() -> None:
    cache: BoundedCache[str, str] = BoundedCache(5, len)
    cache.set("a", "xx")
    cache.set("b", "xxxxxxx")
    assert list(cache) == ["b"]
    cache.set("c", "x")
    assert list(cache) == ["c"]


@given(st.lists(st.tuples(st.integers(0, 9), st.text(min_size=1, max_size=4))), st.integers(1, 12))
def test_the_weight_is_never_more_than_the_limit_unless_one_value_is(changes: list[tuple[int, str]], limit: int) -> None:
    cache: BoundedCache[int, str] = BoundedCache(limit, len)
    for key, value in changes:
        if value.startswith("0"):
            cache.remove(key)
        else:
            cache.set(key, value)
            assert cache.get(key) == value
        assert len(cache) <= 1 or sum(len(cache.get(each) or "") for each in list(cache)) <= limit
