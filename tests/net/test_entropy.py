"""Ids in order, and chance that is chance."""

from datetime import UTC, datetime, timedelta

from posthouse.model import ids
from posthouse.net.entropy import Entropy

NOW = datetime(2026, 3, 4, 5, 6, 7, 891_000, tzinfo=UTC)


def test_ids_of_one_millisecond_are_distinct_and_in_order() -> None:
    entropy = Entropy()
    made = [entropy.new_id(NOW) for _ in range(50_000)]
    assert made == sorted(set(made))
    assert {ids.born(id) for id in made[:100]} == {NOW}


def test_ids_stay_in_order_when_the_clock_goes_back() -> None:
    entropy = Entropy()
    first = entropy.new_id(NOW)
    assert entropy.new_id(NOW - timedelta(hours=1)) > first
    assert entropy.new_id(NOW + timedelta(milliseconds=1)) > first


def test_an_id_is_a_uuid_of_version_seven() -> None:
    made = Entropy().new_id(NOW)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_when_a_millisecond_is_used_up_the_next_begins() -> None:
    entropy = Entropy()
    first = entropy.new_id(NOW)
    entropy._random = (1 << 74) - 1
    assert entropy.new_id(NOW) > first


def test_fractions_are_even_and_below_one() -> None:
    entropy = Entropy()
    drawn = [entropy.fraction() for _ in range(4000)]
    assert all(0.0 <= fraction < 1.0 for fraction in drawn)
    assert 0.45 < sum(drawn) / len(drawn) < 0.55


def test_bytes_differ() -> None:
    entropy = Entropy()
    assert len({entropy.bytes(16) for _ in range(1000)}) == 1000
