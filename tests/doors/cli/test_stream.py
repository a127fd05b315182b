"""``posthouse stream``: add, list."""

from tests.doors.cli.conftest import World


def test_a_stream_is_made_once_listed_and_may_be_named(founded: World) -> None:
    made = founded.json("stream", "add", "receipts", "--reply-to", "help@shop.example")
    assert (made["name"], made["replyTo"]) == ("receipts", "help@shop.example")
    names = [each["name"] for each in founded.json("stream", "list")["data"]]
    assert names == ["marketing", "receipts", "transactional"]
    assert "receipts" in founded.run("stream", "list").stdout
    again = founded.run("stream", "add", "receipts")
    assert again.exit_code == 1
    assert founded.run("stream", "add", "Not a name").exit_code == 2


def test_a_misspelled_stream_is_told_with_the_nearest_name(founded: World) -> None:
    founded.json("stream", "add", "receipts")
    for arguments in (
        ("key", "create", "--stream", "reciepts"),
        ("messages", "list", "--stream", "reciepts"),
        ("suppression", "list", "--stream", "reciepts"),
        ("suppression", "add", "jane@example.com", "--stream", "reciepts", "--reason", "asked"),
        ("webhook", "add", "https://app.example.com/hook", "--stream", "reciepts"),
    ):
        refused = founded.run(*arguments)
        assert refused.exit_code == 1, arguments
        assert "did you mean 'receipts'?" in refused.stdout + refused.stderr, arguments
