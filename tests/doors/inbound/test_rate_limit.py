"""The operator's mailboxes take so much, then one every five minutes; return paths are never limited."""

from datetime import timedelta

from posthouse.doors.inbound.rate_limit import REFILL, ROOM, RateLimit
from posthouse.doors.inbound.recipient import RecipientDirectory
from posthouse.mail.return_path import token
from posthouse.mail.smtp.server import reply
from posthouse.model.mailbox import Mailbox
from posthouse.testing.clock import FakeClock
from tests.support.postgres import NOW
from tests.support.rows import new_id

KEY = b"k" * 32


def test_a_full_bucket_is_taken_then_one_a_refill() -> None:
    clock = FakeClock(NOW)
    limit = RateLimit(clock.now)
    assert sum(limit.take() for _ in range(ROOM * 3)) == ROOM
    clock.advance(REFILL - timedelta(seconds=1))
    assert not limit.take()
    clock.advance(timedelta(seconds=1))
    assert [limit.take(), limit.take()] == [True, False]
    clock.advance(REFILL * ROOM * 10)
    assert sum(limit.take() for _ in range(ROOM * 3)) == ROOM


def test_who_writes_to_abuse_too_often_is_asked_to_come_again_and_reports_are_taken_meanwhile() -> None:
    directory = RecipientDirectory((KEY,), RateLimit(FakeClock(NOW).now))
    local = token(KEY, 1, 1, new_id(NOW), 0)
    replies = [directory.check(Mailbox(name, "x.test")) for name in ("abuse", "Postmaster") * ROOM]
    assert replies == [None] * ROOM + [reply.MAILBOX_RATE_LIMITED] * ROOM
    assert directory.check(Mailbox(local, "x.test")) is None
    assert directory.check(Mailbox("jane", "x.test")) == reply.NO_SUCH_MAILBOX
