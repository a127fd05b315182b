"""What a template may do to a value: filters that work on text, each charged for what it reads and makes.

Those of the engine that touch no text (``length``, ``round`` …) are the engine's own, those that speak a language (``money``,
``date``, ``plural`` …) are in ``locale_filters``; every other one stands here, so that none can be slow or large at no cost.
``default`` too: the engine's own knows only names that are not there, and an optional variable that was left out is there and is
nothing.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import quote

from posthouse.templates.language.locale_filters import locale_filters
from posthouse.templates.language.meter import Meter, ValueRefused, describe_type

_MOST_LINES: Final = 200


def metered_filters(meter: Meter, locale: str) -> dict[str, Callable[..., Any]]:
    """The filters, charging ``meter``, for readers of ``locale``."""

    def plain(work: Callable[[str], Any]) -> Callable[[Any], Any]:
        def charged(value: Any) -> Any:
            return work(_text(value, meter))

        return charged

    def join(values: Any, between: str = ", ") -> str:
        return between.join(_text(value, meter, len(between)) for value in _items(values))

    def replace(value: Any, old: str, new: str) -> str:
        text = _text(value, meter)
        if not old:
            raise ValueRefused("replaces nothing by something")
        meter.charge(text.count(old) * len(new))
        return text.replace(old, new)

    def truncate(value: Any, length: int = 255, end: str = "…") -> str:
        text = _text(value, meter)
        return text if len(text) <= length else text[: max(0, length - len(end))].rstrip() + end

    table: dict[str, Callable[..., Any]] = {
        **locale_filters(locale),
        "capitalize": plain(str.capitalize),
        "d": default,
        "default": default,
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
    return {name: refuse_bad_arguments(name, work) for name, work in table.items()}


def default(value: Any, otherwise: Any = "", empty: bool = False) -> Any:
    """The value, else ``otherwise``; with ``empty`` also where it is an empty text, zero or false, as in Jinja."""
    return otherwise if value is None or (empty and not value) else value


def refuse_bad_arguments(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is given the wrong arguments is the template's fault, not ours."""

    def applied(*arguments: Any, **named: Any) -> Any:
        try:
            return work(*arguments, **named)
        except (AttributeError, OverflowError, TypeError, ValueError):
            raise ValueRefused(f"gives the filter '{name}' the wrong arguments") from None

    return applied


def _text(value: Any, meter: Meter, more: int = 0) -> str:
    if type(value) not in {str, int, float}:
        raise ValueRefused(f"uses {describe_type(value)} as text")
    text = str(value)
    meter.charge(len(text) + more)
    return text


def _items(values: Any) -> Iterable[Any]:
    if not isinstance(values, list | tuple):
        raise ValueRefused("joins something that is no list")
    return values
