"""``init`` and ``migrate``."""

import json

from tests.doors.cli.conftest import World

NEW = "another secret key for tests that is long enough"


def test_init_makes_a_tenant_and_prints_what_the_contract_says(world: World) -> None:
    made = world.json("init")
    assert set(made) == {"tenant", "liveKey", "testKey", "smtp"}
    assert set(made["smtp"]) == {"username", "password"}
    assert made["liveKey"].startswith("ph_live_")
    assert made["testKey"].startswith("ph_test_")


def test_init_on_an_initialised_database_makes_nothing_and_exits_3(founded: World) -> None:
    before = founded.json("key", "list")
    again = founded.run("init", "--json")
    assert (again.exit_code, again.stdout) == (3, "")
    assert founded.json("key", "list") == before


def test_init_for_a_person_shows_every_secret_once(world: World) -> None:
    result = world.run("init")
    assert [line.split("  ")[0].strip() for line in result.stdout.splitlines()] == [
        "tenant",
        "live key",
        "test key",
        "SMTP user name",
        "SMTP password",
    ]


def test_migrate_says_which_schema_there_is(world: World) -> None:
    assert world.json("migrate")["schema"] >= 1
    assert "current" in world.run("migrate").stdout


def test_an_outside_database_needs_a_secret_key(world: World) -> None:
    result = world.run("domain", "list", SECRET_KEY="")
    assert result.exit_code == 2
    assert result.stderr.startswith("posthouse: POSTHOUSE_SECRET_KEY is not set")
    assert result.stdout == ""


def test_another_secret_key_is_refused_in_one_sentence(founded: World) -> None:
    result = founded.run("domain", "list", SECRET_KEY="another")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "another" not in result.stderr.replace("another database", "")


def test_a_rotated_secret_key_goes_on(founded: World) -> None:
    assert founded.run("domain", "list", SECRET_KEY=f"{NEW},a secret key for tests that is long enough").exit_code == 0
    assert founded.run("domain", "list", SECRET_KEY=NEW).exit_code == 0


def test_a_database_that_does_not_answer_is_one_sentence(world: World) -> None:
    result = world.run("messages", "list", DATABASE_URL="postgresql://nobody:hunter2@127.0.0.1:1/x")
    assert result.exit_code == 2
    assert "hunter2" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_before_init_a_command_names_it(world: World) -> None:
    result = world.run("key", "list")
    assert result.exit_code == 2
    assert "posthouse init" in result.stderr


def test_a_database_without_a_schema_names_migrate(world: World) -> None:
    bare = world.environ["POSTHOUSE_DATABASE_URL"].replace("/test_", "/postgres?x=").split("?x=")[0]
    query = world.environ["POSTHOUSE_DATABASE_URL"].partition("?")[2]
    result = world.run("domain", "list", DATABASE_URL=f"{bare}?{query}")
    assert result.exit_code == 2
    assert "posthouse migrate" in result.stderr


def test_a_wrong_setting_stops_every_command_with_a_sentence_each(world: World) -> None:
    for command in (["serve"], ["domain", "list"], ["doctor"], ["config"]):
        result = world.run(*command, HTTP="nowhere", WORKERS="many")
        assert result.exit_code == 2
        assert [line.split()[1] for line in result.stderr.splitlines() if line] == ["POSTHOUSE_HTTP", "POSTHOUSE_WORKERS"]


def test_no_json_is_printed_beside_the_answer(world: World) -> None:
    assert len(world.run("init", "--json").stdout.splitlines()) == 1
    json.loads(world.run("key", "list", "--json").stdout)
