"""The operator's mailboxes take so much, then one every five minutes; return paths are never rationed."""

from posthouse.doors.inbound.rate_limit import REFILL, ROOM, RateLimit
from posthouse.doors.inbound.recipient import RecipientDirectory
from posthouse.mail.return_path import token
from posthouse.mail.smtp.server import reply
from posthouse.model.mailbox import Mailbox
from tests.support.postgres import NOW
from tests.support.rows import new_id

KEY = b"k" * 32


class Watch:
    """Seconds, as told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_full_bucket_is_taken_then_one_a_refill() -> None:
    watch = Watch()
    ration = RateLimit(watch)
    assert sum(ration.takes() for _ in range(int(ROOM) * 3)) == ROOM
    watch.now += REFILL - 1
    assert not ration.takes()
    watch.now += 1
    assert [ration.takes(), ration.takes()] == [True, False]
    watch.now += REFILL * ROOM * 10
    assert sum(ration.takes() for _ in range(int(ROOM) * 3)) == ROOM


def test_who_writes_to_abuse_too_often_is_asked_to_come_again_and_reports_are_heard_meanwhile() -> None:
    directory = RecipientDirectory((KEY,), RateLimit(Watch()))
    local = token(KEY, 1, 1, new_id(NOW), 0)
    said = [directory.receives(Mailbox(name, "x.test")) for name in ("abuse", "Postmaster") * int(ROOM)]
    assert said == [None] * int(ROOM) + [reply.MAILBOX_RATE_LIMITED] * int(ROOM)
    assert directory.receives(Mailbox(local, "x.test")) is None
    assert directory.receives(Mailbox("jane", "x.test")) == reply.NO_SUCH_MAILBOX
