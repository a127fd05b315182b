"""``posthouse type``: made, listed, named by a key and by templates, and removed."""

from pathlib import Path

from tests.doors.cli.conftest import World


def test_a_type_is_made_listed_and_removed(founded: World) -> None:
    made = founded.json("type", "add", "order_update", "--parent", "shipping_update", "--description", "Order under way")
    assert (made["name"], made["parent"], made["class"], made["lane"]) == (
        "order_update",
        "shipping_update",
        "transactional",
        "routine",
    )
    listed = founded.json("type", "list")["data"]
    assert (listed[0], len(listed)) == (made, 21)
    key = founded.json("key", "create", "--type", "order_update")
    refused = founded.run("type", "remove", "order_update")
    assert (refused.exit_code, f"key/{key['id']}" in refused.stderr) == (1, True)
    founded.run("key", "revoke", key["id"])
    assert founded.json("type", "remove", "order_update") == {"name": "order_update", "removed": True}
    assert founded.run("type", "remove", "order_update").exit_code == 1
    assert "order_update" not in founded.run("type", "list").stdout


def test_what_makes_no_type_is_refused_in_one_sentence(founded: World) -> None:
    for name, parent, told in (
        ("receipt", "refund", "name is that of a built-in type"),
        ("Order", "refund", "name must be small letters"),
        ("order_update", "refnd", "Did you mean 'refund'?"),
    ):
        result = founded.run("type", "add", name, "--parent", parent)
        assert (result.exit_code, told in result.stderr) == (1, True), result.output
    wrong = founded.run("key", "create", "--type", "order_update")
    assert (wrong.exit_code, "is no message type" in wrong.stderr) == (2, True)


def test_a_folder_may_name_it_and_lint_is_told_of_it(founded: World, tmp_path: Path) -> None:
    files = {
        "note/template.toml": 'type = "order_update"\nlocale = "en"\n',
        "note/subject.txt": "Hello\n",
        "note/body.txt": "Hello.\n",
    }
    for path, said in files.items():
        (tmp_path / "t" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "t" / path).write_text(said)
    folder = str(tmp_path / "t")
    assert founded.run("template", "lint", folder).exit_code == 1
    assert founded.run("template", "lint", folder, "--type", "order_update=account_alert").exit_code in {0, 1}
    assert "is no message type" not in founded.run("template", "lint", folder, "--type", "order_update=account_alert").output
    assert founded.run("template", "lint", folder, "--type", "order_update=nothing").exit_code == 2
    assert "is no message type" in founded.run("template", "push", folder).stderr
    founded.json("type", "add", "order_update", "--parent", "transactional")
    assert founded.json("template", "push", folder)["steps"][0]["state"] == "active"
