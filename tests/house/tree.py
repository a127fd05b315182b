"""The tree as the house tests see it: every Python module of ours, parsed once."""

import ast
from functools import cache
from pathlib import Path
from typing import Final

from tools import source
from tools.source import Module

ROOT: Final = Path(__file__).resolve().parents[2]
ELSEWHERE: Final = frozenset({".git", ".venv", ".cache", ".hypothesis", "__pycache__", "var", "results", "node_modules"})


@cache
def product() -> tuple[Module, ...]:
    """What is shipped."""
    return source.product(ROOT)


@cache
def proofs() -> tuple[Module, ...]:
    """What proves it, and what measures it."""
    paths = [path for folder in ("tests", "bench", "tools") for path in ROOT.glob(f"{folder}/**/*.py")]
    return tuple(source.parse(path, ROOT) for path in sorted(paths) if not ELSEWHERE.intersection(path.relative_to(ROOT).parts))


@cache
def texts() -> dict[str, str]:
    """Every text file of the project, by its place."""
    found = {}
    for path in sorted(ROOT.rglob("*")):
        place = path.relative_to(ROOT)
        if ELSEWHERE.intersection(place.parts) or not path.is_file():
            continue
        try:
            found[str(place)] = path.read_text()
        except UnicodeDecodeError:
            continue
    return found


def document(place: str) -> str:
    """A document of the project."""
    return (ROOT / place).read_text()


def rows(markdown: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head and rule."""
    _, _, below = markdown.partition(f"\n{heading}\n")
    lines = [line.strip() for line in below.splitlines()]
    start = next((at for at, line in enumerate(lines) if line.startswith("|")), len(lines))
    table = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").replace("\\|", "¦").split("|")])
    return table[2:]


def owner(module: Module, line: int) -> str:
    """``place:function`` around a line; ``place`` alone at module level. Inner functions count to the outermost."""
    around = [node for node in module.functions if node.lineno <= line <= (node.end_lineno or node.lineno)]
    return f"{module.place}:{min(around, key=lambda node: node.lineno).name}" if around else module.place


def called(node: ast.Call) -> str:
    """The dotted name of what is called, or ''."""
    return dotted(node.func)


def dotted(node: ast.expr) -> str:
    """``a.b.c`` for names and attributes, '' for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        front = dotted(node.value)
        return f"{front}.{node.attr}" if front else f".{node.attr}"
    return ""


def places(found: list[str]) -> str:
    """A list for a failure's message, one a line."""
    return "\n  " + "\n  ".join(found)
