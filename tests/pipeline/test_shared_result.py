"""Made once for all who ask, good for a moment."""

import asyncio
from datetime import timedelta

import pytest

from posthouse.pipeline.shared_result import SharedResult
from posthouse.testing.clock import FakeClock


class Maker:
    made = 0
    fails = False

    async def __call__(self) -> int:
        await asyncio.sleep(0.01)
        self.made += 1
        if self.fails:
            raise OSError
        return self.made


async def test_whoever_asks_at_once_or_within_a_second_gets_the_same() -> None:
    maker, clock = Maker(), FakeClock()
    shared = SharedResult(maker, 1.0, clock.monotonic)
    assert await asyncio.gather(*(shared.get() for _ in range(50))) == [1] * 50
    assert await shared.get() == 1
    clock.advance(timedelta(seconds=1))
    assert await shared.get() == 2


async def test_an_error_is_raised_to_all_and_not_kept() -> None:
    maker = Maker()
    maker.fails = True
    shared = SharedResult(maker, 1.0, FakeClock().monotonic)
    results = await asyncio.gather(*(shared.get() for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [OSError] * 3
    maker.fails = False
    assert await shared.get() == 2


async def test_one_who_goes_away_takes_the_answer_from_nobody() -> None:
    shared = SharedResult(Maker(), 1.0, FakeClock().monotonic)
    leaving, staying = asyncio.create_task(shared.get()), asyncio.create_task(shared.get())
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 1
    with pytest.raises(asyncio.CancelledError):
        await leaving
