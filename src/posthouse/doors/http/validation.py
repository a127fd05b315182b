"""Is this JSON of that shape? The Struct, or every fault in it, each with its path (contract: unknown fields, all errors).

msgspec checks a good body in a few microseconds but stops at its first fault. So the body is walked again, against the same
types, only when there is one: each fault is added and its value counts as absent, so that the rest is still read and its faults
are in the same response. The words are here, the rules are in the types.
"""

import difflib
import functools
import re
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import inspect

from posthouse.doors.http.body import member_path, printable
from posthouse.model.send_request import FieldError

T = TypeVar("T", bound=msgspec.Struct)
Faults = list[FieldError]

_COMPARED: Final = 64  # characters of an unknown name that are compared, and remembered
_UNKNOWN_REPORTED: Final = 10
_DATE_TIME: Final = Annotated[datetime, msgspec.Meta(tz=True)]
_JSON_WORDS: Final[dict[type, str]] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}
_EXPECTED: Final[dict[type[inspect.Type], str]] = {
    inspect.StrType: "a string",
    inspect.IntType: "a whole number",
    inspect.BoolType: "true or false",
    inspect.ListType: "a list",
    inspect.VarTupleType: "a list",
    inspect.StructType: "an object",
    inspect.DictType: "an object",
    inspect.DateTimeType: "a time such as 2026-11-22T10:00:00Z, with its zone",
}


def validate(members: dict[str, Any], kind: type[T], faults: Faults) -> T:
    """``members`` as a ``kind``; what is wrong is added to ``faults`` and absent in the result."""
    try:
        return msgspec.convert(members, kind)
    except msgspec.ValidationError as fault:
        details: Faults = []
        result: T = _struct(members, _struct_type(kind), "", details)
        faults.extend(details or [FieldError("", str(fault))])
        return result


def nearest(name: str, known: tuple[str, ...]) -> str:
    """The known name that is most like ``name``."""
    return _nearest(name[:_COMPARED], known)


@functools.lru_cache(maxsize=1024)
def _nearest(name: str, known: tuple[str, ...]) -> str:
    """Remembered, because comparing costs a quarter of a millisecond."""
    return difflib.get_close_matches(name, known, 1, 0.0)[0]


def _struct_type(kind: type[msgspec.Struct]) -> inspect.StructType:
    described = inspect.type_info(kind)
    assert isinstance(described, inspect.StructType)  # noqa: S101 - the bound of T says so
    return described


def _walk(value: Any, kind: inspect.Type, path: str, faults: Faults, form: str = "") -> Any:
    """The value as its kind, or None with a fault."""
    match kind:
        case inspect.Metadata():
            return _walk(value, kind.type, path, faults, (kind.extra or {}).get("form", ""))
        case inspect.UnionType():
            return _union(value, kind, path, faults, form)
        case inspect.StructType() if isinstance(value, dict):
            return _struct(value, kind, path, faults)
        case inspect.DictType() if isinstance(value, dict):
            return _dict(value, kind, path, faults)
        case inspect.ListType() | inspect.VarTupleType() if isinstance(value, list):
            return _list(value, kind, path, faults)
        case inspect.AnyType():
            return value
        case _:
            return _leaf(value, kind, path, faults, form)


def _union(value: Any, kind: inspect.UnionType, path: str, faults: Faults, form: str) -> Any:
    if value is None and kind.includes_none:
        return None
    options = [option for option in kind.types if not isinstance(option, inspect.NoneType)]
    fitting = [option for option in options if _takes(option, value)]
    if fitting or len(options) == 1:
        return _walk(value, (fitting or options)[0], path, faults, form)
    expected = [_expected(option) for option in options]
    return _add_fault(faults, path, f"must be {', '.join(expected[:-1])} or {expected[-1]}, not {_description(value)}")


def _bare(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def _takes(kind: inspect.Type, value: Any) -> bool:
    bare = _bare(kind)
    if isinstance(value, str):
        return isinstance(bare, inspect.StrType | inspect.DateTimeType | inspect.LiteralType)
    if isinstance(value, dict):
        return isinstance(bare, inspect.StructType | inspect.DictType)
    return isinstance(value, list) and isinstance(bare, inspect.ListType | inspect.VarTupleType)


def _struct(value: dict[str, Any], kind: inspect.StructType, path: str, faults: Faults) -> Any:
    """The struct; None for an inner one that lacks what it needs. The outermost is returned with what it has."""
    fields = {field.encode_name: field for field in kind.fields}
    unknown = [name for name in value if name not in fields]
    for name in unknown[:_UNKNOWN_REPORTED]:
        faults.append(
            FieldError(member_path(path, name), f"is not known here; the nearest known name is '{nearest(name, tuple(fields))}'")
        )
    values: dict[str, Any] = {}
    for name, field in fields.items():
        inner = value.get(name)
        if inner is not None:
            values[field.name] = _walk(inner, field.type, member_path(path, name), faults)
        elif field.required:
            values[field.name] = _add_fault(faults, member_path(path, name), "is required")
    lacking = any(field.required and values[field.name] is None for field in kind.fields)
    return None if path and lacking else kind.cls(**values)


def _dict(value: dict[str, Any], kind: inspect.DictType, path: str, faults: Faults) -> dict[str, Any]:
    if kind.max_length is not None and len(value) > kind.max_length:
        faults.append(FieldError(path, f"must have at most {kind.max_length} entries, not {len(value)}"))
        return {}
    values = {}
    for name, inner in value.items():
        inner_path = member_path(path, name)
        if _walk(name, kind.key_type, inner_path, faults) is not None:
            values[name] = _walk(inner, kind.value_type, inner_path, faults)
    return values


def _list(value: list[Any], kind: inspect.ListType | inspect.VarTupleType, path: str, faults: Faults) -> list[Any]:
    if kind.max_length is not None and len(value) > kind.max_length:
        faults.append(FieldError(path, f"must have at most {kind.max_length} items, not {len(value)}"))
        return []
    if len(value) < (kind.min_length or 0):
        faults.append(FieldError(path, f"must have at least {kind.min_length}"))
    return [_walk(item, kind.item_type, f"{path}[{index}]", faults) for index, item in enumerate(value)]


def _leaf(value: Any, kind: inspect.Type, path: str, faults: Faults, form: str) -> Any:
    if isinstance(kind, inspect.StrType) and isinstance(value, str):
        return _string(value, kind, path, faults, form)
    if isinstance(kind, inspect.IntType) and type(value) is int:
        return _integer(value, kind, path, faults)
    if isinstance(kind, inspect.BoolType) and isinstance(value, bool):
        return value
    if isinstance(kind, inspect.LiteralType) and value in kind.values:
        return value
    if isinstance(kind, inspect.DateTimeType) and isinstance(value, str):
        return _time(value, path, faults)
    return _add_fault(faults, path, f"must be {_expected(kind)}, not {_description(value)}")


def _string(value: str, kind: inspect.StrType, path: str, faults: Faults, form: str) -> Any:
    if len(value) < (kind.min_length or 0):
        return _add_fault(
            faults, path, "must not be empty" if kind.min_length == 1 else f"must have at least {kind.min_length} characters"
        )
    if kind.max_length is not None and len(value) > kind.max_length:
        return _add_fault(faults, path, f"must have at most {kind.max_length} characters, not {len(value)}")
    if kind.pattern is not None and not re.search(kind.pattern, value):
        return _add_fault(faults, path, f"must be {form}" if form else f"must match {kind.pattern}")
    return value


def _integer(value: int, kind: inspect.IntType, path: str, faults: Faults) -> Any:
    low, high = kind.ge, kind.le
    if (low is None or value >= low) and (high is None or value <= high):
        return value
    return _add_fault(faults, path, f"must be between {low} and {high}")


def _time(value: str, path: str, faults: Faults) -> Any:
    try:
        at: datetime = msgspec.convert(value, _DATE_TIME)
    except msgspec.ValidationError:
        return _add_fault(faults, path, f"must be {_EXPECTED[inspect.DateTimeType]}")
    return at


def _expected(kind: inspect.Type) -> str:
    bare = _bare(kind)
    if isinstance(bare, inspect.LiteralType):
        return " or ".join(f"'{value}'" for value in bare.values)
    return _EXPECTED.get(type(bare), "something else")


def _description(value: Any) -> str:
    if isinstance(value, str):
        return f"'{printable(value)}'"
    return "null" if value is None else _JSON_WORDS.get(type(value), "that")


def _add_fault(faults: Faults, path: str, message: str) -> Any:
    """Add a fault and return None: what is faulty counts as absent."""
    faults.append(FieldError(path, message))
    return None
