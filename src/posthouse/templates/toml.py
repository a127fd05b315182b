"""A mapping written as TOML 1.0, in one layout: the standard library reads TOML and cannot write it.

Plain values first, then tables, then arrays of tables; deeper values are written inline. The layout does not depend on the length
of a value, so that a changed value changes one line in version control (docs/dependencies.md says why it is not ``tomli-w``).
Strings are basic strings, so anything a string can hold can be written; a lone surrogate cannot, as in every UTF-8 file.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_ESCAPED: Final = re.compile(r'["\\\x00-\x1f\x7f]')
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def dumps(table: Mapping[str, Any]) -> str:
    """The document; values are text, numbers, true or false, lists and mappings. TOML has no null: members that are None are left
    out.
    """
    table = {name: value for name, value in table.items() if value is not None}
    plain = [f"{_key(name)} = {_value(value)}" for name, value in table.items() if not _is_nested(value)]
    pieces = ["\n".join(plain)] if plain else []
    for name, value in table.items():
        if isinstance(value, Mapping):
            pieces.append(f"[{_key(name)}]\n{_lines(value)}")
        elif _is_nested(value):
            pieces += (f"[[{_key(name)}]]\n{_lines(item)}" for item in value)
    return "\n\n".join(pieces) + "\n"


def _is_nested(value: Any) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)
    )


def _lines(table: Mapping[str, Any]) -> str:
    return "\n".join(f"{_key(name)} = {_value(value)}" for name, value in table.items() if value is not None)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)} = {_value(inner)}" for name, inner in value.items() if inner is not None) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(inner) for inner in value if inner is not None) + "]"
    return repr(value)


def _string(text: str) -> str:
    return '"' + _ESCAPED.sub(lambda match: _SHORT.get(match[0]) or f"\\u{ord(match[0]):04x}", text) + '"'
