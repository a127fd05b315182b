"""A person's reply has one event, is forwarded once, and never where it could loop or do harm."""

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
from posthouse.pipeline.feedback.replies import MOST_REPLIES, PersonalReplies, ReplyParts
from posthouse.pipeline.feedback.reply_forwarder import ReplyForwarder
from posthouse.pipeline.feedback.take import FeedbackParts
from posthouse.store.messages.contents import open_content
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


def reply(text: str = "Where is it?", author: str = "jane@x.test", fields: str = "") -> PersonalReply:
    head = (
        f"{fields}From: Jane <{author}>\r\nSubject: Re: Your code is 482913\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\n"
        f"Message-ID: <7@x.test>\r\n"
    )
    found = read_reply(f"{head}\r\n{text}\r\n".encode(), author)
    assert found is not None
    return found


class World:
    """A delivered message of a stream with a reply address, and what takes replies."""

    def __init__(self, post: Posting, replies: PersonalReplies, address_key: Any, message: UUID) -> None:
        self.post, self.replies, self.address_key, self.message = post, replies, address_key, message
        self.key = DeliveryKey(1, 1, message, 0)

    async def take(self, *replies: PersonalReply) -> None:
        for each in replies:
            await self.replies.take(self.key, each, "report")

    async def events(self) -> list[dict[str, Any]]:
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
async def world(database: Database) -> World:
    clock = FakeClock(NOW)
    post = await posting(database, clock)
    post.receiver.answering = lambda _: YES
    key = await load_key(database, SEALER, bytes)
    parts = FeedbackParts(database=database, clock=clock, entropy=Entropy(), key=key)
    forwarder = ReplyForwarder(SEALER, "mail.shop.test", post.entropy.new_id, lambda _: None)
    replies = PersonalReplies(
        ReplyParts(feedback=parts, sealer=SEALER, forwarder=forwarder, own_domains=("bounce.shop.test",), operator=OPERATOR)
    )
    async with database.session() as connection:
        await streams.put(connection, 1, Stream(name="transactional", reply_to=HELP), NOW)
    [message] = await post.send("jane@x.test", type="two_factor_code")
    await post.work()
    return World(post, replies, key, message)


async def test_a_reply_is_an_event_and_goes_to_the_streams_reply_address(world: World) -> None:
    await world.take(reply())
    [(forward, recipient)] = await world.forwards()
    assert recipient == HELP
    assert await world.events() == [
        {
            "source": "report",
            "author": "jane@x.test",
            "replyMessageId": "<7@x.test>",
            "forwarded": True,
            "forwardedAs": ids.text("msg", forward),
        }
    ]
    await world.post.work()
    assert await world.post.state(forward) == "delivered"
    assert world.post.receiver.tried[-1] == HELP


async def test_no_word_of_a_reply_stands_in_the_clear(world: World) -> None:
    await world.take(reply("my secret words"))
    for table in ("event", "message", "delivery", "queue", "content", "feedback_taken"):
        found = "\n".join(str(row[0]) for row in await world.post.fetch(f"select t::text from {table} t"))
        assert "482913" not in found, table
        assert "secret words" not in found, table


async def test_what_is_forwarded_is_what_came_with_a_trace_before_it_and_unsigned(world: World) -> None:
    await world.take(reply("Plain words."))
    [(forward, _)] = await world.forwards()
    [(key_id, sealed)] = await world.post.fetch("select key_id, sealed from content where message = $1", forward)
    content = open_content(SEALER, sealed, key_id, forward.bytes)
    data = compose.finish(content, date=NOW, message_id="<other@x>", extra=b"") + b"\r\n" + content.body
    assert data.endswith(b"Message-ID: <7@x.test>\r\n\r\nPlain words.\r\n")
    trace = data[: data.index(b"From: Jane <jane@x.test>")].decode()
    assert trace.startswith("Received: by mail.shop.test with ESMTP id msg_")
    assert [line.partition(":")[0] for line in trace.splitlines() if not line.startswith(" ")] == [
        "Received",
        "Resent-Date",
        "Resent-From",
        "Resent-To",
        "Resent-Message-ID",
        "X-Posthouse-Forwarded",
    ]
    assert data.count(b"\r\nDate: ") == 1
    [(domain,)] = await world.post.fetch("select header_domain from queue where message = $1", forward)
    assert domain == ""


async def test_the_same_reply_has_one_event_and_is_forwarded_once(world: World) -> None:
    await world.take(reply(), reply(fields="Received: by another.test; now\r\n"), reply())
    assert len(await world.events()) == len(await world.forwards()) == 1
    await world.take(reply("And another thing."))
    assert len(await world.events()) == len(await world.forwards()) == 2


async def test_a_reply_to_what_we_forwarded_goes_nowhere(world: World) -> None:
    await world.take(reply())
    [(forward, _)] = await world.forwards()
    await world.post.work()
    await world.replies.take(DeliveryKey(1, 1, forward, 0), reply("Got it.", "agent@helpdesk.test"), "report")
    assert len(await world.forwards()) == 1
    rows = await world.post.fetch("select data from event where message = $1 and type = 'message.replied'", forward)
    assert [row[0]["reason"] for row in rows] == ["looped"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"fields": "List-Id: <l.x.test>\r\n"}, "list"),
        ({"fields": "Precedence: bulk\r\n"}, "list"),
        ({"fields": "X-Posthouse-Forwarded: here\r\n"}, "looped"),
        ({"author": HELP}, "looped"),
        ({"author": "boss@shop.test"}, "own_domain"),
        ({"author": "boss@eu.shop.test"}, "own_domain"),
        ({"author": "boss@shop.example"}, "own_domain"),
    ],
)
async def test_what_may_loop_or_be_forged_is_an_event_and_not_forwarded(world: World, changed: dict[str, str], why: str) -> None:
    await world.take(reply(**changed))
    [data] = await world.events()
    assert (data["forwarded"], data["reason"]) == (False, why)
    assert await world.forwards() == []


@pytest.mark.parametrize("cause", [Cause.HARD_BOUNCE, Cause.LEGAL, Cause.COMPLAINT])
async def test_nothing_is_forwarded_to_a_suppressed_address(world: World, cause: Cause) -> None:
    entry = SuppressionEntry(
        id=world.post.entropy.new_id(NOW),
        address="Help@shop.test",
        lookup=world.address_key.of("Help@shop.test"),
        cause=cause,
        source="cli",
        reason="x",
        evidence={},
    )
    async with world.post.database.session() as connection:
        await suppressions.add(connection, 1, 1, [entry], NOW, world.post.entropy.new_id)
    await world.take(reply())
    assert [data["reason"] for data in await world.events()] == ["suppressed"]
    assert await world.forwards() == []


async def test_without_a_reply_address_there_is_the_event_and_the_tenants_own_is_the_next(world: World) -> None:
    async with world.post.database.session() as connection:
        await streams.put(connection, 1, Stream(name="transactional"), NOW)
    await world.take(reply("one"))
    assert [data["reason"] for data in await world.events()] == ["no_reply_address"]
    async with world.post.database.session() as connection:
        await connection.execute("update tenant set reply_to = 'us@shop.test' where id = 1")
    await world.take(reply("two"))
    assert [recipient for _, recipient in await world.forwards()] == ["us@shop.test"]


async def test_whoever_has_a_return_path_cannot_flood_the_reply_address(world: World) -> None:
    await world.take(*(reply(f"Letter {number}") for number in range(MOST_REPLIES + 5)))
    assert len(await world.events()) == len(await world.forwards()) == MOST_REPLIES


async def test_replies_come_too_late_after_a_month_and_to_nobody_elses_delivery(world: World) -> None:
    for key in (DeliveryKey(2, 1, world.message, 0), DeliveryKey(1, 0, world.message, 0), DeliveryKey(1, 1, world.message, 1)):
        await world.replies.take(key, reply(), "report")
    clock = world.post.clock
    clock.advance(timedelta(days=30, seconds=1))
    await world.take(reply())
    assert await world.events() == []
    assert await world.forwards() == []


async def test_a_reply_in_the_sandbox_stays_there(world: World) -> None:
    [message] = await world.post.send("joe@x.test", environment=0)
    await world.post.work()
    await world.replies.take(DeliveryKey(1, 0, message, 0), reply(), "report")
    [row] = await world.post.fetch("select environment from message where door = 'inbound'")
    assert row[0] == 0


def operators(data: bytes, recipient: str = "abuse@mail.shop.test") -> RawFeedback:
    return RawFeedback(
        id=Entropy().new_id(NOW),
        tenant=1,
        environment=1,
        source="operator",
        body=data,
        received_at=NOW,
        headers={"return-path": "jane@x.test", "recipient": recipient},
    )


async def test_mail_to_the_operators_mailboxes_goes_to_the_operator_once(world: World) -> None:
    found = reply()
    for recipient in ("abuse@mail.shop.test", "postmaster@mail.shop.test"):
        await world.replies.take_operators(operators(b"x", recipient), found)
    assert [recipient for _, recipient in await world.forwards()] == [OPERATOR.address]
    [row] = await world.post.fetch("select stream, header_from, tags from message where door = 'inbound'")
    assert tuple(row) == ("operator", "jane@x.test", ["operator"])
    assert await world.post.fetch("select 1 from inbox") == []


@pytest.mark.parametrize(
    "held", [None, reply(fields="List-Id: <l.x.test>\r\n"), reply(author="ops@operator.test"), reply(author="x@shop.test")]
)
async def test_what_is_not_forwarded_to_the_operator_is_stored_in_the_inbox(world: World, held: PersonalReply | None) -> None:
    await world.replies.take_operators(operators(b"Subject: hi\r\n\r\nhi\r\n"), held)
    assert await world.forwards() == []
    rows = await world.post.fetch("select recipient from inbox")
    assert [row[0] for row in rows] == ["abuse@mail.shop.test"]


def test_a_reply_survives_the_pipe_of_the_confined_child() -> None:
    found = reply()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=PersonalReply) == found


async def test_whoever_wrote_and_is_erased_stands_nowhere_and_has_no_new_event(world: World) -> None:
    await world.take(reply())
    await world.post.work()
    assert "jane@x.test" in await dump(world.post)
    await erase(*world.post.admin(), Mailbox("jane", "x.test"), "asked")
    assert "jane@x.test" not in await dump(world.post)
    await world.take(reply("And again."))
    assert "jane@x.test" not in await dump(world.post)
    assert len(await world.forwards()) == 1
