"""An answer is given for its time to live and no longer; who reads all the time does not wait."""

import asyncio

import pytest

from posthouse.store.ttl_cache import TtlCache


class Store:
    """Answers with how often it was read; ``away``: it is not reachable; ``gate``: an answer waits until it is set."""

    def __init__(self) -> None:
        self.reads = 0
        self.away = False
        self.none = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.now = 0.0

    async def load(self, key: str) -> str | None:
        await asyncio.sleep(0)
        self.reads += 1
        number = self.reads
        await self.gate.wait()
        if self.away:
            raise ConnectionError
        return None if self.none else f"{key}{number}"


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def cache(store: Store) -> TtlCache[str, str]:
    return TtlCache(store.load, 2.0, lambda: store.now, limit=3)


async def run_tasks() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_answer_holds_for_its_time_and_is_refreshed_in_its_second_half(store: Store, cache: TtlCache[str, str]) -> None:
    assert await cache.get("a") == "a1"
    store.now = 1.0
    assert (await cache.get("a"), store.reads) == ("a1", 1)
    store.now = 1.5
    assert [await cache.get("a"), await cache.get("a")] == ["a1", "a1"]
    await run_tasks()
    assert (await cache.get("a"), store.reads) == ("a2", 2)
    store.now = 4.0
    assert await cache.get("a") == "a3"


async def test_an_answer_read_before_a_change_is_not_remembered_after_it(store: Store, cache: TtlCache[str, str]) -> None:
    await cache.get("a")
    store.now, store.gate = 1.5, asyncio.Event()
    await cache.get("a")
    await run_tasks()
    cache.forget("a")
    store.gate.set()
    await run_tasks()
    assert await cache.get("a") == "a3"


async def test_an_unreachable_store_is_an_error_only_when_the_answer_is_too_old(store: Store, cache: TtlCache[str, str]) -> None:
    await cache.get("a")
    store.now, store.away = 1.5, True
    assert await cache.get("a") == "a1"
    await run_tasks()
    assert await cache.get("a") == "a1"
    await run_tasks()
    store.now = 2.0
    with pytest.raises(ConnectionError):
        await cache.get("a")


async def test_none_is_not_remembered(store: Store, cache: TtlCache[str, str]) -> None:
    store.none = True
    assert [await cache.get("a"), await cache.get("a")] == [None, None]
    assert store.reads == 2


async def test_it_does_not_grow_for_ever_and_forgets_the_keys_that_match(store: Store, cache: TtlCache[str, str]) -> None:
    for key in "abc":
        await cache.get(key)
    cache.forget_where(lambda key: key < "c")
    assert await cache.get("c") == "c3"
    for key in "abde":
        await cache.get(key)
    assert store.reads == 7
    assert await cache.get("c") == "c8"
