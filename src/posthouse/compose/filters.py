"""What a template may do to a value: filters that work on text, each charged for what it reads and makes.

Those of the engine that touch no text (``default``, ``length``, ``round`` …) are the engine's own; every other one stands here, so
that none can be slow or large at no cost. Amounts of money are text to a template: currencies and how readers write
them are the caller's business.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import quote

_MOST_LINES: Final = 200
_DATE_LENGTH: Final = 10


class Refusal(Exception):
    """A value that cannot be printed or used so; a sentence without its subject."""


class Meter:
    """Characters printed or worked on while one page is rendered."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.spent = 0

    def charge(self, characters: int) -> None:
        """Errors: Refusal, once too many were spent."""
        self.spent += characters
        if self.spent > self.most:
            raise Refusal(f"becomes larger than {self.most} characters")


def called(value: Any) -> str:
    """What a value is, in a word that a template's author knows."""
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else "something"


def metered(meter: Meter) -> dict[str, Callable[..., Any]]:
    """The filters, charging ``meter``."""

    def plain(work: Callable[[str], Any]) -> Callable[[Any], Any]:
        def charged(value: Any) -> Any:
            return work(_text(value, meter))

        return charged

    def join(values: Any, between: str = ", ") -> str:
        return between.join(_text(value, meter, len(between)) for value in _items(values))

    def replace(value: Any, old: str, new: str) -> str:
        text = _text(value, meter)
        if not old:
            raise Refusal("replaces nothing by something")
        meter.charge(text.count(old) * len(new))
        return text.replace(old, new)

    def truncate(value: Any, length: int = 255, end: str = "…") -> str:
        text = _text(value, meter)
        return text if len(text) <= length else text[: max(0, length - len(end))].rstrip() + end

    table: dict[str, Callable[..., Any]] = {
        "capitalize": plain(str.capitalize),
        "date": plain(day),
        "join": join,
        "lines": plain(lambda text: text.splitlines()[:_MOST_LINES]),
        "lower": plain(str.lower),
        "replace": replace,
        "title": plain(str.title),
        "trim": plain(str.strip),
        "truncate": truncate,
        "upper": plain(str.upper),
        "urlencode": plain(lambda text: quote(text, safe="")),
    }
    return {name: _forgiving(name, work) for name, work in table.items()}


def day(text: str) -> str:
    """``2026-11-25`` or a time on that day as ``25 November 2026``. Errors: Refusal."""
    try:
        found = date.fromisoformat(text) if len(text) == _DATE_LENGTH else datetime.fromisoformat(text).date()
    except ValueError:
        raise Refusal("uses something as a date that is none") from None
    return f"{found.day} {found:%B %Y}"


def _forgiving(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is given the wrong arguments is the template's fault, not ours."""

    def applied(*arguments: Any, **named: Any) -> Any:
        try:
            return work(*arguments, **named)
        except (AttributeError, OverflowError, TypeError, ValueError):
            raise Refusal(f"gives the filter '{name}' the wrong arguments") from None

    return applied


def _text(value: Any, meter: Meter, more: int = 0) -> str:
    if type(value) not in {str, int, float}:
        raise Refusal(f"uses {called(value)} as text")
    text = str(value)
    meter.charge(len(text) + more)
    return text


def _items(values: Any) -> Iterable[Any]:
    if not isinstance(values, list | tuple):
        raise Refusal("joins something that is no list")
    return values
