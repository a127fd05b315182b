"""What a template is given: are all variables there, of their type, and small enough? Everything wrong at once (C2).

Absent and ``null`` are the same. What is declared and left out takes its default, else it is nothing (``{% if %}`` sees
false); what is given and not declared goes through, so an extra variable never fails a send. A required text must
not be blank. Every fault has its path from the outside in: ``variables.items[2].price: must be a number``.
What each type takes is decided in ``kinds``.

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
_LONGEST_PLACE: Final = 200
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


def bind(declared: Sequence[Variable], given: Mapping[str, Any]) -> dict[str, Any] | tuple[FieldError, ...]:
    """The context a template is rendered with, or all that is wrong."""
    heavy = _too_much(given)
    if heavy is not None:
        return (heavy,)
    errors: list[FieldError] = []
    context = _bound(declared, given, _PATH, errors)
    return tuple(errors) if errors else context


def declaration_faults(declared: Sequence[Variable]) -> tuple[FieldError, ...]:
    """What is wrong with the declarations themselves, no deeper than the language goes: shapes, defaults and examples that are not of their type."""
    errors: list[FieldError] = []
    _declared(declared, _PATH, errors)
    return tuple(errors)


def _bound(declared: Sequence[Variable], given: Mapping[str, Any], path: str, errors: list[FieldError]) -> dict[str, Any]:
    context = dict(given)
    for variable in declared:
        name = variable.name
        value = given.get(name)
        if value is None and variable.also:
            name, value = _given(variable, given)
        if value is not None:
            if variable.type is _STRING and type(value) is str and value and not value.isspace():
                context[variable.name] = value  # what most are; everything else is decided below
            else:
                context[variable.name] = _checked(variable, value, path, name, errors)
        else:
            context[variable.name] = _left_out(variable, path, name, errors)
    return context


def _left_out(variable: Variable, path: str, name: str, errors: list[FieldError]) -> Any:
    value = variable.default
    if variable.required:
        errors.append(FieldError(f"{path}.{name}", _required(variable)))
    elif value is not None and variable.type is _MONEY:
        return variable_types.money(value)
    return value


def _given(variable: Variable, given: Mapping[str, Any]) -> tuple[str, Any]:
    """Under which other name a variable came, and what."""
    for name in variable.also:
        value = given.get(name)
        if value is not None:
            return name, value
    return variable.name, None


def _required(variable: Variable) -> str:
    return f"{_REQUIRED} (or {', '.join(variable.also)})" if variable.also else _REQUIRED


def _checked(variable: Variable, value: Any, path: str, name: str, errors: list[FieldError]) -> Any:
    """The value, its inner values bound; what is wrong goes to ``errors``."""
    kind = variable.type
    if kind is _MONEY:
        bound = variable_types.money(value)
        if bound is not None:
            return bound
    elif variable_types.takes(kind, value):
        if kind is _OBJECT:
            return _bound(variable.properties, value, f"{path}.{name}", errors) if variable.properties else value
        if kind is _ARRAY:
            return _listed(variable.items, value, f"{path}.{name}", errors) if variable.items is not None else value
        if variable.required and isinstance(value, str) and not value.strip():
            errors.append(FieldError(f"{path}.{name}", "must not be empty"))
        return value
    errors.append(FieldError(f"{path}.{name}", f"must be {variable_types.WANTED[kind]}"))
    return value


def _listed(item: Variable, values: Sequence[Any], place: str, errors: list[FieldError]) -> list[Any]:
    """The items, each with its number."""
    found = []
    of_objects = item.type is _OBJECT and item.properties
    for index, value in enumerate(values):
        if of_objects and type(value) is dict:
            found.append(_bound(item.properties, value, f"{place}[{index}]", errors))
        else:
            inner: list[FieldError] = []
            found.append(_checked(item, value, "", "", inner))
            errors += (FieldError(f"{place}[{index}]{fault.path.removeprefix('.')}", fault.message) for fault in inner)
    return found


def _declared(declared: Sequence[Variable], path: str, errors: list[FieldError]) -> None:
    for index, variable in enumerate(declared):
        _declared_one(variable, f"{path}[{index}]", errors)


def _declared_one(variable: Variable, place: str, errors: list[FieldError]) -> None:
    kind = variable.type
    if variable.items is not None and kind is not VariableType.ARRAY:
        errors.append(FieldError(f"{place}.items", "only an array has items"))
    if variable.properties and kind is not VariableType.OBJECT:
        errors.append(FieldError(f"{place}.properties", "only an object has properties; of an array they stand in its items"))
    for word, value in (("default", variable.default), ("example", variable.example)):
        if value is None:
            continue
        heavy = _too_much({word: value})
        if heavy is not None:
            errors.append(FieldError(f"{place}.{word}", heavy.message))
        else:
            _checked(variable, value, place, word, errors)
    _declared(variable.properties, f"{place}.properties", errors)
    if variable.items is not None:
        _declared_one(variable.items, f"{place}.items", errors)


def _place_of(given: Mapping[str, Any], wanted: str) -> str:
    """Where a text stands in the variables, ``''`` if nowhere; walked as ``_too_much`` walks, by whoever has found one that is too long."""
    rest: list[tuple[str, Any]] = [(f"{_PATH}.{name}", value) for name, value in given.items()]
    while rest:
        place, value = rest.pop()
        if value is wanted:
            return place
        if len(place) > _LONGEST_PLACE:
            continue
        if isinstance(value, dict):
            rest += ((f"{place}.{name}", inner) for name, inner in value.items())
        elif isinstance(value, list | tuple):
            rest += ((f"{place}[{index}]", inner) for index, inner in enumerate(value))
    return ""


def _too_much(given: Mapping[str, Any]) -> FieldError | None:
    """How heavy the variables are, whatever their depth; walked without recursion."""
    characters, values = 0, 0
    rest: list[Any] = [given]
    while rest:
        value = rest.pop()
        values += 1
        kind = type(value)
        if kind is str:
            size = len(value)
            if size > MOST_TEXT:
                return FieldError(_place_of(given, value) or _PATH, f"must have at most {MOST_TEXT} characters, not {size}")
            characters += size
        elif kind is int:
            if value.bit_length() > _BITS:
                return FieldError(_PATH, f"a whole number must fit into {_BITS} bits")
        elif kind is dict:
            rest += value.values()
            if values + len(rest) > MOST_VALUES:
                break
        elif kind is list or kind is tuple:
            rest += value
            if values + len(rest) > MOST_VALUES:
                break
    if values + len(rest) > MOST_VALUES or characters > MOST_IN_ALL:
        return FieldError(_PATH, f"must have at most {MOST_VALUES} values and {MOST_IN_ALL} characters in all")
    return None
