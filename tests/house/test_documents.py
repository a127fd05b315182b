"""The documents say what the tree is: words, standards, paths, states, decisions, dependencies and links."""

import ast
import re
import tomllib
from typing import Final

import pytest

from posthouse import __version__
from posthouse.model.delivery import TRANSITIONS
from posthouse.model.event import EventType
from posthouse.policy.alerts import ALERT_TYPES
from tests.house.tree import ROOT, document, places, product, rows, texts
from tools.glossary import HEADING, nouns, nouns_table

GLOSSARY: Final = "docs/glossary.md"
STANDARDS: Final = "docs/standards.md"
DECISIONS: Final = sorted(path for path in (ROOT / "docs" / "adr").glob("*.md"))
MARKDOWN: Final = sorted(place for place in texts() if place.endswith(".md"))
# Written with a gap, so that this page does not find itself.
MACHINE: Final = re.compile(r"/wor[k]/\w|/roo[t]/|/hom[e]/\w+/|/far[m]/")
REGISTRY: Final = re.compile(r"python[h]osted|py[p]i\.org|registry\.np[m]js|deb\.debian\.or[g]|security\.debian\.or[g]")

# Documents that say where things are; the rest of docs/ is for people who run Posthouse.
MAPS: Final = ("ARCHITECTURE.md", "CONTRIBUTING.md", "docs/standards.md", "docs/content-policy.md", "docs/lint.md")
MEDIA_TYPE: Final = re.compile(r"(?:http|message|multipart|text|application)/")
PATH: Final = re.compile(r"[\w.-]+(?:/[\w.<>-]+)+/?|[\w-]+/")


def cited() -> set[str]:
    """Every RFC that a docstring or comment of the product names."""
    return {number for module in product() for number in re.findall(r"RFCs? (\d{3,5})", module.text)}


def standards() -> list[list[str]]:
    return rows(document(STANDARDS), "## Index")


def code_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_standard_has_a_verdict() -> None:
    wrong = [cells[0] for cells in standards() if cells[2] not in {"yes", "partly", "no"}]
    assert not wrong, places(wrong)


def test_every_standard_names_modules_that_exist() -> None:
    claims = [(cells[0], module) for cells in standards() for module in code_in(cells[3])]
    lost = [f"{name}: {module}" for name, module in claims if not (ROOT / "src" / "posthouse" / module).exists()]
    assert not lost, places(lost)
    nowhere = [cells[0] for cells in standards() if cells[2] != "no" and not code_in(cells[3])]
    assert not nowhere, places(nowhere)


def test_every_rfc_that_the_code_cites_is_in_the_index() -> None:
    indexed = {number for cells in standards() for number in re.findall(r"\d{3,5}", cells[0])}
    assert not cited() - indexed, places(sorted(cited() - indexed))


def glossary() -> list[list[str]]:
    return rows(document(GLOSSARY), "## Words")


def test_every_word_of_the_glossary_is_used() -> None:
    code = "\n".join(module.text for module in product()).lower()
    code += "\n".join(path.read_text().lower() for path in (ROOT / "src").rglob("*.sql"))
    later = [cells[0] for cells in glossary() if "not yet" in cells[1]]
    words = [cells[0].lower() for cells in glossary() if cells[0] not in later]
    unused = [word for word in words if not any(form in code for form in (word, word.replace(" ", "_"), word.replace(" ", "")))]
    assert not unused, places(unused)


def test_no_word_that_the_glossary_bans_names_anything_of_ours() -> None:
    banned = {word for cells in glossary() for word in code_in(cells[2])}
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    named = [
        f"{module.place}:{node.lineno} {node.name}"
        for module in product()
        for node in ast.walk(module.tree)
        if isinstance(node, kinds) and re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower().strip("_") in banned
    ]
    files = [module.place for module in product() if module.place.rsplit("/", 1)[-1].removesuffix(".py") in banned]
    assert not named + files, places(named + files)


def test_the_drawing_of_states_is_the_table_of_states() -> None:
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)", document("ARCHITECTURE.md"), re.MULTILINE))
    table = {(str(before), str(after)) for before, followers in TRANSITIONS.items() for after in followers}
    assert drawn == table, f"not drawn: {sorted(table - drawn)}; not in the table: {sorted(drawn - table)}"


def test_every_alert_has_its_row() -> None:
    documented = (ROOT / "docs/alerts.md").read_text()
    assert [type for type in ALERT_TYPES if f"| `{type}` |" not in documented] == []


def test_every_event_type_is_documented() -> None:
    text = document("ARCHITECTURE.md")
    silent = [event.value for event in EventType if event.partition(".")[2] not in text]
    assert not silent, places(silent)


def test_the_decisions_are_numbered_without_a_gap_and_listed() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))
    unlisted = [path.name for path in DECISIONS if path.name not in document("ARCHITECTURE.md")]
    assert not unlisted, places(unlisted)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_says_what_was_weighed(path: object) -> None:
    text = document(f"docs/adr/{getattr(path, 'name', '')}")
    missing = [part for part in ("## Context", "## Decision", "## Consequences") if part not in text]
    assert not missing, places(missing)


def test_every_dependency_has_its_line_of_why() -> None:
    project = tomllib.loads(document("pyproject.toml"))
    text = document("docs/dependencies.md")
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"], *project["dependency-groups"]["build"]]
    explained = {
        name
        for heading in ("## Runtime", "## Development", "## Build")
        for cells in rows(text, heading)
        for name in code_in(cells[0])
    }
    assert explained == set(wanted), f"without a line: {set(wanted) - explained}; gone: {explained - set(wanted)}"


def test_the_readme_names_the_two_commands() -> None:
    assert "make run" in document("README.md")
    assert "make test" in document("README.md")


def test_the_changelog_begins_with_this_version() -> None:
    heading = re.search(r"^## (?:\[)?(\d+\.\d+\.\d+)", document("CHANGELOG.md"), re.MULTILINE)
    assert heading
    assert heading.group(1) == __version__


@pytest.mark.parametrize("place", MARKDOWN)
def test_links_inside_the_project_lead_somewhere(place: str) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", document(place))
    dead = [link for link in links if not ((ROOT / place).parent / link).exists()]
    assert not dead, places(dead)


def test_nothing_names_a_path_of_one_machine_or_the_host_of_a_registry() -> None:
    found = [
        f"{place}:{number} {line.strip()[:100]}"
        for place, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE.search(line) or REGISTRY.search(line)
    ]
    assert not found, places(found)


def named_paths(place: str) -> set[str]:
    """The paths in back-ticks of a document, up to the first part that stands for any name (``<vendor>``)."""
    prose = re.sub(r"^```.*?^```", "", document(place), flags=re.MULTILINE | re.DOTALL)
    paths = (code for code in code_in(prose) if PATH.fullmatch(code) and not MEDIA_TYPE.match(code))
    return {path.partition("<")[0].rpartition("/")[0] if "<" in path else path for path in paths}


def is_there(path: str) -> bool:
    return (ROOT / path).exists() or (ROOT / "src" / "posthouse" / path).exists()


@pytest.mark.parametrize("place", MAPS)
def test_every_path_that_a_map_names_is_there(place: str) -> None:
    lost = [path for path in sorted(named_paths(place)) if not is_there(path)]
    assert not lost, places(lost)


def test_every_noun_of_the_model_stands_in_the_glossary() -> None:
    written = document(GLOSSARY).partition(f"\n{HEADING}\n")[2]
    assert nouns_table(product()) in written, "python -m tools.glossary writes the table anew"


def test_every_noun_of_the_model_says_first_what_it_is() -> None:
    vague = [f"{where}: {noun}" for noun, where, meaning in nouns(product()) if meaning.startswith("`")]
    assert not vague, places(vague)
