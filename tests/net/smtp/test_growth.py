"""How many connections: halved together, earned back slowly, paused for longer each time."""

from posthouse.net.smtp.growth import ConcurrencyWindow


def test_those_begun_together_halve_once() -> None:
    window = ConcurrencyWindow(20)
    for _ in range(5):
        window.record_too_many(began=1.0, now=2.0)
    assert window.limit == 10
    window.record_too_many(began=3.0, now=4.0)
    window.record_too_many(began=5.0, now=6.0)
    assert window.limit == 2
    for moment in range(7, 20):
        window.record_too_many(began=float(moment), now=moment + 0.5)
    assert window.limit == 1


def test_ten_rounds_of_good_answers_give_one_connection_back() -> None:
    window = ConcurrencyWindow(4)
    window.record_too_many(began=1.0, now=1.0)
    for _ in range(19):
        window.record_delivered()
    assert window.limit == 2
    window.record_delivered()
    assert window.limit == 3
    for _ in range(1000):
        window.record_delivered()
    assert window.limit == 4


def test_a_pause_doubles_up_to_a_minute_and_ends_with_the_first_connection() -> None:
    window, pauses = ConcurrencyWindow(4), []
    for _ in range(9):
        window.record_unreachable(now=0.0)
        pauses.append(next(second for second in range(100) if not window.is_paused(float(second))))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert not window.is_initial(0.0)
    window.record_connected()
    window.record_unreachable(now=0.0)
    assert window.is_initial(1.0)


def test_growth_is_slow_at_first_and_never_beyond_the_limit_or_the_queue() -> None:
    window = ConcurrencyWindow(10)
    assert window.to_open(waiting=50, connections=0, opening=0) == 2
    assert window.to_open(waiting=50, connections=0, opening=2) == 0
    assert window.to_open(waiting=50, connections=3, opening=0) == 3
    assert window.to_open(waiting=50, connections=9, opening=0) == 1
    assert window.to_open(waiting=50, connections=12, opening=0) == 0
    assert window.to_open(waiting=1, connections=5, opening=1) == 0
