"""Erasure goes over every column that may hold an address: the schema is asked for them, and each stands here with its fate."""

from typing import Any, Final

import pytest

from posthouse.admin import address_pattern, erasure
from posthouse.admin.erasure import AddressInUse, Erased
from posthouse.mail.address import parse_mailbox
from posthouse.model.mailbox import Mailbox
from posthouse.store.postgres.database import Database
from posthouse.testing.clock import FakeClock
from tests.admin.test_erasure import dump, mailbox
from tests.support.postgres import NOW
from tests.support.posting import Posting, posting

JANE: Final = "jane.doe@x.test"
# No tenant's rows: texts that are the machine's own, and the tenant's own settings, which an erasure asks to be changed first.
NOBODYS: Final = {
    "schema_migration": "names of our own scripts",
    "tenant": "the tenant's own name and addresses; asked about before anything is erased",
    "worker": "the name of a machine and a file",
}
# Octets in which an address stands in clear would be found by nothing; so each says what it holds.
OCTETS: Final = {
    "attempt.digest": "a digest", "content.sealed": "sealed", "content.subject": "sealed", "content.variables": "sealed",
    "credential.digest": "a digest", "dedupe.fingerprint": "a digest", "dkim_key.sealed": "sealed", "feedback_queue.sealed": "sealed",
    "hook.lookup": "a digest", "inbox.sealed": "sealed", "schema_migration.fingerprint": "a digest", "installation.secret_check": "a digest", "soft_bounce.lookup": "a keyed hash",
    "suppression.lookup": "a keyed hash", "suppression_key.sealed": "sealed", "template_version.digest": "a digest",
    "webhook_secret.sealed": "sealed",
}  # fmt: skip
# Kinds that hold no text at all.
PLAIN: Final = {
    "boolean", "integer", "smallint", "bigint", "real", "double precision", "uuid", "xid8", "timestamp with time zone", "uuid[]",
    "smallint[]", "integer[]",
}  # fmt: skip
COLUMNS: Final = """
select table_name, column_name, case when data_type = 'ARRAY' then substr(udt_name, 2) || '[]' else data_type end
from information_schema.columns c
where table_schema = current_schema() and exists (
    select 1 from pg_class p where p.relname = c.table_name and p.relkind in ('r', 'p') and p.relnamespace = current_schema()::regnamespace
      and (not p.relispartition or p.relname = 'content_brief'))
order by 1, 2
"""
TEXTS: Final = {"text", "_text", "jsonb"}
# Columns that take only certain words.
WORDS: Final = """
select conrelid::regclass::text || '.' || a.attname, substring(pg_get_constraintdef(k.oid) from $$'([^']+)'$$)
from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any(k.conkey)
where k.contype = 'c' and k.connamespace = current_schema()::regnamespace
"""
FILLERS: Final[dict[str, Any]] = {
    "int2": 0, "int8": 1, "xid8": 5, "bool": False, "float4": 0.5, "timestamptz": NOW,
}  # fmt: skip
# Names that other rows refer to by a foreign key; they take no @ (doors.api.shared.fields.TemplateName).
NAMES: Final = {"template.name", "template_version.name", "template_test_version.name"}
# Settings of a tenant's are asked about, not blotted out, while they are in use.
ASKED: Final = {"brand", "stream", "credential", "webhook_endpoint", "template_wording", "template_part", "tenant"}


@pytest.fixture
async def post(database: Database) -> Posting:
    return await posting(database, FakeClock(NOW))


async def test_every_column_of_the_schema_is_gone_over_or_cannot_hold_an_address(post: Posting) -> None:
    gone_over = {(row[0], row[1]) for row in await post.fetch('select name, "column" from erasable')}
    partitions = dict(
        await post.fetch("select inhparent::regclass::text, min(inhrelid::regclass::text) from pg_inherits group by 1")
    )
    for table, column, kind in await post.fetch(COLUMNS):
        name, leaf = f"{table}.{column}", partitions.get(table, table)
        leaf = partitions.get(leaf, leaf)
        if kind == "bytea":
            assert name in OCTETS or table == "content_brief", f"what does {name} hold?"
        elif kind not in PLAIN and table not in NOBODYS:
            assert (leaf, column) in gone_over, f"{name} ({kind}) may hold an address and is not gone over"


async def test_every_partition_is_gone_over(post: Posting) -> None:
    gone_over = {row[0] for row in await post.fetch("select distinct name from erasable")}
    texts = {"message", "delivery", "attempt", "event", "inbox", "webhook_attempt"}
    for name, parent in await post.fetch("select inhrelid::regclass::text, inhparent::regclass::text from pg_inherits"):
        assert name in gone_over or parent not in texts, name


async def test_an_address_in_any_text_of_any_table_is_gone(post: Posting) -> None:
    planted = await plant(post)
    assert len(planted) > 60, planted
    assert (await dump(post)).count(JANE) >= len(planted)
    done = await erasure.erase(*post.admin(), mailbox(JANE), f"{JANE} wrote to us")
    assert isinstance(done, Erased)
    assert JANE not in await dump(post)
    assert "mary.jane.doe" not in await dump(post)


async def plant(post: Posting) -> list[str]:
    """A row with the address in every text that takes it, in every table; the columns. Of two rows each, in two spellings."""
    words = dict(await post.fetch(WORDS)) | dict.fromkeys(NAMES, "name")
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in await post.fetch(
        "select c.relname, a.attname, t.typname from pg_class c join pg_attribute a on a.attrelid = c.oid join pg_type t on "
        "t.oid = a.atttypid "
        "where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition "
        "and a.attnum > 0 and not a.attisdropped and a.attidentity = '' order by 1, a.attnum"
    ):
        tables.setdefault(table, []).append((column, kind))
    planted = []
    async with post.database.session() as connection:
        await connection.execute("set session_replication_role = replica")  # rows of their own: no foreign keys
        values: list[Any] = []
        for table, columns in tables.items():
            names = [column for column, _ in columns]
            free = [column for column, kind in columns if kind in TEXTS and f"{table}.{column}" not in words]
            if "tenant" not in names or table in ASKED or not free:
                continue
            for spelled in (JANE, JANE.title()):
                values = [filled(post, table, column, kind, spelled, words) for column, kind in columns]
                places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
                names_told = ", ".join(f'"{name}"' for name in names)
                await connection.execute(f"insert into {table} ({names_told}) values ({places})", *values)
            planted += [
                f"{table}.{column}" for (column, kind), value in zip(columns, values, strict=True) if JANE.title() in str(value)
            ]
        await connection.execute("set session_replication_role = origin")
    return planted


def filled(post: Posting, table: str, column: str, kind: str, spelled: str, words: dict[str, str]) -> Any:
    if column == "tenant":
        return 1
    if kind == "uuid":
        return post.entropy.new_id(NOW)
    if f"{table}.{column}" in words and kind == "text":
        return words[f"{table}.{column}"]
    if kind == "jsonb":
        return {"a": [f"first\n{spelled}"], spelled: spelled}
    if kind.startswith("_"):
        return [spelled, "other"]
    if kind in ("int4", "bytea"):  # keys of numbers and octets stay apart
        return {"int4": (1, 2), "bytea": (b"one", b"other")}[kind][spelled == JANE]
    return FILLERS.get(kind, f"<{spelled}>")


async def test_nothing_is_erased_while_settings_hold_it_and_they_are_named(post: Posting) -> None:
    await post.fetch("update tenant set reply_to = $1 where id = 1", f"Help <{JANE}>")
    await post.fetch("insert into stream (tenant, name, reply_to, changed_at) values (1, 'marketing', $1, now())", JANE)
    await post.fetch(
        "insert into webhook_endpoint (tenant, environment, id, url, created_at) values (1, 1, $1, 'https://a.test/?m=jane.doe%40x.test', now())",
        post.entropy.new_id(NOW),
    )
    await post.send(JANE)
    found = await erasure.erase(*post.admin(), mailbox(JANE), "asked")
    assert found == AddressInUse(("stream/marketing", "the tenant", "webhook/https://a.test/?m=jane.doe%40x.test"))
    assert [row[0] for row in await post.fetch("select recipient from delivery")] == [JANE]
    assert await post.fetch("select 1 from suppression") == []


async def test_it_goes_in_batches_each_in_a_transaction_of_its_own(post: Posting) -> None:
    from posthouse.model.erasure import AddressToErase  # noqa: PLC0415
    from posthouse.store.recipients import erasure as erasing  # noqa: PLC0415 - the room below, looked at here only

    for number in range(7):
        await post.send(f"u{number}@x.test", metadata={"about": JANE})
    address = parse_mailbox(JANE)
    assert isinstance(address, Mailbox)
    what = AddressToErase(
        tenant=1,
        lookup=b"",
        spellings=address_pattern.spellings(JANE),
        core=address_pattern.core(JANE),
        pattern=address_pattern.pattern(JANE),
        reason="",
        actor="",
    )
    async with post.database.session() as connection:
        assert await erasing.erase_from_texts(connection, what, batch=2) == 7
    [(count,)] = await post.fetch("select count(distinct xmin::text) from message")
    assert count == 4
