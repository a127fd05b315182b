"""After an erasure the address stands nowhere in the database, others' stay, and it is still not written to."""

import re
from typing import Any

import pytest

from posthouse.admin import address_pattern, erasure, suppressions
from posthouse.admin.erasure import Erased
from posthouse.admin.suppression_csv import SuppressionToAdd
from posthouse.admin.suppressions import ImportFile
from posthouse.mail.address import parse_mailbox
from posthouse.model.mailbox import Mailbox
from posthouse.model.suppression import Cause, SuppressionRule
from posthouse.store.postgres.database import Database
from posthouse.store.recipients.suppression_rule import set_rule
from posthouse.testing.clock import FakeClock
from tests.support.postgres import NOW
from tests.support.posting import UNKNOWN, Posting, posting

JANE = "Jane.Doe@x.test"
TABLES = """
select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind = 'r'
"""


@pytest.fixture
async def post(database: Database) -> Posting:
    return await posting(database, FakeClock(NOW))


async def dump(post: Posting) -> str:
    """Every row of every table as text, in lower case."""
    found = []
    async with post.database.session() as connection:
        for (table,) in await connection.fetch(TABLES):
            found += [f"{table}: {row[0]}" for row in await connection.fetch(f"select t::text from {table} t")]
    return "\n".join(found).lower()


def mailbox(text: str) -> Mailbox:
    found = parse_mailbox(text)
    assert isinstance(found, Mailbox)
    return found


async def history(post: Posting) -> None:
    """A life: mail that arrived, bounced, waits, is suppressed; keys, tags, metadata and replies that name it."""
    reply = {"deliveries": [{"recipient": JANE}]}
    named: dict[str, Any] = {
        "dedupe_key": f"reset:{JANE}:1",
        "supersedes": f"to={JANE.lower()}",
        "tags": (JANE, "a"),
        "metadata": {"who": f"<{JANE}>"},
        "reply": reply,
    }
    await post.send(JANE, **named)
    await post.work()
    await post.send("admin@x.test", metadata={"about": JANE, "link": "https://a.test/?m=jane.doe%40X.test&x=1"})
    post.receiver.answering = lambda _: UNKNOWN
    await post.send(JANE.lower(), "mary.jane.doe@x.test")
    await post.work()
    await suppressions.add(*post.admin(), [SuppressionToAdd(address=JANE, cause=Cause.MANUAL, reason=f"{JANE} rang us up")])
    await post.send(JANE, '"jane.doe"@x.test', due=NOW.replace(year=2027), send_at=NOW.replace(year=2027))
    await post.fetch(
        "insert into inbox values (1, 1, $1, $1, 0, $2, 'x', now(), 1, 'sealed')",
        post.entropy.new_id(NOW),
        JANE.upper().replace("X.TEST", "x.test"),
    )


async def test_it_stands_nowhere_and_is_still_not_written_to(post: Posting) -> None:
    await history(post)
    assert "jane.doe@x.test" in await dump(post)
    done = await erasure.erase(*post.admin(), mailbox(JANE), "asked")
    after = await dump(post)
    assert not re.search(r"(?<!mary\.)jane\.doe(?:\"|\\)*(?:@|%40)x\.test", after)
    assert "mary.jane.doe@x.test" in after
    assert isinstance(done, Erased)
    assert (done.messages, done.stopped, done.pending) == (4, 2, 0)
    for environment in (0, 1):
        for spelled in (JANE, "jane.doe@x.test", '"jane.doe"@x.test'):
            [message] = await post.send(spelled, environment=environment)
            await post.work()
            assert (await post.state(message), (await post.data(message))["reason"]) == ("suppressed", "legal")


async def test_security_mail_is_not_let_through_by_the_setting_either(post: Posting) -> None:
    async with post.database.session() as connection:
        await set_rule(connection, 1, 1, SuppressionRule(legal_passes_security=True))
    await erasure.erase(*post.admin(), mailbox(JANE), "asked")
    await suppressions.add(*post.admin(), [SuppressionToAdd(address="court@x.test", cause=Cause.LEGAL)])
    erased, court = await post.send(JANE, "court@x.test", type="security_alert")
    await post.work()
    assert [await post.state(erased), await post.state(court)] == ["suppressed", "delivered"]


async def test_whoever_enters_it_again_writes_no_address(post: Posting) -> None:
    await erasure.erase(*post.admin(), mailbox(JANE), "asked")
    [entry] = await suppressions.add(*post.admin(), [SuppressionToAdd(address=JANE, reason=JANE)])
    imported = await suppressions.import_csv(
        *post.admin(),
        ImportFile(lines=[f"{JANE}\n"], name="f", defaults=SuppressionToAdd(address="", cause=Cause.IMPORTED)),
        lambda *_: None,
    )
    assert (entry.address, imported.added) == (None, 1)
    assert "jane.doe" not in await dump(post)


async def test_another_tenants_records_are_its_own(post: Posting) -> None:
    await post.send(JANE, tenant=2)
    await erasure.erase(*post.admin(), mailbox(JANE), "asked")
    assert [row[0] for row in await post.fetch("select recipient from delivery")] == [JANE]


async def test_it_is_on_record_without_the_address_and_only_the_operator_can_lift_it(post: Posting) -> None:
    done = await erasure.erase(*post.admin(), mailbox(JANE), "asked")
    assert isinstance(done, Erased)
    [(subject, data)] = await post.fetch("select subject, data from audit where action = 'address erased'")
    assert (subject, data["reason"]) == (f"suppression/{done.entries[-1]}", "asked")
    [entry] = await post.fetch("select id from suppression where environment = 1")
    refused = await suppressions.remove(*post.admin(is_operator=False), [entry[0]], "we want to")
    assert (refused.removed, len(refused.refused)) == ((), 1)
    assert len((await suppressions.remove(*post.admin(), [entry[0]], "she asked for it")).removed) == 1


@pytest.mark.parametrize(
    "text",
    [
        "mary.jane@x.test",
        "jane@x.test.au",
        "jane@x.testing",
        "x-jane@x.test",
        "a+jane@x.test",
        "njane@x.test",
        "\\\\njane@x.test",
    ],
)
async def test_what_only_contains_it_is_somebody_elses(post: Posting, text: str) -> None:
    found = await post.fetch("select $1::text ~ $2::text", text, address_pattern.pattern("jane@x.test"))
    assert not found[0][0]


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("jane@x.test", "550 <JANE@x.test>: gone"),
        ("jane@x.test", "to=jane@X.TEST,"),
        ("jane@x.test", "jane%40x.test"),
        ("jane@x.test", "write to jane@x.test."),
        ('"a b"@x.test', '{"to": "\\"a b\\"@x.test"}'),
        ("jörg@x.test", "jörg@x.test"),
        ("a@xn--bcher-kva.example", "A@bücher.example"),
        ("a@xn--bcher-kva.example", "A@BÜCHER.example"),
        ("a@xn--bcher-kva.example", "https://a.test/?m=a%40b%C3%BCcher.example"),
        ("o'neil*@x.test", "o'neil*@x.test"),
        ("o'neil*@x.test", "<p>O&#39;Neil*&#64;x.test</p>"),
        ("jane+a@x.test", "https://a.test/?m=jane%2ba%40x.test"),
        ("jane@x.test", '{"reply": "550-5.1.1 no\\njane@x.test"}'),
        ("jane@x.test", '{"reply": "\\u003cjane\\u0040x.test\\u003e"}'),
        ("jane@x.test", "mailto:%3Cjane@x.test%3E"),
        ("jörg@x.test", "j%C3%B6rg@x.test"),
        ("jörg@x.test", '{"to": "j\\u00f6rg@x.test"}'),
    ],
)
async def test_it_is_found_however_a_text_writes_it(post: Posting, address: str, text: str) -> None:
    found = await post.fetch(
        "select $1::text ~ $2::text, $1::text ~ $3::text", text, address_pattern.pattern(address), address_pattern.core(address)
    )
    assert tuple(found[0]) == (True, True)
