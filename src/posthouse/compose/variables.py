"""What a template is given: are all variables there, of their type, and small enough? Everything wrong at once (C2).

Absent and ``null`` are the same. What is declared and left out takes its default, else it is nothing (``{% if %}`` sees
false); what is given and not declared goes through, so an extra variable never fails a send. A required text must
not be blank, a ``url`` is http or https with a host, a ``date`` is RFC 3339 (a day, or a time with its zone).

Known sharp edges: a number is not taken for a text nor a text for a number: "49.99" without a currency is a mistake
that a reader would see. Amounts are therefore strings. A ``date`` is checked as a calendar day, not just by its shape.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from posthouse.compose.template import Variable, VariableType
from posthouse.model.send_request import FieldError

MOST_TEXT: Final = 64 * 1024
MOST_IN_ALL: Final = 512 * 1024
MOST_VALUES: Final = 20_000
_PATH: Final = "variables"
_REQUIRED: Final = "required"
_WANTED: Final = {
    VariableType.STRING: "a string",
    VariableType.NUMBER: "a number",
    VariableType.BOOLEAN: "true or false",
    VariableType.DATE: "a date such as 2026-11-25",
    VariableType.ARRAY: "a list",
    VariableType.OBJECT: "an object",
    VariableType.URL: "a web address that begins with https:// or http://",
}
_DAY: Final = 10
_BITS: Final = 64
_BEYOND_URL: Final = frozenset(" \"'<>\\^`{|}")


def bind(declared: Sequence[Variable], given: Mapping[str, Any]) -> dict[str, Any] | tuple[FieldError, ...]:
    """The context a template is rendered with, or all that is wrong."""
    heavy = _too_much(given)
    if heavy is not None:
        return (heavy,)
    errors: list[FieldError] = []
    context = _bound(declared, given, _PATH, errors)
    return tuple(errors) if errors else context


def _bound(declared: Sequence[Variable], given: Mapping[str, Any], path: str, errors: list[FieldError]) -> dict[str, Any]:
    context = dict(given)
    for variable in declared:
        name, value = _given(variable, given)
        place = f"{path}.{name}"
        if value is None:
            value = variable.default
            if variable.required:
                errors.append(FieldError(place, _required(variable)))
        elif (fault := _fault(variable, value)) is not None:
            errors.append(FieldError(place, fault))
        elif variable.fields:
            value = _inner(variable, value, place, errors)
        context[variable.name] = value
    return context


def _given(variable: Variable, given: Mapping[str, Any]) -> tuple[str, Any]:
    """Under which name a variable came, and what."""
    for name in (variable.name, *variable.also):
        value = given.get(name)
        if value is not None:
            return name, value
    return variable.name, None


def _required(variable: Variable) -> str:
    return f"{_REQUIRED} (or {', '.join(variable.also)})" if variable.also else _REQUIRED


def _inner(variable: Variable, value: Any, place: str, errors: list[FieldError]) -> Any:
    if variable.type is VariableType.OBJECT:
        return _bound(variable.fields, value, place, errors)
    items = []
    for index, item in enumerate(value):
        if isinstance(item, dict):
            items.append(_bound(variable.fields, item, f"{place}[{index}]", errors))
        else:
            errors.append(FieldError(f"{place}[{index}]", "must be an object"))
    return items


def _fault(variable: Variable, value: Any) -> str | None:
    if not _is(variable.type, value):
        return f"must be {_WANTED[variable.type]}"
    if variable.required and isinstance(value, str) and not value.strip():
        return "must not be empty"
    return None


def _is(type: VariableType, value: Any) -> bool:
    match type:
        case VariableType.STRING:
            return isinstance(value, str)
        case VariableType.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case VariableType.BOOLEAN:
            return isinstance(value, bool)
        case VariableType.ARRAY:
            return isinstance(value, list | tuple)
        case VariableType.OBJECT:
            return isinstance(value, dict)
        case VariableType.DATE:
            return isinstance(value, str) and _is_date(value)
        case VariableType.URL:
            return isinstance(value, str) and is_web_address(value)


def _is_date(value: str) -> bool:
    try:
        if len(value) == _DAY:
            date.fromisoformat(value)
            return True
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def is_web_address(value: str) -> bool:
    """True for an absolute http or https address with a host and nothing in it that ends a link early (RFC 3986)."""
    if not value.isprintable() or not _BEYOND_URL.isdisjoint(value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _too_much(given: Mapping[str, Any]) -> FieldError | None:
    """How heavy the variables are, whatever their depth; walked without recursion."""
    characters, values = 0, 0
    rest: list[Any] = [given]
    while rest:
        value = rest.pop()
        values += 1
        if isinstance(value, str):
            if len(value) > MOST_TEXT:
                return FieldError(_PATH, f"a text must have at most {MOST_TEXT} characters")
            characters += len(value)
        elif isinstance(value, int) and value.bit_length() > _BITS:
            return FieldError(_PATH, f"a whole number must fit into {_BITS} bits")
        elif isinstance(value, dict):
            rest += value.values()
        elif isinstance(value, list | tuple):
            rest += value
        if values + len(rest) > MOST_VALUES or characters > MOST_IN_ALL:
            return FieldError(_PATH, f"must have at most {MOST_VALUES} values and {MOST_IN_ALL} characters in all")
    return None
