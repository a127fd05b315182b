"""How a moment is written in JSON, events, evidence and the commands' output: RFC 3339 in UTC, with milliseconds and ``Z``."""

from datetime import UTC, datetime
from typing import Any


def iso_millis(at: datetime) -> str:
    """``2026-11-22T10:00:00.000Z``; ``at`` is aware."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def with_iso_times(value: Any) -> Any:
    """A value of plain JSON types in which every datetime is replaced by its text."""
    if isinstance(value, dict):
        return {name: with_iso_times(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [with_iso_times(inner) for inner in value]
    return iso_millis(value) if isinstance(value, datetime) else value
