"""How code is cut and named here (ARCHITECTURE.md, CONTRIBUTING.md)."""

import ast
import re
from typing import Final

from tests.house.tree import ROOT, called, document, dotted, owner, places, product, proofs, rows
from tools.source import Function, Module

FUNCTION_LINES: Final = 50
MODULE_LINES: Final = 350
VAGUE: Final = frozenset({"base", "helper", "helpers", "manager", "service", "services", "util", "utils", "common", "misc"})
UNFINISHED: Final = re.compile(r"\bTO" r"DO\b|\bFIX" r"ME\b|\bXX" r"X\b|NotImplemented" r"Error")


def is_public(name: str) -> bool:
    return not name.startswith("_")


def words(name: str) -> set[str]:
    """The words of a snake_case or CamelCase name."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def allowed_long_modules() -> dict[str, str]:
    return {cells[0].strip("`"): cells[1] for cells in rows(document("ARCHITECTURE.md"), "## Modules over 350 lines")}


def test_no_function_is_longer_than_fifty_lines() -> None:
    long = [
        f"{module.place}:{node.lineno} {node.name} has {length} lines"
        for module in (*product(), *proofs())
        for node in module.functions
        if (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert not long, places(long)


def test_a_module_over_350_lines_has_its_reason_in_the_architecture() -> None:
    reasons = allowed_long_modules()
    lengths = {module.place: module.text.count("\n") for module in product()}
    long = {place: count for place, count in lengths.items() if count > MODULE_LINES}
    unexplained = [f"{place} has {count} lines" for place, count in long.items() if not reasons.get(place)]
    assert not unexplained, places(unexplained)
    stale = [place for place in reasons if place not in long]
    assert not stale, f"listed in ARCHITECTURE.md, but no longer over {MODULE_LINES} lines:{places(stale)}"


def test_every_module_says_what_it_answers() -> None:
    silent = [m.place for m in (*product(), *proofs()) if m.text.strip() and len(ast.get_docstring(m.tree) or "") < 20]
    assert not silent, places(silent)


def test_every_room_says_what_it_is() -> None:
    folders = {path.parent for path in (ROOT / "src").rglob("*.py")}
    bare = [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()]
    assert not bare, places(sorted(bare))


def needs_a_docstring(module: Module) -> list[Function | ast.ClassDef]:
    """Public classes and functions, and the public methods that do more than their name says.

    A property and a method of one statement are read as fast as a sentence about them; ``__init__`` is explained by its class.
    """
    top = [node for node in module.tree.body if isinstance(node, Function | ast.ClassDef) and is_public(node.name)]
    classes = [node for node in top if isinstance(node, ast.ClassDef)]
    methods = [node for each in classes for node in each.body if isinstance(node, Function) and is_public(node.name)]
    return [*top, *(method for method in methods if not speaks_for_itself(method))]


def speaks_for_itself(method: Function) -> bool:
    is_property = any(dotted(decorator).endswith(("property", "setter")) for decorator in method.decorator_list)
    return is_property or len(method.body) == 1


def test_what_other_rooms_use_has_a_docstring() -> None:
    silent = [
        f"{module.place}:{node.lineno} {node.name}"
        for module in product()
        for node in needs_a_docstring(module)
        if not ast.get_docstring(node)
    ]
    assert not silent, places(silent)


def test_nothing_has_a_name_that_says_nothing() -> None:
    files = [m.place for m in (*product(), *proofs()) if words(m.place.rsplit("/", 1)[-1].removesuffix(".py")) & VAGUE]
    classes = [
        f"{module.place}:{node.lineno} {node.name}"
        for module in product()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and words(node.name) & VAGUE
    ]
    assert not files + classes, places(files + classes)


def test_nothing_is_left_unfinished() -> None:
    marks = [
        f"{module.place}:{number} {line.strip()[:80]}"
        for module in (*product(), *proofs())
        for number, line in enumerate(module.text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not marks, places(marks)


def test_only_the_command_line_prints() -> None:
    printing = [
        owner(module, node.lineno)
        for module in product()
        if "/cli/" not in module.place and module.room != "__main__"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and called(node) == "print"
    ]
    assert not printing, places(printing)


def test_nothing_inherits_from_more_than_one_parent() -> None:
    heirs = [
        f"{module.place}:{node.lineno} {node.name}"
        for module in product()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef) and len([parent for parent in node.bases if not isinstance(parent, ast.Subscript)]) > 1
    ]
    assert not heirs, places(heirs)
