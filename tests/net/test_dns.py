"""Looking up: five kinds of answer, kept apart, and cached as long as they may be."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from posthouse.model.dns_answer import DnsAnswerKind, PublishedRecords
from posthouse.net.dns import Resolver
from posthouse.testing.clock import FakeClock
from posthouse.testing.fake_dns import FakeDns, Zone

ZONE: Zone = {
    "shop.test": {"MX": ["20 b.shop.test.", "10 A.Shop.test."], "A": ["192.0.2.1"]},
    "null.test": {"MX": ["0 ."]},
    "half.test": {"MX": ["0 .", "10 mx.test."]},
    "plain.test": {"A": ["192.0.2.2"]},
    "six.test": {"AAAA": ["2001:db8::1"]},
    "both.test": {"A": ["192.0.2.3"], "AAAA": ["2001:db8::3"]},
    "alias.test": {"CNAME": ["shop.test."]},
    "dangling.test": {"CNAME": ["nowhere.test."]},
    "loop.test": {"CNAME": ["pool.test."]},
    "pool.test": {"CNAME": ["loop.test."]},
    "large.test": {"MX": [f"10 mx{number}.a-rather-long-name-of-a-host.test." for number in range(100)]},
    "text.test": {"TXT": ['"v=spf1 -all"', '"one" "two"'], "MX": ["10 mx.shop.test."]},
    "long.test": {"TXT": [" ".join(f'"{"x" * 250}"' for _ in range(4))]},
    "late.slow.dns": {"MX": ["10 mx.test."]},
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeDns]:
    async with FakeDns({name: dict(records) for name, records in ZONE.items()}, ttl=300, negative_ttl=3600, delay=0.05) as server:
        yield server


@pytest.fixture
def resolver(server: FakeDns, clock: FakeClock) -> Resolver:
    return Resolver(("127.0.0.1", server.port), clock, timeout=1.0, lifetime=1.5)


@pytest.mark.parametrize(
    ("domain", "kind", "hosts"),
    [
        ("shop.test", DnsAnswerKind.FOUND, ((10, "a.shop.test"), (20, "b.shop.test"))),
        ("alias.test", DnsAnswerKind.FOUND, ((10, "a.shop.test"), (20, "b.shop.test"))),
        ("half.test", DnsAnswerKind.FOUND, ((10, "mx.test"),)),
        ("late.slow.dns", DnsAnswerKind.FOUND, ((10, "mx.test"),)),
        ("null.test", DnsAnswerKind.NULL_MX, ()),
        ("plain.test", DnsAnswerKind.NONE, ()),
        ("nowhere.test", DnsAnswerKind.NO_SUCH_DOMAIN, ()),
        ("dangling.test", DnsAnswerKind.NO_SUCH_DOMAIN, ()),
        ("x" * 64 + ".test", DnsAnswerKind.NO_SUCH_DOMAIN, ()),
        ("a..test", DnsAnswerKind.NO_SUCH_DOMAIN, ()),
        ("again.dns", DnsAnswerKind.ERROR, ()),
        ("fail.dns", DnsAnswerKind.ERROR, ()),
        ("silent.dns", DnsAnswerKind.ERROR, ()),
        ("junk.dns", DnsAnswerKind.ERROR, ()),
        ("loop.test", DnsAnswerKind.ERROR, ()),
    ],
)
async def test_each_kind_of_mx_answer_is_told_apart(
    resolver: Resolver, domain: str, kind: DnsAnswerKind, hosts: tuple[object, ...]
) -> None:
    answer = await resolver.mx(domain)
    assert (answer.kind, answer.hosts) == (kind, hosts)
    assert bool(answer.text) is (kind is not DnsAnswerKind.FOUND)


@pytest.mark.parametrize(
    ("host", "kind", "addresses"),
    [
        ("plain.test", DnsAnswerKind.FOUND, ("192.0.2.2",)),
        ("six.test", DnsAnswerKind.FOUND, ("2001:db8::1",)),
        ("both.test", DnsAnswerKind.FOUND, ("192.0.2.3", "2001:db8::3")),
        ("alias.test", DnsAnswerKind.FOUND, ("192.0.2.1",)),
        ("null.test", DnsAnswerKind.NONE, ()),
        ("nowhere.test", DnsAnswerKind.NO_SUCH_DOMAIN, ()),
        ("again.dns", DnsAnswerKind.ERROR, ()),
    ],
)
async def test_each_kind_of_address_answer_is_told_apart(
    resolver: Resolver, host: str, kind: DnsAnswerKind, addresses: tuple[str, ...]
) -> None:
    answer = await resolver.addresses(host)
    assert (answer.kind, answer.addresses) == (kind, addresses)


async def test_an_answer_too_large_for_a_datagram_is_asked_for_again_over_tcp(resolver: Resolver, server: FakeDns) -> None:
    answer = await resolver.mx("large.test")
    assert len(answer.hosts) == 100
    assert [over for *_, over in server.questions] == ["udp", "tcp"]


async def test_answers_are_kept_for_their_ttl_and_denials_for_five_minutes(
    resolver: Resolver, server: FakeDns, clock: FakeClock
) -> None:
    for _ in range(3):
        await resolver.mx("SHOP.test")
        await resolver.mx("nowhere.test")
        await resolver.mx("plain.test")
    assert len(server.questions) == 3
    server.zone["nowhere.test"] = {"MX": ["10 mx.test."]}
    clock.advance(timedelta(seconds=299))
    assert (await resolver.mx("nowhere.test")).kind is DnsAnswerKind.NO_SUCH_DOMAIN
    clock.advance(timedelta(seconds=2))
    assert (await resolver.mx("nowhere.test")).kind is DnsAnswerKind.FOUND
    await resolver.mx("shop.test")
    assert len(server.questions) == 5


async def test_an_error_is_not_cached(resolver: Resolver, server: FakeDns) -> None:
    assert (await resolver.mx("again.dns")).kind is DnsAnswerKind.ERROR
    asked = len(server.questions)
    assert (await resolver.mx("again.dns")).kind is DnsAnswerKind.ERROR
    assert len(server.questions) > asked


async def test_a_name_server_that_is_not_there_is_an_error(clock: FakeClock) -> None:
    server = FakeDns({})
    await server.start()
    await server.stop()
    answer = await Resolver(("127.0.0.1", server.port), clock, timeout=0.2, lifetime=0.3).mx("shop.test")
    assert answer.kind is DnsAnswerKind.ERROR


@pytest.mark.parametrize(
    ("name", "type", "values"),
    [
        ("text.test", "TXT", {"v=spf1 -all", "onetwo"}),
        ("text.test", "MX", {"10 mx.shop.test."}),
        ("alias.test", "CNAME", {"shop.test."}),
        ("long.test", "TXT", {"x" * 1000}),
        ("long.test", "MX", set()),
        ("nowhere.test", "TXT", set()),
        ("a..b", "TXT", set()),
    ],
)
async def test_records_are_what_the_zone_says(resolver: Resolver, name: str, type: str, values: set[str]) -> None:
    published = await resolver.records(name, type)
    assert (set(published.values), published.error) == (values, "")


@pytest.mark.parametrize("name", ["again.dns", "fail.dns", "silent.dns", "junk.dns"])
async def test_records_that_are_not_known_say_why(resolver: Resolver, name: str) -> None:
    published = await resolver.records(name, "TXT")
    assert published == PublishedRecords(name, "TXT", (), published.error)
    assert published.error.startswith(f"{name} TXT: ")
