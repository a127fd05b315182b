"""The timeline: what is shown is what happened, in the contract's shape, within bounds, to its owner alone."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from posthouse.model.message_row import DeliveryRow
from posthouse.model.stored_message import MessageFilter
from posthouse.model.timeline import cursor, measured_from, read_cursor
from posthouse.store.messages import timeline, timeline_sql
from posthouse.store.messages.timeline import get_message, list_messages, raw_facts
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from tests.support.accepted import SEALER, message_row, new_id, put
from tests.support.postgres import NOW

EVENT = "insert into event (tenant, environment, id, message, position, type, at, data) values (1, 1, $1, $2, $3, $4, $5, $6)"
ATTEMPT = """
insert into attempt (tenant, environment, message, position, number, route, adapter, host, remote_id, outcome, reason, stage, reply_code,
    enhanced_code, reply, tls, started_at, duration_ms, first_attempt_at, keyset, digest)
values (1, 1, $1, $2, $3, 'mx', 'mx', 'mx.example.com', '', $4, 'busy', 'rcpt', 451, '4.3.2', '451 4.3.2 later', '', $5, 12.5, $6, $7, $8)
"""


async def tell(database: Database, message: UUID, type: str, at: datetime, position: int = 0, **data: Any) -> None:
    async with database.session() as connection:
        await connection.execute(EVENT, new_id(at), message, position, f"message.{type}", at, data or None)


async def attempt(
    database: Database, message: UUID, number: int, outcome: str, *, digest: bytes | None = None, keyset: int | None = 1
) -> None:
    async with database.session() as connection:
        await connection.execute(ATTEMPT, message, 0, number, outcome, NOW + timedelta(seconds=number), NOW, keyset, digest)


async def listed(database: Database, **wanted: Any) -> list[str]:
    """Subjects of a page."""
    page = await list_messages(database, SEALER, 1, 1, MessageFilter(**wanted))
    return [view.subject or "" for view in page.data]


async def test_one_message_is_shown_in_the_contracts_shape(database: Database) -> None:
    (message,) = await put(
        database,
        message_row(
            NOW,
            "jane@example.com",
            subject="Grüße",
            dedupe_key="k:1",
            tags=("a", "b"),
            metadata={"order": "7"},
            template="order-confirmation",
            template_version=3,
            locale="de",
            occurred_at=NOW - timedelta(seconds=2),
        ),
    )
    await attempt(database, message, 1, "deferred")
    await tell(database, message, "deferred", NOW + timedelta(seconds=1), reason="busy")
    await attempt(database, message, 2, "delivered")
    await tell(database, message, "delivered", NOW + timedelta(seconds=3), reason="accepted")
    view = await get_message(database, SEALER, 1, 1, message)
    shown = msgspec.to_builtins(view, builtin_types=(datetime,))
    assert {k: v for k, v in shown.items() if k not in ("id", "deliveries", "events")} == {
        "type": "transactional",
        "stream": "transactional",
        "subject": "Grüße",
        "from": "noreply@shop.example",
        "status": "delivered",
        "createdAt": NOW,
        "occurredAt": NOW - timedelta(seconds=2),
        "deliverBy": NOW + timedelta(minutes=1),
        "expiresAt": NOW + timedelta(hours=72),
        "dedupeKey": "k:1",
        "tags": ("a", "b"),
        "metadata": {"order": "7"},
        "template": {"name": "order-confirmation", "version": 3, "locale": "de"},
    }
    assert [(e["type"], e["recipient"]) for e in shown["events"]] == [
        (f"message.{word}", "jane@example.com") for word in ("queued", "deferred", "delivered")
    ]
    assert shown["events"][2]["data"] == {"reason": "accepted"}
    assert shown["events"][0]["id"].startswith("evt_")


async def test_a_delivery_and_its_attempts_are_shown_in_the_contracts_shape(database: Database) -> None:
    (message,) = await put(database, message_row(NOW, "jane@example.com", occurred_at=NOW - timedelta(seconds=2)))
    await attempt(database, message, 1, "deferred")
    await tell(database, message, "deferred", NOW + timedelta(seconds=1), reason="busy")
    await attempt(database, message, 2, "delivered")
    await tell(database, message, "delivered", NOW + timedelta(seconds=3), reason="accepted")
    view = await get_message(database, SEALER, 1, 1, message)
    (delivery,) = msgspec.to_builtins(view, builtin_types=(datetime,))["deliveries"]
    attempts = delivery.pop("attempts")
    assert delivery == {
        "recipient": "jane@example.com",
        "status": "delivered",
        "reason": "accepted",
        "latencySeconds": 5.0,
        "nextAttemptAt": None,
    }
    assert attempts[0] == {
        "number": 1,
        "route": "mx",
        "adapter": "mx",
        "remoteId": None,
        "outcome": "deferred",
        "replyCode": 451,
        "enhancedCode": "4.3.2",
        "reply": "451 4.3.2 later",
        "tls": None,
        "startedAt": NOW + timedelta(seconds=1),
        "durationMs": 12.5,
    }
    assert [a["number"] for a in attempts] == [1, 2]


async def test_the_last_state_event_counts_and_what_is_no_state_does_not(database: Database) -> None:
    (message,) = await put(database, message_row(NOW, "a@example.com", "b@example.com"))
    await tell(database, message, "sent", NOW)
    await tell(database, message, "bounced", NOW + timedelta(seconds=2), 1, reason="unknown_recipient")
    await tell(database, message, "bounced", NOW - timedelta(hours=1), reason="mailbox_full")  # told later with an older clock
    await tell(database, message, "opened", NOW + timedelta(seconds=3))
    view = await get_message(database, SEALER, 1, 1, message)
    assert view is not None
    assert [(d.status, d.reason) for d in view.deliveries] == [("bounced", "mailbox_full"), ("bounced", "unknown_recipient")]
    assert view.status == "bounced"


async def test_a_suppressed_recipient_shows_why_and_the_message_what_is_worst(database: Database) -> None:
    suppressed = DeliveryRow(
        position=0, recipient="s@example.com", role=0, site="example.com", flags=None, reason="hard_bounce", event_id=new_id(NOW)
    )
    queued = DeliveryRow(
        position=1, recipient="q@example.com", role=0, site="example.com", flags=0, reason=None, event_id=new_id(NOW)
    )
    (message,) = await put(database, message_row(NOW, deliveries=(suppressed, queued)))
    view = await get_message(database, SEALER, 1, 1, message)
    assert view is not None
    assert [(d.status, d.reason) for d in view.deliveries] == [("suppressed", "hard_bounce"), ("queued", None)]
    assert view.status == "queued"


async def test_a_scheduled_message_says_when_it_will_go(database: Database) -> None:
    due = NOW + timedelta(days=1)
    (message,) = await put(database, message_row(NOW, due=due, send_at=due))
    view = await get_message(database, SEALER, 1, 1, message)
    assert view is not None
    assert view.deliveries[0].next_attempt_at == due


async def test_nobody_sees_what_is_another_tenants_or_environments(database: Database) -> None:
    (message,) = await put(database, message_row(NOW, dedupe_key="k"))
    for tenant, environment in ((2, 1), (1, 0)):
        assert await get_message(database, SEALER, tenant, environment, message) is None
        assert await raw_facts(database, tenant, environment, message) is None
        for wanted in (
            MessageFilter(),
            MessageFilter(recipient="jane@example.com"),
            MessageFilter(dedupe_key="k"),
            MessageFilter(status="queued"),
        ):
            assert (await list_messages(database, SEALER, tenant, environment, wanted)).data == ()


async def test_pages_go_from_the_newest_to_the_oldest_without_gap_or_repeat(database: Database) -> None:
    rows = [message_row(NOW + timedelta(seconds=n), subject=str(n)) for n in range(7)]
    await put(database, *rows)
    seen: list[str] = []
    before: UUID | None = None
    for _ in range(3):
        page = await list_messages(database, SEALER, 1, 1, MessageFilter(limit=3, before=before))
        seen += [view.subject or "" for view in page.data]
        before = read_cursor(page.next_cursor) if page.next_cursor else None
    assert seen == list("6543210")
    assert before is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"type": "receipt"}, ["2"]),
        ({"stream": "news"}, ["1"]),
        ({"tag": "red"}, ["3", "1"]),
        ({"template": "welcome"}, ["3"]),
        ({"recipient": "x@example.com"}, ["2", "1"]),
        ({"recipient": "x@example.com", "tag": "red"}, ["1"]),
        ({"dedupe_key": "k"}, ["2"]),
        ({"dedupe_key": "k", "recipient": "nobody@example.com"}, []),
        ({"status": "bounced"}, ["0"]),
        ({"status": "queued", "limit": 2}, ["3", "2"]),
        ({"since": NOW + timedelta(seconds=1), "until": NOW + timedelta(seconds=2)}, ["2", "1"]),
        ({"type": "receipt", "tag": "red"}, []),
    ],
    ids=str,
)
async def test_filters_narrow_the_list(database: Database, wanted: dict[str, Any], found: list[str]) -> None:
    at = [NOW + timedelta(seconds=n) for n in range(4)]
    messages = await put(
        database,
        message_row(at[0], subject="0"),
        message_row(at[1], "x@example.com", subject="1", stream="news", tags=("red", "blue")),
        message_row(at[2], "x@example.com", "y@example.com", subject="2", type="receipt", dedupe_key="k"),
        message_row(at[3], subject="3", tags=("red",), template="welcome"),
    )
    await tell(database, messages[0], "bounced", at[3])
    assert await listed(database, **wanted) == found


async def test_a_search_that_looked_at_enough_answers_short_and_can_go_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "SCANNED", 4)
    monkeypatch.setattr(timeline, "_CHUNK", 2)
    rows = [message_row(NOW + timedelta(seconds=n), subject=str(n), tags=("rare",) if n == 0 else ()) for n in range(6)]
    messages = await put(database, *rows)
    await tell(database, messages[0], "bounced", NOW)
    for wanted in (MessageFilter(tag="rare"), MessageFilter(status="bounced")):
        first = await list_messages(database, SEALER, 1, 1, wanted)
        assert first.data == ()
        assert first.next_cursor is not None
        second = await list_messages(
            database, SEALER, 1, 1, msgspec.structs.replace(wanted, before=read_cursor(first.next_cursor))
        )
        assert [view.subject for view in second.data] == ["0"]
        assert second.next_cursor is None


async def test_a_subject_that_cannot_be_opened_or_is_gone_is_none(database: Database) -> None:
    (message,) = await put(database, message_row(NOW))
    other = await get_message(database, Sealer(("another",), lambda n: b"\0" * n), 1, 1, message)
    async with database.session() as connection:
        await connection.execute("delete from content")
    gone = await get_message(database, SEALER, 1, 1, message)
    assert other is not None
    assert gone is not None
    assert other.subject is gone.subject is None
    facts = await raw_facts(database, 1, 1, message)
    assert facts is not None
    assert facts.sealed is None


async def test_the_facts_of_the_bytes_are_those_of_the_attempt_that_handed_them_over(database: Database) -> None:
    (message,) = await put(database, message_row(NOW, content=b"what is sent"))
    facts = await raw_facts(database, 1, 1, message)
    assert facts is not None
    assert facts.deliveries[0].first_attempt_at is None
    await attempt(database, message, 1, "delivered", digest=b"d", keyset=2)
    await attempt(database, message, 2, "refused", keyset=None)
    facts = await raw_facts(database, 1, 1, message)
    assert facts is not None
    assert facts.header_domain == "shop.example"
    assert (facts.deliveries[0].keyset, facts.deliveries[0].digest, facts.deliveries[0].first_attempt_at) == (2, b"d", NOW)
    assert facts.sealed is not None
    assert facts.key_id is not None
    assert SEALER.unpack(SEALER.open(facts.sealed, facts.key_id, message.bytes)) == b"what is sent"


@pytest.mark.parametrize(
    ("statement", "extra"),
    [
        (timeline_sql.STATUSES, ([],)),
        (timeline_sql.MESSAGES, ()),
        (timeline_sql.DELIVERIES, ([],)),
        (timeline_sql.ATTEMPTS, (10,)),
        (timeline_sql.EVENTS, (10,)),
    ],
    ids=["statuses", "messages", "deliveries", "attempts", "events"],
)
async def test_rows_are_reached_by_their_message_and_never_through_everybodys(
    database: Database, statement: str, extra: tuple[Any, ...]
) -> None:
    rows = [message_row(NOW + timedelta(seconds=n)) for n in range(300)]
    messages = await put(database, *rows)
    async with database.session() as connection:
        await connection.execute("analyze")
        plan = "\n".join(row[0] for row in await connection.fetch("explain (costs off) " + statement, 1, 1, messages[:5], *extra))
    assert "Seq Scan" not in plan
    assert "xid_id_idx" not in plan
    conditions = [line for line in plan.splitlines() if "Index Cond" in line and "tenant" in line]
    assert conditions
    assert all("message" in line or "id = " in line for line in conditions), plan


def test_a_cursor_is_read_back_and_anything_else_is_none() -> None:
    identifier = new_id(NOW)
    assert read_cursor(cursor(identifier)) == identifier
    for text in ("", "x", "msg_0123", "ü" * 22, "*" * 22, cursor(identifier) + "A"):
        assert read_cursor(text) is None


@pytest.mark.parametrize(
    ("occurred", "scheduled", "began"),
    [(None, None, 0), (-5, None, -5), (5, None, 0), (-86400, None, -86400), (-86401, None, 0), (-5, 60, 60), (None, -1, 0)],
)
def test_latency_begins_with_the_event_if_it_is_believable(occurred: int | None, scheduled: int | None, began: int) -> None:
    moment = [None if n is None else NOW + timedelta(seconds=n) for n in (occurred, scheduled)]
    assert measured_from(NOW, *moment) == NOW + timedelta(seconds=began)
