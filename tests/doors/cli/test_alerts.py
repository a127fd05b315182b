"""`posthouse alerts`: what happened and what to do, for a person and for a program."""

from datetime import UTC, datetime
from typing import Any

import click
import pytest

from posthouse.doors.cli import posthouse
from posthouse.net.entropy import Entropy
from posthouse.policy.alerts import ALERT_TYPES, describe_alert
from posthouse.store.messages import events
from posthouse.store.postgres.database import connect
from tests.doors.cli.conftest import World
from tests.support.postgres import complete

GROWN = {"added": 120, "usual": 2.5}


def told(world: World, type: str, data: dict[str, Any], environment: int = 1) -> None:
    """An alert of the first tenant."""

    async def work() -> None:
        database, now = await connect(world.environ["POSTHOUSE_DATABASE_URL"], size=1, application="test"), datetime.now(UTC)
        async with database.session() as connection:
            await events.append(connection, 1, environment, Entropy().new_id(now), type, now, data)
        await database.close()

    complete(work())


def test_without_any_it_says_so(founded: World) -> None:
    result = founded.run("alerts")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No alerts.\n")
    assert founded.json("alerts", "list") == {"data": [], "nextCursor": None}


def test_each_is_told_with_what_to_do(founded: World) -> None:
    told(founded, "alert.suppression_growth", GROWN)
    told(founded, "alert.webhook_disabled", {"host": "app.example\x1b[2J", "endpointId": "whk_1"})
    for arguments in (("alerts",), ("alerts", "list")):
        shown = founded.run(*arguments).stdout
        assert shown.index("app.example·[2J") < shown.index("120 addresses")
        assert "posthouse webhook enable whk_1" in shown
        assert "\x1b" not in shown


def test_a_program_reads_the_same_and_goes_on_page_by_page(founded: World) -> None:
    told(founded, "alert.suppression_growth", GROWN)
    told(founded, "alert.webhook_disabled", {"host": "app.example"})
    told(founded, "alert.suppression_growth", GROWN, environment=0)
    first = founded.json("alerts", "list", "--limit", "1")
    [newest] = first["data"]
    assert (newest["type"], newest["severity"]) == ("alert.webhook_disabled", "critical")
    second = founded.json("alerts", "list", "--limit", "1", "--cursor", first["nextCursor"])
    assert (second["data"][0]["data"], second["nextCursor"]) == (GROWN, None)
    assert len(founded.json("alerts", "list", "--test")["data"]) == 1
    assert len(founded.json("alerts", "list", "--type", "alert.suppression_growth")["data"]) == 1
    assert founded.run("alerts", "list", "--cursor", "x").exit_code == 2


@pytest.mark.parametrize("type", ALERT_TYPES)
def test_every_command_that_is_advised_is_one(type: str) -> None:
    commands = [step.command for step in describe_alert(type, {"messageType": "receipt", "provider": "a.test"}).advice]
    for command in commands:
        if not command.startswith("posthouse "):
            assert command.startswith(("GET /v1/", "POST /v1/")) or not command
            continue
        found: click.Command = posthouse
        words = command.split()[1:]
        while isinstance(found, click.Group):
            found = found.commands[words.pop(0)]
        known = {option for parameter in found.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, command
