"""Figures of the tree: ``python -m tools.shape [--json] [ROOT]``, for this checkout or for any other that has ``src/posthouse``.

They say how large the pieces are, how much is said beside the code, and how the modules hang together. A figure is no aim: what
is enforced stands in ``tests/house``.

What is counted: lines are lines of the file, blank ones too; a function's lines run from its ``def`` to its end; ``self`` and
``cls`` are no parameters; inner functions and methods count as functions.
"""

import argparse
import ast
import json
import sys
import tokenize
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tools.source import Function, Module, circles, folder_imports, imports, product
from tools.width import docstrings, packed_code, tokens, unformatted, wide_lines

MANY_PARAMETERS: Final = 5
TOOL_COMMENTS: Final = ("# noqa", "# fmt:", "# type:")


@dataclass(frozen=True)
class Spread:
    """Median, ninetieth percentile (nearest rank) and maximum of some counts."""

    median: int
    p90: int
    max: int


@dataclass(frozen=True)
class Room:
    """A room's size. ``module_p90`` and ``function_max`` are in lines."""

    modules: int
    lines: int
    module_p90: int
    function_max: int


@dataclass(frozen=True)
class Shape:
    """All figures. Shares are in per cent of all lines; ``comment_share`` leaves out what speaks to a tool (``noqa``, ``fmt``,
    ``type``).
    """

    rooms: Mapping[str, Room]
    modules: int
    lines: int
    module_lines: Spread
    function_lines: Spread
    parameters: Spread
    functions: int
    functions_with_many_parameters: int
    classes_twice: Mapping[str, Sequence[str]]
    wide_lines: int
    fmt_skips: int
    fmt_skips_on_code: int
    comment_share: float
    docstring_share: float
    imports_per_module: Spread
    module_circles: Sequence[Sequence[str]]
    folder_circles: Sequence[Sequence[str]]
    modules_with_one_importer: int


def measure(modules: Sequence[Module]) -> Shape:
    """The figures of a tree."""
    graph = imports(modules)
    functions = [function for module in modules for function in module.functions]
    parameters = [count_parameters(function) for function in functions]
    lines = sum(module.lines for module in modules)
    importers = Counter(name for imported in graph.values() for name in imported)
    return Shape(
        rooms=rooms(modules),
        modules=len(modules),
        lines=lines,
        module_lines=spread(module.lines for module in modules),
        function_lines=spread(map(length, functions)),
        parameters=spread(parameters),
        functions=len(functions),
        functions_with_many_parameters=sum(count > MANY_PARAMETERS for count in parameters),
        classes_twice=classes_twice(modules),
        wide_lines=sum(len(wide_lines(module.text, module.tree)) for module in modules),
        fmt_skips=sum(len(unformatted(module.text)) for module in modules),
        fmt_skips_on_code=sum(len(packed_code(module.text, module.tree)) for module in modules),
        comment_share=share(sum(comment_lines(module.text) for module in modules), lines),
        docstring_share=share(sum(docstring_lines(module.tree) for module in modules), lines),
        imports_per_module=spread(len(imported) for imported in graph.values()),
        module_circles=circles(graph),
        folder_circles=circles(folder_imports(modules)),
        modules_with_one_importer=sum(count == 1 for count in importers.values()),
    )


def rooms(modules: Iterable[Module]) -> dict[str, Room]:
    """The size of each room, by name."""
    by_room: dict[str, list[Module]] = {}
    for module in modules:
        by_room.setdefault(module.room, []).append(module)
    return {room: _room(inside) for room, inside in sorted(by_room.items())}


def _room(modules: Sequence[Module]) -> Room:
    functions = [length(function) for module in modules for function in module.functions]
    lines = [module.lines for module in modules]
    return Room(modules=len(modules), lines=sum(lines), module_p90=spread(lines).p90, function_max=max(functions, default=0))


def classes_twice(modules: Iterable[Module]) -> dict[str, list[str]]:
    """The public class names that stand in more than one place, and the places."""
    places: dict[str, list[str]] = {}
    for module in modules:
        for node in module.classes:
            if not node.name.startswith("_"):
                places.setdefault(node.name, []).append(f"{module.place}:{node.lineno}")
    return {name: where for name, where in sorted(places.items()) if len(where) > 1}


def spread(counts: Iterable[int]) -> Spread:
    """Median, ninetieth percentile and maximum, 0 where there is nothing."""
    ordered = sorted(counts)
    return Spread(rank(ordered, 50), rank(ordered, 90), ordered[-1]) if ordered else Spread(0, 0, 0)


def rank(ordered: Sequence[int], percent: int) -> int:
    """The nearest rank: the smallest value that at least so many per cent do not exceed."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def length(function: Function) -> int:
    """Lines from ``def`` to the end."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


def count_parameters(function: Function) -> int:
    """How many parameters a caller can give; ``*args`` and ``**kwargs`` are one each."""
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args)]
    bound = bool(names) and names[0] in {"self", "cls"}
    return len(names) - bound + len(given.kwonlyargs) + (given.vararg is not None) + (given.kwarg is not None)


def comment_lines(text: str) -> int:
    """Lines with a comment that is meant for people."""
    return sum(token.type == tokenize.COMMENT and not token.string.startswith(TOOL_COMMENTS) for token in tokens(text))


def docstring_lines(tree: ast.Module) -> int:
    """Lines that docstrings take."""
    return sum((each.end_lineno or each.lineno) - each.lineno + 1 for each in docstrings(tree))


def share(part: int, whole: int) -> float:
    """Per cent, with one decimal."""
    return round(100 * part / whole, 1) if whole else 0.0


def as_text(shape: Shape) -> str:
    """The figures for people."""
    table = [f"{'room':<14} {'modules':>7} {'lines':>7} {'module p90':>10} {'function max':>12}"]
    table += [
        f"{name:<14} {room.modules:>7} {room.lines:>7} {room.module_p90:>10} {room.function_max:>12}"
        for name, room in shape.rooms.items()
    ]
    many = f"{shape.functions_with_many_parameters} of {shape.functions}"
    figures = [
        ("modules / lines", f"{shape.modules} / {shape.lines}"),
        ("module lines, median / p90 / max", _of(shape.module_lines)),
        ("function lines, median / p90 / max", _of(shape.function_lines)),
        ("parameters, median / p90 / max", _of(shape.parameters)),
        (
            f"functions with more than {MANY_PARAMETERS} parameters",
            f"{many} ({share(shape.functions_with_many_parameters, shape.functions)} %)",
        ),
        ("public class names that stand twice", str(len(shape.classes_twice))),
        ("lines over 130 columns, but for tables and texts", str(shape.wide_lines)),
        ("`# fmt: skip`, of which on code", f"{shape.fmt_skips}, {shape.fmt_skips_on_code}"),
        ("comments / docstrings, share of lines", f"{shape.comment_share} % / {shape.docstring_share} %"),
        ("own modules a module imports, median / p90 / max", _of(shape.imports_per_module)),
        ("circles of modules / of folders", f"{len(shape.module_circles)} / {len(shape.folder_circles)}"),
        ("modules with exactly one importer", str(shape.modules_with_one_importer)),
    ]
    named = [f"  {name}: {', '.join(where)}" for name, where in shape.classes_twice.items()]
    named += [f"  circle: {' '.join(circle)}" for circle in (*shape.module_circles, *shape.folder_circles)]
    return "\n".join([*table, "", *(f"{name:<52} {value}" for name, value in figures), *([""] if named else []), *named])


def _of(spread: Spread) -> str:
    return f"{spread.median} / {spread.p90} / {spread.max}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 2 where there is no such tree."""
    parser = argparse.ArgumentParser(prog="python -m tools.shape", description="Figures of a tree.")
    parser.add_argument("root", nargs="?", type=Path, default=Path(), help="a folder that has src/posthouse; left out: this one")
    parser.add_argument("--json", action="store_true", help="as JSON, for a program")
    options = parser.parse_args(arguments)
    modules = product(options.root)
    if not modules:
        print(f"There is no src/posthouse in {options.root}.", file=sys.stderr)
        return 2
    shape = measure(modules)
    print(json.dumps(asdict(shape), indent=1) if options.json else as_text(shape))
    return 0


if __name__ == "__main__":
    sys.exit(main())
