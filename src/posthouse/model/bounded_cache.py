"""What may a process remember without growing for ever? A dictionary with a limit: the least recently used key leaves first.

Every cache in the house that lives as long as its process is one of these. A value that has a lifetime carries it itself,
because the lifetimes differ from key to key (a DNS record's TTL) and the clock is the caller's. For answers of the store that
are read again after a few seconds see ``store.ttl_cache``.

Why not ``cachetools``: its ``LRUCache`` refuses a value that is larger than the limit instead of keeping it alone, it comes
without types, and this module is imported by everything, also by what ``pip install posthouse`` gives an application without
the server.

Known sharp edges: not for use by several threads. ``None`` cannot be told from a missing key, so it is no value.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """At most ``limit`` entries, or as many as weigh ``limit`` together where ``weight`` gives a value's; one is always kept."""

    def __init__(self, limit: int, weight: Callable[[V], int] | None = None) -> None:
        self._limit = limit
        self._weight = weight
        self._total = 0
        # An OrderedDict, because the first key of a plain dict is slow to find after many deletions at its beginning.
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, which counts as used now; None where there is none."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def set(self, key: K, value: V) -> None:
        """Remember it; as many of the least recently used leave as the limit demands."""
        self.remove(key)
        self._values[key] = value
        self._total += self._weigh(value)
        while self._total > self._limit and len(self._values) > 1:
            self._total -= self._weigh(self._values.popitem(last=False)[1])

    def remove(self, key: K) -> V | None:
        """Forget it; the value, None where there is none."""
        value = self._values.pop(key, None)
        if value is not None:
            self._total -= self._weigh(value)
        return value

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()
        self._total = 0

    def __contains__(self, key: K) -> bool:
        """Whether there is a value; does not count as use."""
        return key in self._values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[K]:
        """The keys, least recently used first."""
        return iter(self._values)

    def _weigh(self, value: V) -> int:
        return 1 if self._weight is None else self._weight(value)
