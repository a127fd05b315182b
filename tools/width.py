"""Which lines are too wide, and where the formatter is told to keep its hands off.

A line may have 130 columns. Four things may be wider, because breaking them makes them harder to read:

- a **literal table**: an assignment at module or class level of a dict, list, tuple or set, plain or in ``frozenset``, ``tuple``
  and the like, whose entries are constants, names, or calls that make a record of such;
- a **text of several lines** that is no docstring: SQL, HTML, a sample of mail;
- a **citation**: a line that would fit without the one address (``https://…``) in it;
- a line that would fit without the **pragma** at its end (``# noqa``, ``# type: ignore``), as the linter counts too.

In tests the table that ``pytest.mark.parametrize`` is given counts as one.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from typing import Final

COLUMNS: Final = 130
ADDRESS: Final = re.compile(r"https?://\S+")
PRAGMA: Final = re.compile(r"\s+# (noqa|type: ignore)\b.*$")
KEEP_AS_IT_IS: Final = re.compile(r"#\s*fmt:\s*(skip|off|on)\b")
DISPLAYS: Final = (ast.Dict, ast.List, ast.Tuple, ast.Set)
WRAPPERS: Final = frozenset({"dict", "frozenset", "list", "set", "tuple", "MappingProxyType"})
# From Python 3.12 on, an f-string is several tokens.
STRING_BEGINS: Final = {tokenize.STRING, getattr(tokenize, "FSTRING_START", tokenize.STRING)}
STRING_ENDS: Final = {tokenize.STRING, getattr(tokenize, "FSTRING_END", tokenize.STRING)}


def wide_lines(text: str, tree: ast.Module) -> list[int]:
    """The numbers of the lines that are wider than they may be."""
    wide = [number for number, line in enumerate(text.splitlines(), 1) if len(line) > COLUMNS]
    if not wide:
        return []
    free = {number for table in tables(tree) for number in _lines(table)} | text_lines(text, tree)
    lines = text.splitlines()
    return [number for number in wide if number not in free and len(PRAGMA.sub("", ADDRESS.sub("", lines[number - 1]))) > COLUMNS]


def packed_code(text: str, tree: ast.Module) -> list[int]:
    """The numbers of the lines that tell the formatter to keep its hands off what is no literal table."""
    kept = unformatted(text)
    if not kept:
        return []
    free = {number for table in tables(tree) for number in _lines(table)}
    return [number for number in kept if number not in free]


def unformatted(text: str) -> list[int]:
    """The numbers of the lines with ``# fmt: skip`` (or off, or on)."""
    if "fmt:" not in text:  # tokenizing is what takes time
        return []
    return [token.start[0] for token in tokens(text) if token.type == tokenize.COMMENT and KEEP_AS_IT_IS.match(token.string)]


def tables(tree: ast.Module) -> Iterator[ast.stmt | ast.expr]:
    """Every literal table."""
    bodies = [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for statement in (each for body in bodies for each in body):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None and is_table(statement.value):
            yield statement
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "parametrize":
            yield from (argument for argument in node.args if is_table(argument))


def is_table(value: ast.expr) -> bool:
    """Whether an expression is a dict, list, tuple or set of literals."""
    if isinstance(value, ast.Call):
        return _name(value.func) in WRAPPERS and len(value.args) == 1 and not value.keywords and is_table(value.args[0])
    return isinstance(value, DISPLAYS) and _is_literal(value)


def _is_literal(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant | ast.Name | ast.Attribute):
        return True
    if isinstance(value, ast.Call):
        return all(_is_literal(each) for each in [*value.args, *(keyword.value for keyword in value.keywords)])
    if isinstance(value, ast.Dict):
        return all(_is_literal(each) for each in [*value.values, *(key for key in value.keys if key)])
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return all(_is_literal(each) for each in value.elts)
    if isinstance(value, ast.BinOp):
        return _is_literal(value.left) and _is_literal(value.right)
    return isinstance(value, ast.UnaryOp | ast.Starred) and _is_literal(
        value.operand if isinstance(value, ast.UnaryOp) else value.value
    )


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def text_lines(text: str, tree: ast.Module) -> set[int]:
    """The numbers of the lines within a string that runs over several lines and is no docstring."""
    prose = {number for docstring in docstrings(tree) for number in _lines(docstring)}
    begun: list[int] = []
    inside: set[int] = set()
    for token in tokens(text):
        if token.type in STRING_BEGINS:
            begun.append(token.start[0])
        if token.type in STRING_ENDS:
            start = begun.pop()
            inside |= set(range(start, token.end[0] + 1)) if token.end[0] > start else set()
    return inside - prose


def docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    """The string that each module, class or function begins with, where it has one."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node, clean=False) is not None
        ):
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            yield first.value


def tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of a module."""
    return tokenize.generate_tokens(io.StringIO(text).readline)


def _lines(node: ast.stmt | ast.expr) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
