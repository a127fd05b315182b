"""How fast this interpreter runs ordinary code: says nanoseconds a turn, best of three, in a few hundredths of a second.

Builds differ by a third and more: distributions compile with profile-guided optimisation, version managers often do not.
"""

import sys
import time

TURNS = 20_000


class _Row:
    def __init__(self, number: int) -> None:
        self.number = number
        self.name = f"row {number}"

    def told(self) -> dict[str, object]:
        return {"name": self.name, "words": self.name.split(" ")}


def _turns(count: int) -> dict[int, dict[str, object]]:
    held = {}
    for number in range(count):
        row = _Row(number)
        held[number % 64] = row.told()
    return held


def _measured() -> int:
    begun = time.perf_counter_ns()
    _turns(TURNS)
    return (time.perf_counter_ns() - begun) // TURNS


def main() -> None:
    """Measure."""
    _turns(2_000)
    sys.stdout.write(f"{min(_measured() for _ in range(3))}\n")


main()
