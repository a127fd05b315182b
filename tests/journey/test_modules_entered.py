"""How many of our modules does an accepted send enter, from the request to its answer? A figure that may only fall.

Counted on the second request, when everything that is remembered is remembered, over a real database. A change that needs one
module more should say in its commit why a reader of this path must open one file more.
"""

from typing import Any, Final

import pytest

from posthouse.store.postgres.database import Database
from tests.support.entered_modules import entered_modules
from tests.support.http_door import HttpDoor, open_door
from tests.support.postgres import NOW

INLINE: Final[dict[str, Any]] = {
    "to": "reader@example.com", "from": "Shop <noreply@shop.example>", "replyTo": "help@shop.example", "subject": "Hello", "text": "Hello",
}  # fmt: skip
TEMPLATE: Final[dict[str, Any]] = {
    "to": "reader@example.com", "from": "Shop <noreply@shop.example>", "replyTo": "help@shop.example", "template": "password-reset",
    "variables": {"reset_link": "https://shop.example/r", "user_name": "Ada"},
}  # fmt: skip


async def entered_by(door: HttpDoor, message: dict[str, Any]) -> set[str]:
    await door.ask("POST", "/v1/send", message)
    with entered_modules() as entered:
        reply = await door.ask("POST", "/v1/send", message)
    assert reply.status == 202
    return entered


@pytest.mark.parametrize(("message", "most"), [(INLINE, 46), (TEMPLATE, 54)], ids=["inline", "template"])
async def test_a_send_enters_no_more_modules_than_before(database: Database, message: dict[str, Any], most: int) -> None:
    entered = await entered_by(await open_door(database, NOW), message)
    assert len(entered) <= most, "\n".join(sorted(entered))
