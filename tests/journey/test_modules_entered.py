"""How many of our modules does an accepted send enter, from the request to its answer? A figure that may only fall.

Counted on the second request, when everything that is remembered is remembered, over a real database. A change that needs one
module more should say in its commit why a reader of this path must open one file more.
"""

from typing import Any, Final

import pytest

from posthouse.model.route import RouteFact
from posthouse.store.postgres.database import Database
from posthouse.store.tenants import tenants
from tests.support.entered_modules import entered_modules
from tests.support.http_door import SEALER, HttpDoor, open_door
from tests.support.postgres import NOW
from tests.support.writes import add_domain

RELAY: Final = (RouteFact(name="relay", kind="smtp"),)
INLINE: Final[dict[str, Any]] = {
    "to": "reader@example.com", "from": "Shop <noreply@shop.example>", "replyTo": "help@shop.example", "subject": "Hello", "text": "Hello",
}  # fmt: skip
TEMPLATE: Final[dict[str, Any]] = {
    "to": "reader@example.com", "from": "Shop <noreply@shop.example>", "replyTo": "help@shop.example", "template": "password-reset",
    "variables": {"reset_link": "https://shop.example/r", "user_name": "Ada"},
}  # fmt: skip


async def entered_by(door: HttpDoor, message: dict[str, Any]) -> set[str]:
    await door.ask("POST", "/v1/send", message, key=door.live)
    with entered_modules() as entered:
        reply = await door.ask("POST", "/v1/send", message, key=door.live)
    assert reply.status == 202
    return entered


@pytest.mark.parametrize(("message", "most"), [(INLINE, 48), (TEMPLATE, 58)], ids=["inline", "template"])
async def test_a_live_send_over_a_relay_enters_no_more_modules(database: Database, message: dict[str, Any], most: int) -> None:
    door = await open_door(database, NOW, routes=RELAY)
    tenant = await tenants.first(database)
    assert tenant is not None
    await add_domain(database, SEALER, tenant.id, "shop.example", True, NOW)
    entered = await entered_by(door, message)
    assert len(entered) <= most, "\n".join(sorted(entered))
