"""What DNS says under a name, and that it says nothing."""

from datetime import timedelta

import pytest

from posthouse.net.published import PublishedRecords, look_up
from posthouse.testing.fake_dns import FakeDns

SOON = timedelta(seconds=5)
ZONE = {
    "shop.test": {"MX": ["10 mx.shop.test."], "TXT": ['"v=spf1 -all"', '"one" "two"']},
    "alias.test": {"CNAME": ["shop.test."]},
    "long.test": {"TXT": [" ".join(f'"{"x" * 250}"' for _ in range(4))]},
}


@pytest.mark.parametrize(
    ("name", "type", "values"),
    [
        ("shop.test", "TXT", {"v=spf1 -all", "onetwo"}),
        ("shop.test", "MX", {"10 mx.shop.test."}),
        ("alias.test", "MX", {"10 mx.shop.test."}),
        ("long.test", "TXT", {"x" * 1000}),
        ("long.test", "MX", set()),
        ("none.test", "TXT", set()),
    ],
)
async def test_records_are_what_the_zone_says(name: str, type: str, values: set[str]) -> None:
    async with FakeDns(ZONE) as server:
        found = await look_up(name, type, ("127.0.0.1", server.port), SOON)
    assert (set(found.values), found.trouble) == (values, "")


@pytest.mark.parametrize("name", ["again.dns", "fail.dns", "silent.dns", "junk.dns", "x" * 70 + ".test", "a..b"])
async def test_trouble_is_told_in_words_and_in_time(name: str) -> None:
    async with FakeDns({}) as server:
        found = await look_up(name, "TXT", ("127.0.0.1", server.port), timedelta(milliseconds=300))
    assert found == PublishedRecords(name, "TXT", (), found.trouble)
    assert found.trouble
