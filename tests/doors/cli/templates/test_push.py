"""``posthouse template``: a folder pushed, pulled, compared and linted; versions switched, approved and rendered again."""

import json
from pathlib import Path

import pytest

from tests.doors.cli.conftest import World

MANIFEST = (
    'name = "note"\ntype = "receipt"\nlocale = "en"\n\n[[variables]]\nname = "n"\ntype = "string"\nrequired = true\nexample '
    '= "A1"\n'
)
TREE = {
    "note/template.toml": MANIFEST, "note/subject.txt": "Note {{ n }}\n", "note/body.html": "<p>Note {{ n }}</p>\n",
    "note/body.txt": "Note {{ n }}\n", "note/de/subject.txt": "Notiz {{ n }}\n", "note/de/body.html": "<p>Notiz {{ n }}</p>\n",
    "note/de/body.txt": "Notiz {{ n }}\n",
    "_partials/footer.html": "<p>Shop</p>\n",
}  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return plant(tmp_path / "templates", TREE)


def plant(folder: Path, files: dict[str, str]) -> Path:
    for path, said in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(said)
    return folder


def steps(world: World, tree: Path, *options: str) -> dict[str, tuple[str, int | None, str | None]]:
    pushed = world.json("template", "push", str(tree), *options)
    return {step["name"]: (step["done"], step["version"], step["state"]) for step in pushed["steps"]}


def test_a_push_is_a_deploy_step_that_may_be_repeated(founded: World, tree: Path) -> None:
    dry = steps(founded, tree, "--dry-run")
    assert founded.json("template", "list")["data"] == []
    assert steps(founded, tree) == dry == {"footer.html": ("created", 1, None), "note": ("created", 1, "active")}
    assert steps(founded, tree) == {"footer.html": ("unchanged", 1, None), "note": ("unchanged", 1, "active")}
    plant(tree, {"note/body.txt": "Changed {{ n }}\n"})
    assert steps(founded, tree, "--no-activate")["note"] == ("changed", 2, "draft")
    assert steps(founded, tree, "--no-activate")["note"] == ("unchanged", 2, "draft")
    assert steps(founded, tree)["note"] == ("activated", 2, "active")
    back = founded.json("template", "activate", "note", "1")
    assert (back["name"], back["version"], back["state"], back["replaced"]) == ("note", 1, "active", 2)
    assert steps(founded, tree)["note"] == ("activated", 2, "active")
    plant(tree, TREE)
    assert steps(founded, tree)["note"] == ("changed", 3, "active")
    shown = founded.run("template", "push", str(tree))
    assert "building note" in shown.stderr
    assert "0 of 2 changed." in shown.stderr
    actors = {each["actor"] for each in founded.json("template", "trail", "note")["data"]}
    assert len(actors) == 1
    assert actors.pop().startswith("cli:")


def test_a_folder_with_an_error_changes_nothing_at_all(founded: World, tree: Path) -> None:
    plant(tree, {"broken/template.toml": 'locale = "en"\n', "broken/subject.txt": "x", "broken/body.html": "{{ }"})
    result = founded.run("template", "push", str(tree))
    assert result.exit_code == 1
    assert "broken: html" in result.stderr
    assert founded.json("template", "list")["data"] == []
    plant(tree, {"broken/body.htm": "x"})
    assert "broken/body.htm: is not known here" in founded.run("template", "push", str(tree)).stderr


def test_what_was_pulled_is_what_was_pushed(founded: World, tree: Path, tmp_path: Path) -> None:
    founded.json("template", "push", str(tree))
    other = tmp_path / "pulled"
    written = founded.json("template", "pull", str(other))["written"]
    assert sorted(written) == sorted(TREE)
    assert {path: (other / path).read_text() for path in TREE} == TREE
    assert founded.run("template", "diff", str(other)).exit_code == 0
    plant(other, {"note/fr/subject.txt": "x", "note/fr/body.txt": "x", "mine/notes.md": "x"})
    again = founded.json("template", "pull", str(other), "note")
    assert (again["written"], again["removed"]) == ([], ["note/fr/body.txt", "note/fr/subject.txt"])
    assert (other / "mine/notes.md").exists()


def test_a_diff_is_by_line_and_exits_1_when_there_is_one(founded: World, tree: Path) -> None:
    founded.json("template", "push", str(tree))
    same = founded.run("template", "diff", str(tree))
    assert (same.exit_code, same.stdout) == (0, "")
    plant(
        tree,
        {"note/body.txt": "Other {{ n }}\n", "new/template.toml": 'locale = "en"\n', "new/subject.txt": "x", "new/body.txt": "x"},
    )
    differs = founded.run("template", "diff", str(tree))
    assert differs.exit_code == 1
    assert "-Note {{ n }}\n+Other {{ n }}" in differs.stdout
    told = json.loads(founded.run("template", "diff", str(tree), "--json").stdout)
    assert told["differing"] == ["new/body.txt", "new/subject.txt", "new/template.toml", "note/body.txt"]


def test_a_link_out_of_the_folder_is_not_followed(bare: World, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("nothing for readers")
    (tree / "note/body.txt").unlink(missing_ok=True)
    (tree / "note/body.txt").symlink_to(tmp_path / "secret.txt")
    for command in ("lint", "push"):
        refused = bare.run("template", command, str(tree))
        assert refused.exit_code == 2
        assert "note/body.txt is a link out of" in refused.stderr
    (tree / "note/body.txt").unlink()
    (tree / "note/de").mkdir(exist_ok=True)
    (tree / "note/de/subject.txt").unlink(missing_ok=True)
    (tree / "note/de/subject.txt").symlink_to(tree / "note/subject.txt")
    assert "is a link out of" not in bare.run("template", "lint", str(tree)).output


def test_lint_needs_no_database_and_takes_one_templates_folder_too(bare: World, tree: Path) -> None:
    good = bare.run("template", "lint", str(tree), "--json")
    assert good.exit_code == 0, good.output
    assert json.loads(good.stdout)["errors"] == []
    plant(tree, {"note/body.html": "<p>{% if %}</p>"})
    bad = bare.run("template", "lint", str(tree / "note"))
    assert bad.exit_code == 1
    assert "note: html" in bad.stdout
    (tree / "note/logo.txt").write_bytes(b"\xff")
    assert bare.run("template", "lint", str(tree)).exit_code == 2


def test_a_strict_lint_fails_on_advice_unless_it_is_waived_with_a_reason(bare: World, tmp_path: Path) -> None:
    tree = plant(
        tmp_path / "advised",
        {"mine/template.toml": 'locale = "en"\n', "mine/subject.txt": "Your page", "mine/body.txt": "http://a.example"},
    )
    advised = bare.run("template", "lint", str(tree))
    assert (advised.exit_code, advised.stdout.count("warning: link-http: en text:1:1:")) == (0, 1)
    assert bare.run("template", "lint", str(tree), "--strict").exit_code == 1
    plant(tree, {"mine/template.toml": 'locale = "en"\n[waivers]\n"link-http" = "an intranet"\n'})
    waived = bare.run("template", "lint", str(tree), "--strict")
    assert (waived.exit_code, "(waived: an intranet)" in waived.stdout) == (0, True)


def test_where_approval_is_asked_a_push_submits_and_somebody_else_decides(
    founded: World, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert founded.json("template", "approval") == {"approvalRequired": False}
    assert founded.json("template", "approval", "--require") == {"approvalRequired": True}
    assert steps(founded, tree)["note"] == ("created", 1, "in_review")
    own = founded.run("template", "approve", "note", "1")
    assert own.exit_code == 1
    assert "another person" in own.stderr
    assert founded.run("template", "activate", "note", "1").exit_code == 1
    monkeypatch.setattr("posthouse.doors.cli.shared.with_admin.machine_user", lambda: "reviewer")
    assert founded.json("template", "approve", "note", "1")["state"] == "approved"
    assert steps(founded, tree)["note"] == ("activated", 1, "active")


def test_render_shows_text_html_and_the_whole_mail(founded: World, tree: Path) -> None:
    founded.json("template", "push", str(tree))
    assert founded.run("template", "render", "note").stdout.startswith("Subject: Note A1\n\nNote A1\n")
    html = founded.run("template", "render", "note", "--as", "html", "--locale", "de-AT", "--variable", "n=<b>")
    assert "<p>Notiz &lt;b&gt;</p>" in html.stdout
    assert "multipart/alternative" in founded.run("template", "render", "password-reset", "--as", "raw").stdout
    assert founded.run("template", "render", "nothing").exit_code == 1
    assert founded.run("template", "render", "note", "--variable", "n:=3").exit_code == 1


def test_a_templates_sender_goes_to_files_and_back(founded: World, tree: Path, tmp_path: Path) -> None:
    plant(tree, {"note/template.toml": MANIFEST.replace("locale", 'from = "Shop <orders@shop.example>"\nlocale', 1)})
    assert steps(founded, tree)["note"] == ("created", 1, "active")
    founded.run("template", "pull", str(tmp_path / "pulled"))
    assert 'from = "Shop <orders@shop.example>"\n' in (tmp_path / "pulled/note/template.toml").read_text()
    assert steps(founded, tmp_path / "pulled")["note"] == ("unchanged", 1, "active")
    assert founded.run("template", "diff", str(tmp_path / "pulled")).exit_code == 0
    plant(tree, TREE)
    differing = founded.run("template", "diff", str(tree))
    assert (differing.exit_code, '-from = "Shop <orders@shop.example>"' in differing.output) == (1, True)
    assert steps(founded, tree)["note"] == ("changed", 2, "active")


@pytest.mark.parametrize("wrong", ["nobody", "ceo@bank.example <a@shop.example>", "a@shop.example, b@shop.example"])
def test_a_templates_sender_that_mail_could_not_be_from_is_an_error_of_lint(bare: World, tree: Path, wrong: str) -> None:
    plant(tree, {"note/template.toml": MANIFEST.replace("locale", f'from = "{wrong}"\nlocale', 1)})
    result = bare.run("template", "lint", str(tree))
    assert (result.exit_code, "from" in result.output) == (1, True)
