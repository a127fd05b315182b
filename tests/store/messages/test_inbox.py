"""The inbox keeps what would have been on the wire, for its owner."""

from datetime import timedelta

import pytest

from posthouse.model.inbox import InboxFilter, NewInboxItem
from posthouse.store.messages import inbox
from posthouse.store.postgres.database import Database
from posthouse.store.seal import SealBroken, Sealer
from tests.support.accepted import SEALER, new_id
from tests.support.postgres import NOW
from tests.support.writes import write


def item(seconds: int, recipient: str = "jane@example.com", type: str = "receipt", environment: int = 0) -> NewInboxItem:
    return NewInboxItem(
        id=new_id(NOW + timedelta(seconds=seconds)),
        tenant=1,
        environment=environment,
        message=new_id(NOW),
        position=0,
        recipient=recipient,
        type=type,
        data=b"Subject: %d\r\n\r\nhello\r\n" % seconds,
    )


async def keep(database: Database, *items: NewInboxItem) -> None:
    async with database.session() as connection:
        await inbox.insert_many(connection, SEALER, items, NOW)


async def found(database: Database, wanted: InboxFilter, environment: int = 0) -> list[bytes]:
    items = await inbox.list_items(database, SEALER, 1, environment, wanted)
    return [i.data.split(b"\r\n")[0][9:] for i in items]


async def test_the_bytes_come_back_newest_first(database: Database) -> None:
    items = [item(n) for n in range(3)]
    await keep(database, *items)
    assert await found(database, InboxFilter()) == [b"2", b"1", b"0"]
    assert await found(database, InboxFilter(limit=2)) == [b"2", b"1"]
    assert await found(database, InboxFilter(before=items[1].id)) == [b"0"]
    one = await inbox.get(database, SEALER, 1, 0, items[1].id)
    assert one is not None
    assert (one.data, one.recipient, one.message, one.received_at) == (items[1].data, "jane@example.com", items[1].message, NOW)


async def test_filters_narrow_and_environments_are_apart(database: Database) -> None:
    await keep(database, item(1, "a@x.example", "receipt"), item(2, "b@x.example", "digest"), item(3, "a@x.example", "digest", 1))
    assert await found(database, InboxFilter(recipient="a@x.example")) == [b"1"]
    assert await found(database, InboxFilter(type="digest")) == [b"2"]
    assert await found(database, InboxFilter(recipient="a@x.example", type="digest")) == []
    assert await found(database, InboxFilter(since=NOW + timedelta(seconds=2))) == [b"2"]
    assert await found(database, InboxFilter(), environment=1) == [b"3"]


async def test_emptying_takes_all_of_one_environment_or_of_one_recipient(database: Database) -> None:
    await keep(database, item(1, "a@x.example"), item(2, "b@x.example"), item(3, "c@x.example"), item(4, environment=1))
    assert await write(database, inbox.delete_all, 1, 0, "a@x.example") == 1
    assert await write(database, inbox.delete_all, 1, 0) == 2
    assert await found(database, InboxFilter(), environment=1) == [b"4"]


async def test_what_rests_is_sealed(database: Database) -> None:
    await keep(database, item(1))
    with pytest.raises(SealBroken):
        await inbox.list_items(database, Sealer(("another",), lambda n: b"\0" * n), 1, 0, InboxFilter())
