"""An answer is given for its time and no longer, and whoever asks all the time never waits."""

import asyncio

import pytest

from posthouse.store.memory import TtlCache


class Store:
    """Answers with how often it was asked; ``away``: not at all; ``hold``: when it is let go."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.none = False
        self.hold = asyncio.Event()
        self.hold.set()
        self.now = 0.0

    async def find(self, key: str) -> str | None:
        await asyncio.sleep(0)
        self.asked += 1
        number = self.asked
        await self.hold.wait()
        if self.away:
            raise ConnectionError
        return None if self.none else f"{key}{number}"


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def known(store: Store) -> TtlCache[str, str]:
    return TtlCache(store.find, 2.0, lambda: store.now, most=3)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_answer_holds_for_its_time_and_is_asked_for_again_in_the_second_half(
    store: Store, known: TtlCache[str, str]
) -> None:
    assert await known.get("a") == "a1"
    store.now = 1.0
    assert (await known.get("a"), store.asked) == ("a1", 1)
    store.now = 1.5
    assert [await known.get("a"), await known.get("a")] == ["a1", "a1"]
    await settled()
    assert (await known.get("a"), store.asked) == ("a2", 2)
    store.now = 4.0
    assert await known.get("a") == "a3"


async def test_what_was_changed_while_it_was_asked_for_is_not_kept(store: Store, known: TtlCache[str, str]) -> None:
    await known.get("a")
    store.now, store.hold = 1.5, asyncio.Event()
    await known.get("a")
    await settled()
    known.forget("a")
    store.hold.set()
    await settled()
    assert await known.get("a") == "a3"


async def test_a_store_that_is_away_is_heard_of_when_the_time_is_over(store: Store, known: TtlCache[str, str]) -> None:
    await known.get("a")
    store.now, store.away = 1.5, True
    assert await known.get("a") == "a1"
    await settled()
    assert await known.get("a") == "a1"
    await settled()
    store.now = 2.0
    with pytest.raises(ConnectionError):
        await known.get("a")


async def test_nothing_is_no_answer(store: Store, known: TtlCache[str, str]) -> None:
    store.none = True
    assert [await known.get("a"), await known.get("a")] == [None, None]
    assert store.asked == 2


async def test_it_does_not_grow_for_ever_and_forgets_what_it_is_told_to(store: Store, known: TtlCache[str, str]) -> None:
    for key in "abc":
        await known.get(key)
    known.forget_where(lambda key: key < "c")
    assert await known.get("c") == "c3"
    for key in "abde":
        await known.get(key)
    assert store.asked == 7
    assert await known.get("c") == "c8"
