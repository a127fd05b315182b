"""Of what is forged the log has a line a minute, with how many there were, and no address."""

from structlog.testing import capture_logs

from posthouse.doors.inbound.sampled_log import INTERVAL_SECONDS, SampledLog


class Watch:
    """Seconds, as told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_thousand_in_a_minute_are_one_line_and_the_next_says_how_many_there_were() -> None:
    watch = Watch()
    sample = SampledLog(watch)
    with capture_logs() as lines:
        for _ in range(1000):
            sample.count("b+secret")
        watch.now += INTERVAL_SECONDS
        sample.count("U+secret")
        sample.count("jane")
    assert [(line["refused"], line["looks_like"]) for line in lines] == [(1, "return path"), (1000, "unsubscribe address")]
    assert "secret" not in str(lines)
