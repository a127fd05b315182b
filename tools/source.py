"""A package's source as data: its modules, parsed once, who imports whom, and where that goes in circles.

It must never import the package it looks at: an older checkout is read as well as this one.

Known sharp edges: an import in a function or under ``TYPE_CHECKING`` counts like any other, because a reader follows it all the
same. An import by a name that is made up at run time is not seen.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

PACKAGE: Final = "posthouse"
Function = ast.FunctionDef | ast.AsyncFunctionDef
Graph = Mapping[str, frozenset[str]]


class Module(NamedTuple):
    """One file. ``place``: its path from the root; ``room``: the first folder or file below the package; ``name``: as it is
    imported.
    """

    place: str
    room: str
    name: str
    text: str
    tree: ast.Module

    @property
    def functions(self) -> Iterator[Function]:
        """Every function, methods and inner ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    @property
    def classes(self) -> Iterator[ast.ClassDef]:
        """Every class, inner ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef))

    @property
    def lines(self) -> int:
        """How many lines the file has."""
        return self.text.count("\n")

    @property
    def folder(self) -> str:
        """The package that the file stands in, as it is imported."""
        return self.name if self.place.endswith("/__init__.py") else self.name.rpartition(".")[0]


def parse(path: Path, root: Path) -> Module:
    """The module in a file somewhere below ``root``."""
    place = path.relative_to(root)
    below = place.parts[2:] if place.parts[:2] == ("src", PACKAGE) else place.parts
    dotted = [part for part in place.with_suffix("").parts if part not in {"src", "__init__"}]
    text = path.read_text(encoding="utf-8")
    return Module(str(place), below[0].removesuffix(".py"), ".".join(dotted), text, ast.parse(text, filename=str(place)))


def product(root: Path) -> tuple[Module, ...]:
    """Every module below ``src/posthouse``, by place."""
    return tuple(parse(path, root) for path in sorted((root / "src" / PACKAGE).rglob("*.py")))


def imports(modules: Iterable[Module]) -> dict[str, frozenset[str]]:
    """Which of the modules each of them imports, by name."""
    by_name = {module.name: module for module in modules}
    return {name: frozenset(_imported(module, by_name)) - {name} for name, module in by_name.items()}


def _imported(module: Module, known: Mapping[str, Module]) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            full = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (name if name in known else node.module for name in full if name in known or node.module in known)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)


def folder_imports(modules: Iterable[Module]) -> dict[str, frozenset[str]]:
    """Which folders the modules of each folder import from.

    Where the program begins (``__main__``) and the package's own ``__init__`` (the version) stand above and below all folders.
    """
    inner = [module for module in modules if module.name not in {PACKAGE, f"{PACKAGE}.__main__"}]
    folder_of = {module.name: module.folder for module in inner}
    graph: dict[str, set[str]] = {folder: set() for folder in folder_of.values()}
    for name, imported in imports(inner).items():
        graph[folder_of[name]] |= {folder_of[other] for other in imported} - {folder_of[name]}
    return {folder: frozenset(others) for folder, others in graph.items()}


def circles(graph: Graph) -> list[list[str]]:
    """Groups of nodes that reach each other, each sorted: what stands in no circle is in none of them."""
    reach = {node: _reachable(graph, node) for node in graph}
    rest, found = sorted(graph), []
    while rest:
        first = rest.pop(0)
        circle = [first, *(node for node in rest if node in reach[first] and first in reach[node])]
        rest = [node for node in rest if node not in circle]
        found += [circle] if len(circle) > 1 else []
    return found


def _reachable(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        fresh = graph.get(waiting.pop(), frozenset()) - seen
        seen |= fresh
        waiting += fresh
    return seen
