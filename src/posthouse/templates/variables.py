"""The variables that a caller gives: whether all are there, of their type, and small enough; all faults at once (C2).

Absent and ``null`` are the same. What is declared and left out takes its default, else it is nothing (``{% if %}`` sees
false); what is given and not declared goes through, so an extra variable never fails a send. A required text must
not be blank. Every fault has its path from the outside in: ``variables.items[2].price: must be a number``.
What each type accepts is decided in ``language.variable_types``.

Known sharp edges: a number is not taken for a text nor a text for a number: "49.99" without a currency is a mistake
that a reader would see. Money comes out as an object of amount and currency in whichever form it went in.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from posthouse.model.send_request import FieldError
from posthouse.model.template import Variable, VariableType
from posthouse.templates.language import variable_types

MOST_TEXT: Final = 64 * 1024
MOST_IN_ALL: Final = 512 * 1024
MOST_VALUES: Final = 20_000
_PATH: Final = "variables"
_REQUIRED: Final = "required"
_BITS: Final = 64
_LONGEST_PATH: Final = 200
RESERVED: Final = frozenset(
    {
        "and",
        "or",
        "not",
        "in",
        "is",
        "if",
        "else",
        "elif",
        "for",
        "true",
        "false",
        "none",
        "True",
        "False",
        "None",
        "loop",
        "self",
    }
)

_STRING: Final = VariableType.STRING
_MONEY: Final = VariableType.MONEY
_ARRAY: Final = VariableType.ARRAY
_OBJECT: Final = VariableType.OBJECT

is_web_address = variable_types.is_web_address


def bind(declared: Sequence[Variable], variables: Mapping[str, Any]) -> dict[str, Any] | tuple[FieldError, ...]:
    """The context a template is rendered with, or all that is wrong."""
    size_fault = _size_fault(variables)
    if size_fault is not None:
        return (size_fault,)
    errors: list[FieldError] = []
    context = _bind_all(declared, variables, _PATH, errors)
    return tuple(errors) if errors else context


def declaration_faults(declared: Sequence[Variable]) -> tuple[FieldError, ...]:
    """What is wrong with the declarations themselves, no deeper than the language goes: shapes, defaults and examples that are
    not of their type.
    """
    errors: list[FieldError] = []
    _check_declarations(declared, _PATH, errors)
    return tuple(errors)


def _bind_all(declared: Sequence[Variable], variables: Mapping[str, Any], path: str, errors: list[FieldError]) -> dict[str, Any]:
    context = dict(variables)
    for variable in declared:
        name = variable.name
        value = variables.get(name)
        if value is None and variable.also:
            name, value = _find_alias(variable, variables)
        if value is not None:
            if variable.type is _STRING and type(value) is str and value and not value.isspace():
                context[variable.name] = value  # the common case, without a function call
            else:
                context[variable.name] = _check_value(variable, value, path, name, errors)
        else:
            context[variable.name] = _default_of(variable, path, name, errors)
    return context


def _default_of(variable: Variable, path: str, name: str, errors: list[FieldError]) -> Any:
    value = variable.default
    if variable.required:
        errors.append(FieldError(f"{path}.{name}", _required(variable)))
    elif value is not None and variable.type is _MONEY:
        return variable_types.money(value)
    return value


def _find_alias(variable: Variable, variables: Mapping[str, Any]) -> tuple[str, Any]:
    """The alias that a variable was given under, and its value."""
    for name in variable.also:
        value = variables.get(name)
        if value is not None:
            return name, value
    return variable.name, None


def _required(variable: Variable) -> str:
    return f"{_REQUIRED} (or {', '.join(variable.also)})" if variable.also else _REQUIRED


def _check_value(variable: Variable, value: Any, path: str, name: str, errors: list[FieldError]) -> Any:
    """The value, its inner values bound; what is wrong goes to ``errors``."""
    kind = variable.type
    if kind is _MONEY:
        bound = variable_types.money(value)
        if bound is not None:
            return bound
    elif variable_types.is_valid(kind, value):
        if kind is _OBJECT:
            return _bind_all(variable.properties, value, f"{path}.{name}", errors) if variable.properties else value
        if kind is _ARRAY:
            return _bind_items(variable.items, value, f"{path}.{name}", errors) if variable.items is not None else value
        if variable.required and isinstance(value, str) and not value.strip():
            errors.append(FieldError(f"{path}.{name}", "must not be empty"))
        return value
    errors.append(FieldError(f"{path}.{name}", f"must be {variable_types.EXPECTED[kind]}"))
    return value


def _bind_items(item: Variable, values: Sequence[Any], path: str, errors: list[FieldError]) -> list[Any]:
    """The items, each with its number."""
    bound = []
    of_objects = item.type is _OBJECT and item.properties
    for index, value in enumerate(values):
        if of_objects and type(value) is dict:
            bound.append(_bind_all(item.properties, value, f"{path}[{index}]", errors))
        else:
            inner: list[FieldError] = []
            bound.append(_check_value(item, value, "", "", inner))
            errors += (FieldError(f"{path}[{index}]{fault.path.removeprefix('.')}", fault.message) for fault in inner)
    return bound


def _check_declarations(declared: Sequence[Variable], path: str, errors: list[FieldError]) -> None:
    for index, variable in enumerate(declared):
        _check_declaration(variable, f"{path}[{index}]", errors)


def _check_declaration(variable: Variable, path: str, errors: list[FieldError]) -> None:
    kind = variable.type
    if variable.items is not None and kind is not VariableType.ARRAY:
        errors.append(FieldError(f"{path}.items", "only an array has items"))
    if variable.properties and kind is not VariableType.OBJECT:
        errors.append(FieldError(f"{path}.properties", "only an object has properties; of an array they stand in its items"))
    for field, value in (("default", variable.default), ("example", variable.example)):
        if value is None:
            continue
        size_fault = _size_fault({field: value})
        if size_fault is not None:
            errors.append(FieldError(f"{path}.{field}", size_fault.message))
        else:
            _check_value(variable, value, path, field, errors)
    _check_declarations(variable.properties, f"{path}.properties", errors)
    if variable.items is not None:
        _check_declaration(variable.items, f"{path}.items", errors)


def _path_of(variables: Mapping[str, Any], text: str) -> str:
    """Where a text stands in the variables, ``''`` if nowhere; walked in the order of ``_size_fault``."""
    remaining: list[tuple[str, Any]] = [(f"{_PATH}.{name}", value) for name, value in variables.items()]
    while remaining:
        path, value = remaining.pop()
        if value is text:
            return path
        if len(path) > _LONGEST_PATH:
            continue
        if isinstance(value, dict):
            remaining += ((f"{path}.{name}", inner) for name, inner in value.items())
        elif isinstance(value, list | tuple):
            remaining += ((f"{path}[{index}]", inner) for index, inner in enumerate(value))
    return ""


def _size_fault(variables: Mapping[str, Any]) -> FieldError | None:
    """What is wrong with the size of the variables, whatever their depth; walked without recursion."""
    characters, values = 0, 0
    remaining: list[Any] = [variables]
    while remaining:
        value = remaining.pop()
        values += 1
        kind = type(value)
        if kind is str:
            size = len(value)
            if size > MOST_TEXT:
                return FieldError(_path_of(variables, value) or _PATH, f"must have at most {MOST_TEXT} characters, not {size}")
            characters += size
        elif kind is int:
            if value.bit_length() > _BITS:
                return FieldError(_PATH, f"a whole number must fit into {_BITS} bits")
        elif kind is dict:
            remaining += value.values()
            if values + len(remaining) > MOST_VALUES:
                break
        elif kind is list or kind is tuple:
            remaining += value
            if values + len(remaining) > MOST_VALUES:
                break
    if values + len(remaining) > MOST_VALUES or characters > MOST_IN_ALL:
        return FieldError(_PATH, f"must have at most {MOST_VALUES} values and {MOST_IN_ALL} characters in all")
    return None
