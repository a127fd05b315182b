"""How fast this interpreter runs ordinary code: prints nanoseconds a turn, best of three, in a few hundredths of a second.

Builds differ by a third and more: distributions compile with profile-guided optimisation, version managers often do not.
"""

import time


class _Row:
    def __init__(self, number):
        self.number = number
        self.name = "row %d" % number

    def told(self):
        return {"name": self.name, "words": self.name.split(" ")}


def _turns(count):
    held = {}
    for number in range(count):
        row = _Row(number)
        held[number % 64] = row.told()
    return held


def main():
    """Measure."""
    _turns(2_000)
    best = []
    for _ in range(3):
        begun = time.perf_counter_ns()
        _turns(20_000)
        best.append((time.perf_counter_ns() - begun) // 20_000)
    print(min(best))


main()
