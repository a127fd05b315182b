"""A person's letter is told once, handed on once, and never where it could go round or do harm."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from posthouse.admin.erasure import erase
from posthouse.mail.mime import compose
from posthouse.mail.reports.personal_reply import PersonalReply, read_reply
from posthouse.model import ids
from posthouse.model.feedback import RawFeedback
from posthouse.model.keys import DeliveryKey
from posthouse.model.mailbox import Mailbox
from posthouse.model.stream import Stream
from posthouse.model.suppression import Cause, SuppressionEntry
from posthouse.net.entropy import Entropy
from posthouse.pipeline.deliver import sign
from posthouse.pipeline.feedback.replies import MOST, PersonalReplies, ReplyParts
from posthouse.pipeline.feedback.reply_forwarder import ReplyForwarder
from posthouse.pipeline.feedback.take import FeedbackParts
from posthouse.store.postgres.database import Database
from posthouse.store.recipients import suppressions
from posthouse.store.recipients.suppression_lookup import load_key
from posthouse.store.tenants import streams
from posthouse.testing.clock import FakeClock
from tests.admin.test_erasure import dump
from tests.support.accepted import SEALER
from tests.support.postgres import NOW
from tests.support.posting import YES, Posting, posting

HELP = "help@shop.test"
OPERATOR = Mailbox("ops", "operator.test")


def letter(text: str = "Where is it?", author: str = "jane@x.test", fields: str = "") -> PersonalReply:
    head = f"{fields}From: Jane <{author}>\r\nSubject: Re: Your code is 482913\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nMessage-ID: <7@x.test>\r\n"
    found = read_reply(f"{head}\r\n{text}\r\n".encode(), author)
    assert found is not None
    return found


class Desk:
    """A delivered message of a stream with a reply address, and somebody who takes letters."""

    def __init__(self, post: Posting, letters: PersonalReplies, key: Any, message: UUID) -> None:
        self.post, self.letters, self.key, self.message = post, letters, key, message
        self.place = DeliveryKey(1, 1, message, 0)

    async def take(self, *letters: PersonalReply) -> None:
        for each in letters:
            await self.letters.take(self.place, each, "report")

    async def told(self) -> list[dict[str, Any]]:
        rows = await self.post.fetch(
            "select data from event where message = $1 and type = 'message.replied' order by xid, id", self.message
        )
        return [row[0] for row in rows]

    async def forwards(self) -> list[tuple[UUID, str]]:
        rows = await self.post.fetch(
            "select m.id, d.recipient from message m join delivery d on d.message = m.id where m.door = 'inbound' order by m.id"
        )
        return [tuple(row) for row in rows]


@pytest.fixture
async def desk(database: Database) -> Desk:
    clock = FakeClock(NOW)
    post = await posting(database, clock)
    post.receiver.answering = lambda _: YES
    key = await load_key(database, SEALER, bytes)
    parts = FeedbackParts(database=database, clock=clock, entropy=Entropy(), key=key)
    forwarder = ReplyForwarder(SEALER, "mail.shop.test", post.entropy.new_id, lambda _: None)
    letters = PersonalReplies(
        ReplyParts(feedback=parts, sealer=SEALER, forwarder=forwarder, ours=("bounce.shop.test",), operator=OPERATOR)
    )
    async with database.session() as connection:
        await streams.put(connection, 1, Stream(name="transactional", reply_to=HELP), NOW)
    [message] = await post.send("jane@x.test", type="two_factor_code")
    await post.work()
    return Desk(post, letters, key, message)


async def test_a_letter_is_an_event_and_goes_to_the_streams_reply_address(desk: Desk) -> None:
    await desk.take(letter())
    [(forward, recipient)] = await desk.forwards()
    assert recipient == HELP
    assert await desk.told() == [
        {
            "source": "report", "author": "jane@x.test", "replyMessageId": "<7@x.test>", "forwarded": True,
            "forwardedAs": ids.text("msg", forward),
        }
    ]  # fmt: skip
    await desk.post.work()
    assert await desk.post.state(forward) == "delivered"
    assert desk.post.receiver.tried[-1] == HELP


async def test_no_word_of_a_letter_stands_in_the_clear(desk: Desk) -> None:
    await desk.take(letter("my secret words"))
    for table in ("event", "message", "delivery", "queue", "content", "feedback_taken"):
        found = "\n".join(str(row[0]) for row in await desk.post.fetch(f"select t::text from {table} t"))
        assert "482913" not in found, table
        assert "secret words" not in found, table


async def test_what_is_handed_on_is_what_came_with_a_trace_before_it_and_unsigned(desk: Desk) -> None:
    await desk.take(letter("Plain words."))
    [(forward, _)] = await desk.forwards()
    [(key_id, sealed)] = await desk.post.fetch("select key_id, sealed from content where message = $1", forward)
    content = sign.open_content(SEALER, sealed, key_id, forward.bytes)
    data = compose.finish(content, date=NOW, message_id="<other@x>", extra=b"") + b"\r\n" + content.body
    assert data.endswith(b"Message-ID: <7@x.test>\r\n\r\nPlain words.\r\n")
    trace = data[: data.index(b"From: Jane <jane@x.test>")].decode()
    assert trace.startswith("Received: by mail.shop.test with ESMTP id msg_")
    assert [line.partition(":")[0] for line in trace.splitlines() if not line.startswith(" ")] == [
        "Received", "Resent-Date", "Resent-From", "Resent-To", "Resent-Message-ID", "X-Posthouse-Forwarded",
    ]  # fmt: skip
    assert data.count(b"\r\nDate: ") == 1
    [(domain,)] = await desk.post.fetch("select header_domain from queue where message = $1", forward)
    assert domain == ""


async def test_the_same_letter_is_told_and_handed_on_once(desk: Desk) -> None:
    await desk.take(letter(), letter(fields="Received: by another.test; now\r\n"), letter())
    assert len(await desk.told()) == len(await desk.forwards()) == 1
    await desk.take(letter("And another thing."))
    assert len(await desk.told()) == len(await desk.forwards()) == 2


async def test_a_letter_about_a_letter_we_handed_on_goes_nowhere(desk: Desk) -> None:
    await desk.take(letter())
    [(forward, _)] = await desk.forwards()
    await desk.post.work()
    await desk.letters.take(DeliveryKey(1, 1, forward, 0), letter("Got it.", "agent@helpdesk.test"), "report")
    assert len(await desk.forwards()) == 1
    rows = await desk.post.fetch("select data from event where message = $1 and type = 'message.replied'", forward)
    assert [row[0]["reason"] for row in rows] == ["looped"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"fields": "List-Id: <l.x.test>\r\n"}, "list"), ({"fields": "Precedence: bulk\r\n"}, "list"),
        ({"fields": "X-Posthouse-Forwarded: here\r\n"}, "looped"), ({"author": HELP}, "looped"), ({"author": "boss@shop.test"}, "own_domain"),
        ({"author": "boss@eu.shop.test"}, "own_domain"), ({"author": "boss@shop.example"}, "own_domain"),
    ],
)  # fmt: skip
async def test_what_may_go_round_or_be_forged_is_told_and_not_handed_on(desk: Desk, changed: dict[str, str], why: str) -> None:
    await desk.take(letter(**changed))
    [data] = await desk.told()
    assert (data["forwarded"], data["reason"]) == (False, why)
    assert await desk.forwards() == []


@pytest.mark.parametrize("cause", [Cause.HARD_BOUNCE, Cause.LEGAL, Cause.COMPLAINT])
async def test_nothing_is_handed_on_to_somebody_on_the_list(desk: Desk, cause: Cause) -> None:
    entry = SuppressionEntry(
        id=desk.post.entropy.new_id(NOW), address="Help@shop.test", lookup=desk.key.of("Help@shop.test"), cause=cause, source="cli", reason="x",
        evidence={},
    )  # fmt: skip
    async with desk.post.database.session() as connection:
        await suppressions.add(connection, 1, 1, [entry], NOW, desk.post.entropy.new_id)
    await desk.take(letter())
    assert [data["reason"] for data in await desk.told()] == ["suppressed"]
    assert await desk.forwards() == []


async def test_without_a_reply_address_there_is_the_event_and_the_tenants_own_is_the_next(desk: Desk) -> None:
    async with desk.post.database.session() as connection:
        await streams.put(connection, 1, Stream(name="transactional"), NOW)
    await desk.take(letter("one"))
    assert [data["reason"] for data in await desk.told()] == ["no_reply_address"]
    async with desk.post.database.session() as connection:
        await connection.execute("update tenant set reply_to = 'us@shop.test' where id = 1")
    await desk.take(letter("two"))
    assert [recipient for _, recipient in await desk.forwards()] == ["us@shop.test"]


async def test_whoever_has_a_return_path_cannot_flood_the_reply_address(desk: Desk) -> None:
    await desk.take(*(letter(f"Letter {number}") for number in range(MOST + 5)))
    assert len(await desk.told()) == len(await desk.forwards()) == MOST


async def test_letters_come_too_late_after_a_month_and_to_nobody_elses_delivery(desk: Desk) -> None:
    for place in (DeliveryKey(2, 1, desk.message, 0), DeliveryKey(1, 0, desk.message, 0), DeliveryKey(1, 1, desk.message, 1)):
        await desk.letters.take(place, letter(), "report")
    clock = desk.post.clock
    clock.advance(timedelta(days=30, seconds=1))
    await desk.take(letter())
    assert await desk.told() == []
    assert await desk.forwards() == []


async def test_a_letter_in_the_sandbox_stays_there(desk: Desk) -> None:
    [message] = await desk.post.send("joe@x.test", environment=0)
    await desk.post.work()
    await desk.letters.take(DeliveryKey(1, 0, message, 0), letter(), "report")
    [row] = await desk.post.fetch("select environment from message where door = 'inbound'")
    assert row[0] == 0


def operators(data: bytes, recipient: str = "abuse@mail.shop.test") -> RawFeedback:
    return RawFeedback(
        id=Entropy().new_id(NOW), tenant=1, environment=1, source="operator", body=data, received_at=NOW,
        headers={"return-path": "jane@x.test", "recipient": recipient},
    )  # fmt: skip


async def test_mail_to_the_operators_mailboxes_goes_to_the_operator_once(desk: Desk) -> None:
    found = letter()
    for recipient in ("abuse@mail.shop.test", "postmaster@mail.shop.test"):
        await desk.letters.take_operators(operators(b"x", recipient), found)
    assert [recipient for _, recipient in await desk.forwards()] == [OPERATOR.address]
    [row] = await desk.post.fetch("select stream, header_from, tags from message where door = 'inbound'")
    assert tuple(row) == ("operator", "jane@x.test", ["operator"])
    assert await desk.post.fetch("select 1 from inbox") == []


@pytest.mark.parametrize(
    "held", [None, letter(fields="List-Id: <l.x.test>\r\n"), letter(author="ops@operator.test"), letter(author="x@shop.test")]
)
async def test_what_is_not_handed_on_to_the_operator_is_kept_in_the_inbox(desk: Desk, held: PersonalReply | None) -> None:
    await desk.letters.take_operators(operators(b"Subject: hi\r\n\r\nhi\r\n"), held)
    assert await desk.forwards() == []
    rows = await desk.post.fetch("select recipient from inbox")
    assert [row[0] for row in rows] == ["abuse@mail.shop.test"]


def test_a_letter_survives_the_way_out_of_the_confined_child() -> None:
    found = letter()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=PersonalReply) == found


async def test_whoever_wrote_and_is_erased_stands_nowhere_and_is_not_told_of_again(desk: Desk) -> None:
    await desk.take(letter())
    await desk.post.work()
    assert "jane@x.test" in await dump(desk.post)
    await erase(*desk.post.admin(), Mailbox("jane", "x.test"), "asked")
    assert "jane@x.test" not in await dump(desk.post)
    await desk.take(letter("And again."))
    assert "jane@x.test" not in await dump(desk.post)
    assert len(await desk.forwards()) == 1
