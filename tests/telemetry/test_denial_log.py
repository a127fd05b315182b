"""Strangers fill no log: every denial is counted, a few are said, with the peer."""

from structlog.testing import capture_logs

from posthouse.telemetry.denial_log import LINES, LINES_OF_A_PEER, DenialLog


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def said(denials: DenialLog, peer: str) -> int:
    with capture_logs() as lines:
        denials.note(peer)
    return len(lines)


def test_a_peer_that_tries_again_and_again_is_named_a_few_times_a_minute() -> None:
    clock = Clock()
    denials = DenialLog("http", "key refused", clock)
    with capture_logs() as lines:
        for _ in range(50):
            denials.note("192.0.2.1")
        denials.note("192.0.2.2")
    assert [line["peer"] for line in lines] == ["192.0.2.1"] * LINES_OF_A_PEER + ["192.0.2.2"]
    assert (lines[-1]["event"], lines[-1]["door"], lines[-1]["unsaid"]) == ("key refused", "http", 50 - LINES_OF_A_PEER)
    clock.now += 60
    assert said(denials, "192.0.2.1") == 1


def test_many_peers_together_have_a_limit_too() -> None:
    denials = DenialLog("smtp", "login refused", Clock())
    assert sum(said(denials, f"192.0.2.{number}") for number in range(250)) == LINES
