"""How many connections: halved together, earned back slowly, paused for longer each time."""

from posthouse.net.smtp.concurrency_window import ConcurrencyWindow


def test_those_begun_together_halve_once() -> None:
    allowance = ConcurrencyWindow(20)
    for _ in range(5):
        allowance.too_many(began=1.0, now=2.0)
    assert allowance.limit == 10
    allowance.too_many(began=3.0, now=4.0)
    allowance.too_many(began=5.0, now=6.0)
    assert allowance.limit == 2
    for moment in range(7, 20):
        allowance.too_many(began=float(moment), now=moment + 0.5)
    assert allowance.limit == 1


def test_ten_rounds_of_good_answers_give_one_connection_back() -> None:
    allowance = ConcurrencyWindow(4)
    allowance.too_many(began=1.0, now=1.0)
    for _ in range(19):
        allowance.good()
    assert allowance.limit == 2
    allowance.good()
    assert allowance.limit == 3
    for _ in range(1000):
        allowance.good()
    assert allowance.limit == 4


def test_a_pause_doubles_up_to_a_minute_and_ends_with_the_first_connection() -> None:
    allowance, pauses = ConcurrencyWindow(4), []
    for _ in range(9):
        allowance.unreachable(now=0.0)
        pauses.append(next(second for second in range(100) if not allowance.paused(float(second))))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert not allowance.forgettable(0.0)
    allowance.opened()
    allowance.unreachable(now=0.0)
    assert allowance.forgettable(1.0)
