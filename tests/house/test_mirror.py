"""``tests/`` mirrors ``src/``: each module has a test of its own, or ``proofs.toml`` says which tests prove it.

A module without a function has nothing to prove: a record is proved by whoever uses it.

Known sharp edges: that a test reaches a module is read from imports, so it says that the module is loaded, not that each line is
run. A module that starts a program of ours (``python -m posthouse…``) reaches what that imports.
"""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

import pytest

from tests.house.tree import ROOT, document, places, product, proofs
from tools.source import Module, imports

PROOFS: Final[dict[str, list[str]]] = tomllib.loads(document("tests/house/proofs.toml"))


def below(module: Module) -> PurePosixPath:
    """A module's path below the package, without its ending; a package is its folder."""
    path = PurePosixPath(module.place).relative_to("src/posthouse").with_suffix("")
    return path.parent if path.name == "__init__" else path


def has_test_of_its_own(module: Module) -> bool:
    path = below(module)
    folders = [ROOT / "tests" / path.parent, *([ROOT / "tests" / path] if module.place.endswith("/__init__.py") else [])]
    return any(
        found
        for folder in folders
        for pattern in ("test_{}.py", "test_{}_*.py")
        for found in folder.glob(pattern.format(path.name))
    )


def line_for(module: Module) -> str | None:
    """The folder in ``proofs.toml`` that decides for a module."""
    path = str(below(module))
    fitting = [folder for folder in PROOFS if path == folder or path.startswith(f"{folder}/")]
    return max(fitting, key=len, default=None)


def unmirrored() -> list[Module]:
    return [module for module in product() if any(module.functions) and not has_test_of_its_own(module)]


@cache
def graph() -> dict[str, frozenset[str]]:
    """Who imports or starts whom, tests and product together."""
    modules = [*product(), *proofs()]
    known = imports(modules)
    return {module.name: known[module.name] | set(started(module, known)) for module in modules}


def started(module: Module, known: dict[str, frozenset[str]]) -> Iterator[str]:
    """The programs of ours that a module starts: what stands behind ``"-m"`` in a list of arguments."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.List | ast.Tuple | ast.Call):
            elements = node.args if isinstance(node, ast.Call) else node.elts
            words = [each.value if isinstance(each, ast.Constant) else None for each in elements]
            names = [str(word) for flag, word in pairwise(words) if flag == "-m"]
            yield from (name for each in names for name in (each, f"{each}.__main__") if name in known)


@cache
def reached(test: str) -> frozenset[str]:
    """Every module that a test file, or those of a folder, loads or starts."""
    prefix = test.removesuffix(".py").replace("/", ".")
    waiting = [name for name in graph() if name == prefix or name.startswith(f"{prefix}.")]
    waiting += list(fixtures(test))
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        fresh = (graph().get(name, frozenset()) | ({name} if not name.startswith("tests.") else set())) - seen
        seen |= fresh
        waiting += fresh - {name}
    return frozenset(seen)


def fixtures(test: str) -> Iterator[str]:
    """The ``conftest`` modules around a test."""
    parts = test.removesuffix(".py").split("/")
    return (f"{'.'.join(parts[:length])}.conftest" for length in range(1, len(parts) + 1))


def test_a_module_has_a_test_of_its_own_or_a_line_that_says_what_proves_it() -> None:
    unproved = [module.place for module in unmirrored() if line_for(module) is None]
    assert not unproved, places(unproved)


def test_every_line_is_needed_and_names_tests_that_exist() -> None:
    idle = set(PROOFS) - {line_for(module) for module in unmirrored()}
    lost = [f"{folder}: {test}" for folder, tests in PROOFS.items() for test in tests if not (ROOT / test).exists()]
    assert not lost, places(lost)
    assert not idle, places(sorted(idle))


@pytest.mark.parametrize("folder", PROOFS)
def test_the_tests_of_a_line_reach_every_module_below_it(folder: str) -> None:
    modules = [module for module in unmirrored() if line_for(module) == folder]
    loaded = frozenset[str]().union(*(reached(test) for test in PROOFS[folder]))
    missed = [module.place for module in modules if module.name not in loaded]
    assert not missed, places(missed)
