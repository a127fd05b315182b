"""Example variables for a template: for previews, and to see whether it renders at all.

Each variable's example, else its default, else a fixed value of its type, so that a template
without any example still shows every part.
"""

from collections.abc import Sequence
from typing import Any, Final

from posthouse.model.template import Variable, VariableType

_DEPTH: Final = 8
_DEFAULTS: Final[dict[VariableType, Any]] = {
    VariableType.NUMBER: 1,
    VariableType.BOOLEAN: True,
    VariableType.DATE: "2026-11-25",
    VariableType.DATETIME: "2026-11-25T10:00:00+01:00",
    VariableType.MONEY: {"amount": "12.30", "currency": "EUR"},
    VariableType.URL: "https://example.com/",
    VariableType.EMAIL: "reader@example.com",
}


def examples(declared: Sequence[Variable], depth: int = 0) -> dict[str, Any]:
    """A value for every variable."""
    return {variable.name: _example(variable, depth) for variable in declared}


def _example(variable: Variable, depth: int) -> Any:
    if variable.example is not None:
        return variable.example
    if variable.default is not None:
        return variable.default
    if depth < _DEPTH and variable.type is VariableType.OBJECT:
        return examples(variable.properties, depth + 1)
    if variable.type is VariableType.ARRAY:
        return _array_example(variable, depth)
    return _DEFAULTS.get(variable.type, {} if variable.type is VariableType.OBJECT else f"[{variable.name or 'text'}]")


def _array_example(variable: Variable, depth: int) -> list[Any]:
    if depth < _DEPTH and variable.items is not None:
        return [_example(variable.items, depth + 1)] * 2
    return [examples(variable.properties, depth + 1)] * 2 if depth < _DEPTH and variable.properties else []
