"""Types of command line parameters that several commands take: a moment, a variable with its value."""

from datetime import UTC, datetime
from typing import Any

import click
import msgspec


class MomentType(click.ParamType[datetime]):
    """A time in ISO 8601; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Aware."""
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time such as 2026-01-31T12:00:00Z", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


class VariableArgument(click.ParamType[tuple[str, Any]]):
    """``name=text``, or ``name:=JSON`` for numbers, lists and the like."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:
        """Name and value."""
        name, equals, text = str(value).partition("=")
        if not equals or not name.removesuffix(":"):
            self.fail(f"{value!r} is not name=value (or name:=JSON)", param, ctx)
        if not name.endswith(":"):
            return name, text
        try:
            return name.removesuffix(":"), msgspec.json.decode(text)
        except msgspec.DecodeError as fault:
            return self.fail(f"the value of {name.removesuffix(':')} is no JSON: {fault}", param, ctx)
