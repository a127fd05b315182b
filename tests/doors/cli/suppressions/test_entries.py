"""`posthouse suppression`: shown and changed, files in and out, a window taken back, an address erased."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from posthouse.admin import suppressions
from posthouse.admin.suppression_csv import SuppressionToAdd
from posthouse.admin.suppressions import ImportFile
from posthouse.model.suppression import Cause, SuppressionEntry
from posthouse.net.entropy import Entropy
from posthouse.store.postgres.database import Database, connect
from posthouse.store.recipients import suppressions as stored
from posthouse.testing.clock import FakeClock
from tests.doors.cli.conftest import World
from tests.support.accepted import SEALER
from tests.support.postgres import NOW, complete
from tests.support.use_cases import admin_context, operator

MANY = 20_000
MILLION = 1_000_000


def shown(founded: World, *arguments: str) -> list[dict[str, Any]]:
    return list(founded.json("suppression", "list", *arguments)["data"])


def test_addresses_are_entered_shown_and_taken_off_with_a_reason(founded: World) -> None:
    made = founded.json("suppression", "add", "Jane@x.test", "joe@x.test", "--reason", "asked", "--stream", "marketing")
    assert made["added"] == 2
    assert founded.json("suppression", "add", "jane@x.test", "--reason", "again", "--stream", "marketing")["added"] == 0
    [jane] = shown(founded, "--address", "JANE@x.test")
    assert (jane["address"], jane["cause"], jane["reason"], jane["source"], jane["stream"]) == (
        "Jane@x.test",
        "manual",
        "asked",
        "cli",
        "marketing",
    )
    assert jane["actor"].startswith("cli:")
    assert [len(shown(founded, "--cause", cause)) for cause in ("manual", "complaint", "provisional")] == [2, 0, 0]
    assert len(founded.json("suppression", "remove", "jane@x.test", jane["id"], "--reason", "back")["removed"]) == 1
    assert [each["address"] for each in shown(founded)] == ["joe@x.test"]
    assert founded.run("suppression", "remove", "jane@x.test", "--reason", "back").exit_code == 1
    assert "joe@x.test" in founded.run("suppression", "list").stdout
    assert shown(founded, "--test") == []


def test_a_reason_is_asked_for_and_what_is_no_address_is_said(founded: World) -> None:
    assert founded.run("suppression", "add", "jane@x.test").exit_code == 2
    assert founded.run("suppression", "add", "nobody", "--reason", "x").exit_code == 2


def test_the_operator_takes_off_what_the_law_put_there(founded: World) -> None:
    founded.json("suppression", "add", "jane@x.test", "--cause", "legal", "--reason", "a court")
    assert len(founded.json("suppression", "remove", "jane@x.test", "--reason", "the court again")["removed"]) == 1


def test_a_file_is_entered_line_by_line_and_its_faults_are_told_by_number(founded: World, tmp_path: Path) -> None:
    file = tmp_path / "bounces.csv"
    file.write_text(
        "\ufeffEmail Address,Cause,Stream,Until,Comment\r\n"
        "jane@x.test,hard bounce,,,\r\n"
        '"Doe, Joe" <joe@x.test>,spam,marketing,2027-01-01T00:00:00Z,x\r\n'
        '"""Doe, Joe"" <joe@x.test>",spam,marketing,2027-01-01T00:00:00Z,x\r\n'
        "\r\nnobody,,,,\r\nann@x.test,whim,,,\r\nann@x.test,,,soon,\r\nann@x.test\r\nANN@x.test,\r\n"
    )
    result = founded.run("suppression", "import", str(file), "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert {name: told[name] for name in ("read", "added", "rejected")} == {"read": 8, "added": 3, "rejected": 4}
    assert [line["line"] for line in told["told"]] == [3, 6, 7, 8]
    found = {each["address"].lower(): (each["cause"], each["stream"], each["evidence"]) for each in shown(founded)}
    assert found["jane@x.test"] == ("hard_bounce", None, {"file": "bounces.csv", "line": 2})
    assert found["joe@x.test"][:2] == ("complaint", "marketing")
    assert found["ann@x.test"][0] == "imported"


def test_one_address_a_line_is_a_file_too_also_from_standard_input(founded: World) -> None:
    result = founded.run(
        "suppression", "import", "-", "--cause", "unsubscribe", "--stream", "marketing", "--json", text="a@x.test\nb@x.test\n"
    )
    assert json.loads(result.stdout)["added"] == 2
    assert {each["cause"] for each in shown(founded)} == {"unsubscribe"}


def test_what_is_carried_away_comes_back_as_it_was(founded: World, tmp_path: Path) -> None:
    founded.json("suppression", "add", "jane@x.test", '"a, b"@x.test', "--reason", 'said "no", twice', "--security")
    file = tmp_path / "list.csv"
    assert founded.run("suppression", "export", "--output", str(file)).exit_code == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert [row["address"] for row in rows] == ["jane@x.test", '"a, b"@x.test']
    founded.json("suppression", "remove", "jane@x.test", '"a, b"@x.test', "--reason", "x")
    assert founded.json("suppression", "import", str(file))["added"] == 2
    assert {(each["address"], each["cause"], each["reason"], each["security"]) for each in shown(founded)} == {
        ("jane@x.test", "manual", 'said "no", twice', True),
        ('"a, b"@x.test', "manual", 'said "no", twice', True),
    }


async def _bounces(world: World, count: int) -> None:
    """As a worker enters them, heard from gmail.test."""
    database = await connect(world.environ["POSTHOUSE_DATABASE_URL"], size=1, application="test")
    entropy, now = Entropy(), datetime.now(UTC)
    news = [
        SuppressionEntry(
            address=f"u{n}@gmail.test", lookup=bytes([n]) * 16, cause=Cause.HARD_BOUNCE, source="smtp", provider="gmail.test"
        )
        for n in range(count)
    ]
    async with database.session() as connection:
        await stored.add(connection, 1, 1, news, now, entropy.new_id)
    await database.close()


def test_a_window_of_a_provider_is_taken_back(founded: World) -> None:
    complete(_bounces(founded, 5))
    begin, end = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))
    window = ("--from", begin.isoformat(), "--to", end.isoformat())
    assert founded.json("suppression", "undo", "--provider", "other.test", *window) == {"removed": 0, "waiting": 0}
    assert founded.json("suppression", "undo", "--provider", "Gmail.test", *window) == {"removed": 5, "waiting": 0}
    assert shown(founded) == []


def test_erasing_asks_first_and_leaves_one_entry_without_an_address(founded: World) -> None:
    founded.json("suppression", "add", "jane@x.test", "--reason", "x")
    assert founded.run("suppression", "erase", "jane@x.test", text="n\n").exit_code == 1
    assert founded.json("suppression", "erase", "jane@x.test", "--yes")["messages"] == 0
    [left] = shown(founded, "--address", "jane@x.test")
    assert (left["address"], left["cause"], left["liftableBy"]) == (None, "legal", "operator")
    assert "(erased)" in founded.run("suppression", "list").stdout


def test_rules_are_shown_and_set(founded: World) -> None:
    assert founded.json("suppression", "rules") == {"softLimit": 5, "legalPassesSecurity": False}
    assert founded.json("suppression", "rules", "--soft-limit", "3", "--legal-passes-security")["softLimit"] == 3
    assert founded.json("suppression", "rules") == {"softLimit": 3, "legalPassesSecurity": True}
    assert founded.run("suppression", "rules", "--soft-limit", "2").exit_code == 2


def _lines(count: int) -> Iterator[str]:
    yield "address,cause,reason\n"
    for number in range(count):
        yield f"user{number}@example{number % 997}.test,hard_bounce,old list\n"


async def _there_and_back(database: Database, count: int) -> tuple[int, int, list[tuple[int, int]]]:
    """Bring ``count`` addresses and carry them away; how many each way, what progress heard, and never much memory."""
    async with database.session() as connection:
        await connection.execute("insert into tenant (ref, name, created_at) values ('t1', 'T', now())")
    heard: list[tuple[int, int]] = []
    context, actor = admin_context(database, SEALER, FakeClock(NOW)), operator()
    file = ImportFile(lines=_lines(count), name="f", defaults=SuppressionToAdd(address=""))
    tracemalloc.start()
    done = await suppressions.import_csv(context, actor, file, lambda read, added: heard.append((read, added)))
    written = await suppressions.export_csv(context, actor, lambda _: None, lambda _: None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 << 20, peak
    return done.added, written, heard


@pytest.mark.slow
async def test_a_long_file_is_entered_in_chunks_and_told_of_as_it_goes(database: Database) -> None:
    added, written, heard = await _there_and_back(database, MANY)
    assert (added, written) == (MANY, MANY)
    assert heard == [(n, n) for n in range(5000, MANY + 1, 5000)]
    async with database.session() as connection:
        again = await connection.fetchval("select count(*) from pg_tables where tablename = 'incoming'")
    assert again == 0
    assert list(islice(_lines(1), 2))[1].startswith("user0@")


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_a_million_rows_are_entered_in_constant_memory(database: Database) -> None:
    added, written, _ = await _there_and_back(database, MILLION)
    assert (added, written) == (MILLION, MILLION)
