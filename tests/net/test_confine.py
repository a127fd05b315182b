"""Confined children: what goes too far costs itself and nobody else."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from posthouse.net.confine import ConfinedPool, StoppedJob

CHILD = Path(__file__).with_name("confined_work.py")


@pytest.fixture
async def pool() -> AsyncIterator[ConfinedPool]:
    made = ConfinedPool((sys.executable, str(CHILD)), work="test", wall=0.6)
    yield made
    await made.close()


async def test_a_batch_is_answered_in_order(pool: ConfinedPool) -> None:
    assert await pool.run([b"say one", b"say two", b"say three"]) == [b"one", b"two", b"three"]


async def test_no_batch_needs_no_child(pool: ConfinedPool) -> None:
    assert await pool.run([]) == []


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"spin", "processor time"),
        (b"sleep", "takes more than 0.6 s"),
        (b"grow", "memory"),
        (b"deep", "nested too deeply"),
        (b"die", "ended unexpectedly"),
        (b"large", "makes too much"),
    ],
)
async def test_a_job_that_goes_too_far_is_stopped_and_its_neighbours_are_done(pool: ConfinedPool, bad: bytes, why: str) -> None:
    first, second, third = await pool.run([b"say before", bad, b"say after"])
    assert (first, third) == (b"before", b"after")
    assert isinstance(second, StoppedJob)
    assert why in second.why
    assert await pool.run([b"say next"]) == [b"next"]


@pytest.mark.parametrize("forbidden", [b"write", b"connect", b"environment"])
async def test_nothing_outside_can_be_reached(pool: ConfinedPool, forbidden: bytes) -> None:
    assert await pool.run([forbidden]) == [b"refused"]


async def test_what_one_job_spent_is_not_the_next_ones_debt(pool: ConfinedPool) -> None:
    answers = await pool.run([b"work"] * 12)  # each well inside its bound, together above it
    assert answers == [b"worked"] * 12


async def test_memory_that_earlier_jobs_left_taken_is_not_the_fault_of_the_next(pool: ConfinedPool) -> None:
    before = _exits("died")
    assert await pool.run([b"keep 30", b"need 40", b"say after"]) == [b"kept", b"\0", b"after"]
    assert _exits("died") == before + 1


async def test_a_job_that_needs_too_much_of_a_fresh_worker_is_refused_once(pool: ConfinedPool) -> None:
    (refused,) = await pool.run([b"need 512"])
    assert refused == StoppedJob("needs too much memory")


async def test_a_worker_that_has_grown_is_replaced_between_batches_without_a_word(pool: ConfinedPool) -> None:
    (first,) = await pool.run([b"pid"])
    assert await pool.run([b"pid", b"keep 40"]) == [first, b"kept"]
    assert await pool.run([b"pid"]) != [first]


def _exits(reason: str) -> float:
    return REGISTRY.get_sample_value("posthouse_confined_exits_total", {"work": "test", "reason": reason}) or 0.0
