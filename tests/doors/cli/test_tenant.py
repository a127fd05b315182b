"""``posthouse tenant``: another one made, and who mail is from that does not say, shown and changed."""

import pytest

from tests.doors.cli.conftest import World


def test_the_sender_is_shown_and_changed(founded: World) -> None:
    before = founded.json("tenant", "show")
    assert before["from"] == "Posthouse <noreply@mail.shop.example>"
    changed = founded.json("tenant", "set", "--from", "Shop <shop@shop.example>", "--reply-to", "help@shop.example")
    assert changed == before | {"from": "Shop <shop@shop.example>", "replyTo": "help@shop.example"}
    assert founded.json("tenant", "set", "--reply-to", "")["replyTo"] == ""
    assert "Shop <shop@shop.example>" in founded.run("tenant", "show").output


def test_what_mail_could_not_be_from_is_refused_with_the_reason(founded: World) -> None:
    for options, told in (
        (("--from", "nobody"), "--from"),
        (("--from", "ceo@bank.example <a@shop.example>"), "--from"),
        (("--reply-to", "nobody"), "--reply-to"),
        ((), "Say what to change"),
        (("--from", "a@shop.example", "--tenant", "t99"), "There is no tenant t99"),
    ):
        result = founded.run("tenant", "set", *options)
        assert (result.exit_code, told in result.output) == (2, True), result.output
    assert founded.json("tenant", "show")["from"] == "Posthouse <noreply@mail.shop.example>"


def test_another_tenant_has_credentials_and_a_list_of_its_own(founded: World) -> None:
    made = founded.json("tenant", "add", " Zweite GmbH ", "--from", "Zweite <post@zweite.example>")
    assert set(made) == {"tenant", "liveKey", "testKey", "smtp"}
    assert made["liveKey"].startswith("ph_live_")
    listed = founded.json("tenant", "list")["data"]
    assert [one["name"] for one in listed] == ["Zweite GmbH", "default"]
    assert listed[0] == {"tenant": made["tenant"], "name": "Zweite GmbH", "from": "Zweite <post@zweite.example>", "replyTo": ""}
    founded.json("domain", "add", "zweite.example", "--trust", "--tenant", made["tenant"])
    assert [one["name"] for one in founded.json("domain", "list", "--tenant", made["tenant"])["data"]] == ["zweite.example"]
    assert "zweite.example" not in founded.run("domain", "list").output
    assert len(founded.json("key", "list", "--tenant", made["tenant"])["data"]) == 3
    assert "Zweite GmbH" in founded.run("tenant", "list").output


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "n" * 129])
def test_a_name_that_no_line_could_show_is_refused(founded: World, name: str) -> None:
    result = founded.run("tenant", "add", name)
    assert (result.exit_code, "on one line" in result.output) == (2, True), result.output


def test_the_first_tenant_is_made_by_init(world: World) -> None:
    result = world.run("tenant", "add", "early")
    assert (result.exit_code, "posthouse init" in result.output) == (2, True), result.output
