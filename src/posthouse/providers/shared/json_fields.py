"""Reading JSON that may have any shape: providers leave fields out and change their types, so nothing is taken for granted."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

_EMPTY: Final[dict[str, Any]] = {}


def parse_json(body: bytes) -> Any:
    """The JSON of a body, or None."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def object_at(value: Any, name: str) -> dict[str, Any]:
    """The object under ``name``, or an empty one: providers leave fields out and change their shapes."""
    nested = value.get(name) if isinstance(value, dict) else None
    return nested if isinstance(nested, dict) else _EMPTY


def list_at(value: Any, name: str) -> list[Any]:
    """The list under ``name``, or an empty one."""
    nested = value.get(name) if isinstance(value, dict) else None
    return nested if isinstance(nested, list) else []


def text_at(value: Any, name: str, limit: int = 1024) -> str:
    """The text under ``name``, at most ``limit`` characters, without NUL; '' where there is none."""
    plain = value.get(name) if isinstance(value, dict) else None
    if isinstance(plain, bool) or not isinstance(plain, str | int | float):
        return ""
    return str(plain)[:limit].replace("\0", "")


def parse_time(written: str) -> datetime | None:
    """An RFC 3339 time or seconds since 1970, aware; None for anything else."""
    try:
        return datetime.fromtimestamp(float(written), UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        parsed = datetime.fromisoformat(written)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
