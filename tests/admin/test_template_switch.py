"""A thousand messages across a switch and back: each is wholly one version, and the one it was accepted with (C3)."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any

from posthouse.admin.template_versions import SavedVersion
from posthouse.admin.templates import move_version
from posthouse.mail.mime.readable import read
from posthouse.model import ids
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Accepted, Caller, SendRequest
from posthouse.model.template_state import TemplateAction
from posthouse.store.messages.contents import open_content
from posthouse.store.postgres.database import Database
from tests.support.http_door import HttpDoor, open_door
from tests.support.postgres import NOW
from tests.support.use_cases import operator

MESSAGES = 1000
SWITCH, BACK, PAUSE = 300, 700, 25


def wording(mark: str) -> dict[str, Any]:
    return {
        "subject": f"{mark} {{{{ n }}}}",
        "html": f"<p>{mark} for {{{{ n }}}}</p>",
        "text": f"{mark} for {{{{ n }}}}",
        "variables": [{"name": "n", "type": "number", "required": True}],
    }


class Switching:
    """Sends and switches at once; ``active`` is the version while no switch is under way, else None."""

    def __init__(self, door: HttpDoor, caller: Caller) -> None:
        self.door = door
        self.caller = caller
        self.active: int | None = 1

    async def send(self, number: int) -> tuple[str, int | None]:
        """The message, and the version that was active from beginning to end."""
        before = self.active
        request = SendRequest(to=(Mailbox(f"r{number}", "example.com"),), template="note", variables={"n": number})
        taken = await self.door.parts.intake.accept(self.caller, request)
        assert isinstance(taken, Accepted), taken
        return taken.id, before if before == self.active else None

    async def switch(self, version: int) -> None:
        self.active = None
        actor = operator(self.caller.tenant)
        moved = await move_version(self.door.parts.admin, actor, "note", version, TemplateAction.ACTIVATE)
        assert isinstance(moved, SavedVersion)
        self.active = version


async def test_every_mail_is_wholly_the_version_it_was_accepted_with(database: Database) -> None:
    door = await open_door(database, NOW)
    caller = await door.parts.credentials.by_key(door.test)
    assert caller is not None
    assert (await door.ask("POST", "/v1/templates", {"name": "note"} | wording("one"))).status == 201
    assert (await door.ask("POST", "/v1/templates/note/versions", wording("two"))).status == 201
    switching, sends = Switching(door, caller), []
    for number in range(MESSAGES):
        sends.append(asyncio.create_task(switching.send(number)))
        if number in (SWITCH, BACK):
            await switching.switch(2 if number == SWITCH else 1)
        if number % PAUSE == 0:
            await asyncio.sleep(0)
            await sends[max(0, number - PAUSE)]
    taken = dict(await asyncio.gather(*sends))
    said = await everything(door, taken)
    assert len(said) == MESSAGES
    assert [each for each in said if each[2] != {"one" if each[1] == 1 else "two"}] == []
    assert [each for each in said if taken[each[0]] not in (None, each[1])] == []
    sure = list(taken.values())
    assert sure.count(1) > SWITCH
    assert sure.count(2) > BACK - SWITCH - 4 * PAUSE


async def everything(door: HttpDoor, taken: Iterable[str]) -> list[tuple[str, int, set[str]]]:
    """Of each message as it rests: its id, the version on record, and the marks of all its parts."""
    query = """
        select m.template_version, c.message, c.key_id, c.sealed from message m
        join content c on c.tenant = m.tenant and c.environment = m.environment and c.keep = m.keep and c.message = m.id
        where m.id = any($1::uuid[])
    """
    async with door.parts.database.session() as connection:
        rows = await connection.fetch(query, [ids.parse("msg", each) for each in taken])
    found = []
    for version, message, key_id, sealed in rows:
        content = open_content(door.parts.sealer, sealed, key_id, message.bytes)
        seen = read(content.head + b"\r\n" + content.body)
        parts = [seen.subject, seen.text or "", seen.html or ""]
        numbers = {int(digits) for part in parts for digits in re.findall(r"\d+", part)}
        assert len(numbers) == 1
        found.append((ids.text("msg", message), version, {mark for part in parts for mark in re.findall(r"one|two", part)}))
    return found
