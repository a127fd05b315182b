"""A link leads where its mail pointed, on the tenant's own host, and is nothing on anybody else's."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest

from posthouse.doors.tracking.link_endpoints import VisitParts
from posthouse.mail import link
from posthouse.mail.link import Link, LinkPurpose
from posthouse.model.feedback import Feedback
from posthouse.store.postgres.database import Database
from posthouse.store.tenants import link_hosts
from posthouse.testing.clock import FakeClock
from tests.support.asgi import ask
from tests.support.http_door import SEALER, HttpDoor, open_door
from tests.support.postgres import NOW
from tests.support.writes import add_domain

KEY = b"k" * 32
TARGETS = (
    "https://shop.example/a?b=1&c=%20%C3%BC#part", "http://x.example", "https://shop.example/%2e%2e//?u=https://evil.example", "https://shop.example/a+b;c=d?e[]=f",
)  # fmt: skip


class RecordedVisits:
    """The visits that were recorded; ``away``: the database is."""

    def __init__(self) -> None:
        self.visits: list[tuple[Link, Feedback]] = []
        self.away = False

    async def record(self, link_: Link, visit_: Feedback) -> None:
        self.visits.append((link_, visit_))

    async def owners(self, database: Database, host: str) -> frozenset[int]:
        if self.away:
            raise ConnectionRefusedError
        return await link_hosts.owners(database, host)


@pytest.fixture
def recorded() -> RecordedVisits:
    return RecordedVisits()


@pytest.fixture
async def door(database: Database, recorded: RecordedVisits) -> HttpDoor:
    visits = VisitParts(keys=(KEY,), owners=partial(recorded.owners, database), clock=FakeClock(NOW), record=recorded.record)
    door = await open_door(database, NOW, visits=visits)
    for tenant, name in ((1, "shop.example"), (2, "other.example")):
        await add_domain(database, SEALER, tenant, name, True, NOW)
    return door


def token(purpose: LinkPurpose, target: str = "", tenant: int = 1) -> str:
    return link.write(KEY, Link(purpose=purpose, tenant=tenant, environment=1, message=UUID(int=7), position=0, target=target))


async def visit(door: HttpDoor, path: str, host: str, method: str = "GET") -> Any:
    return await ask(door.app, method, path, headers={"host": host, "user-agent": "Mozilla/5.0"})


async def own(door: HttpDoor, host: str, key: str | None = None) -> Any:
    return await door.ask("PATCH", "/v1/streams/transactional", {"trackingDomain": host}, key=key or door.live)


@pytest.mark.parametrize("target", TARGETS)
async def test_it_leads_there_byte_for_byte(door: HttpDoor, recorded: RecordedVisits, target: str) -> None:
    found = await visit(door, f"/t/c/{token(LinkPurpose.CLICK, target)}", "mail.shop.example")
    assert (found.status, found.headers["location"]) == (302, target)
    assert [(seen.url, seen.bot) for _, seen in recorded.visits] == [(target, False)]


async def test_on_a_tenants_own_host_only_its_own_links_lead_anywhere(door: HttpDoor, recorded: RecordedVisits) -> None:
    assert (await own(door, "Links.Shop.Example")).json()["trackingDomain"] == "links.shop.example"
    await own(door, "links.other.example", door.stranger)
    path = f"/t/c/{token(LinkPurpose.CLICK, 'https://shop.example/')}"
    for host, status in (
        ("links.shop.example", 302),
        ("LINKS.shop.example:443", 302),
        ("mail.shop.example", 302),
        ("proxy.internal:8025", 302),
        ("links.other.example", 404),
        ("LINKS.other.EXAMPLE:8025", 404),
        ("[::1]:8025", 302),
        ("[::1", 302),
        ("", 302),
    ):
        assert (await visit(door, path, host)).status == status, host
    unsubscribe = f"/u/{token(LinkPurpose.UNSUBSCRIBE)}"
    assert [(await visit(door, unsubscribe, "links.other.example", method)).status for method in ("GET", "POST")] == [404, 404]
    assert (await visit(door, f"/t/o/{token(LinkPurpose.OPEN)}", "links.other.example")).status == 404
    assert {found.tenant for found, _ in recorded.visits} == {1}


async def test_a_host_that_was_left_keeps_its_links(door: HttpDoor) -> None:
    await own(door, "old.shop.example")
    await own(door, "new.shop.example")
    assert (await own(door, "")).json()["trackingDomain"] == ""
    path = f"/t/c/{token(LinkPurpose.CLICK, 'https://shop.example/')}"
    assert [(await visit(door, path, host)).status for host in ("old.shop.example", "new.shop.example")] == [302, 302]
    theirs = f"/t/c/{token(LinkPurpose.CLICK, 'https://other.example/', tenant=2)}"
    assert (await visit(door, theirs, "old.shop.example")).status == 404


async def test_a_reader_is_redirected_while_the_database_is_away(door: HttpDoor, recorded: RecordedVisits) -> None:
    recorded.away = True
    assert (await visit(door, f"/t/c/{token(LinkPurpose.CLICK, 'https://shop.example/')}", "links.shop.example")).status == 302


@pytest.mark.parametrize(
    "host",
    [
        "shop.example",
        "evil.example",
        "links.other.example",
        "x.notshop.example",
        "no host",
        "[127.0.0.1]",
        "a..shop.example",
        "-",
    ],
)
async def test_a_tracking_host_must_be_below_a_domain_of_the_tenant(door: HttpDoor, host: str) -> None:
    refused = await own(door, host)
    assert (refused.status, refused.code()) == (422, "validation_failed")
    assert "trackingDomain" in refused.faults()
