"""``domain add``, ``list`` and ``check``."""

import pytest

from posthouse.doors.cli.domain import compare
from posthouse.model.dns_answer import PublishedRecords
from posthouse.model.domain import DnsRecord
from tests.doors.cli.conftest import World


def test_a_new_domain_comes_with_what_to_publish(founded: World) -> None:
    added = founded.json("domain", "add", "Shop.Example.")
    assert (added["name"], added["status"]) == ("shop.example", "pending")
    assert {record["purpose"] for record in added["records"]} == {"dkim", "return_path", "spf", "dmarc"}
    shown = founded.run("domain", "add", "shop.example").stdout
    assert all(record["value"] in shown for record in added["records"])


def test_trust_is_the_operators_word(founded: World) -> None:
    before = founded.json("domain", "add", "shop.example")
    after = founded.json("domain", "add", "shop.example", "--trust")
    assert after["status"] == "trusted"
    assert after["records"] == before["records"]
    assert [(one["name"], one["status"]) for one in founded.json("domain", "list")["data"]] == [("shop.example", "trusted")]


def test_an_international_domain_is_kept_in_its_wire_form(founded: World) -> None:
    assert founded.json("domain", "add", "bücher.example")["name"] == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    "name", ["", "a b", "user@shop.example", "x-.example", "shop..example", "[127.0.0.1]", "x" * 64 + ".example"]
)
def test_what_is_no_domain_is_a_usage_error(bare: World, name: str) -> None:
    result = bare.run("domain", "add", name)
    assert result.exit_code == 2
    assert "no domain name" in result.stderr


def test_check_goes_well_when_the_keys_are_published(founded: World) -> None:
    records = founded.json("domain", "add", "shop.example")["records"]
    founded.records = {(record["name"], record["type"]): (record["value"],) for record in records}
    checked = founded.json("domain", "check", "shop.example")
    assert {record["status"] for record in checked["records"]} == {"found"}


def test_check_says_what_is_missing_and_what_is_different(founded: World) -> None:
    records = founded.json("domain", "add", "shop.example")["records"]
    founded.records = {(records[0]["name"], "TXT"): ("v=DKIM1; k=rsa; p=AAAA\x1b[31m",)}
    result = founded.run("domain", "check", "shop.example")
    assert result.exit_code == 1
    assert "different" in result.stdout
    assert "missing" in result.stdout
    assert "\x1b" not in result.stdout


def test_check_of_an_unknown_domain_exits_1_and_says_how_to_add_it(founded: World) -> None:
    result = founded.run("domain", "check", "other.example")
    assert result.exit_code == 1
    assert "posthouse domain add other.example" in result.stderr


@pytest.mark.parametrize(
    ("purpose", "value", "found", "error", "status"),
    [
        ("dkim", "v=DKIM1; k=rsa; p=AB", ("v=DKIM1;k=rsa;p=A B;",), "", "found"),
        ("dkim", "v=DKIM1; k=rsa; p=AB", ("v=DKIM1; k=rsa; p=ab",), "", "different"),
        ("dkim", "v=DKIM1; k=rsa; p=AB", (), "", "missing"),
        ("dkim", "v=DKIM1; k=rsa; p=AB", (), "no answer in time", "unknown"),
        ("return_path", "10 mail.shop.example.", ("10 mail.shop.example.",), "", "found"),
        ("spf", "v=spf1 a:mail ~all", ("google-site-verification=x",), "", "missing"),
        ("spf", "v=spf1 a:mail ~all", ("v=spf1 -all",), "", "different"),
        ("dmarc", "v=DMARC1; p=none", ("v=DMARC1; p=reject",), "", "found"),
        ("dmarc", "v=DMARC1; p=none", ("something",), "", "missing"),
    ],
)
def test_a_record_is_compared_by_what_it_is_for(
    purpose: str, value: str, found: tuple[str, ...], error: str, status: str
) -> None:
    assert compare(DnsRecord(purpose, "TXT", "n", value), PublishedRecords("n", "TXT", found, error)).status == status
