"""Which lanes each delivery process serves."""

from typing import Final

from posthouse.model.message_type import Lane


def worker_lanes(count: int) -> list[tuple[Lane, ...]]:
    """Which lanes each process serves: ``count`` for any load, and one more, so that the fast lanes have one of their own.

    The first serves the fast lanes only, the last the slow ones only, the others all: whatever floods, ``count``
    processes work on it, and more would only compete for the same cores.
    """
    fast, slow = tuple(sorted(FAST)), tuple(sorted(set(Lane) - FAST))
    return [fast, *[tuple(Lane)] * max(1, count - 1), *[slow] * (count > 1)]


FAST: Final = frozenset({Lane.INSTANT, Lane.PROMPT})
