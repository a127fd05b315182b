"""``posthouse tenant``: who mail is from that does not say, shown and changed."""

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
