"""What each type of variable takes (C2).

- ``string``, ``number``, ``boolean``, ``array``, ``object``: what JSON calls so; ``true`` is no number.
- ``date``: a calendar day, ``2026-11-25``, or a time on it. ``datetime``: an RFC 3339 time with its zone,
  ``2026-11-25T10:00:00+01:00``.
- ``money``: ``{"amount": "12.30", "currency": "EUR"}`` or the text ``EUR 12.30``; the amount is a decimal number as text or
  number, at most 15 digits before the point and 6 after it, the currency of ISO 4217. As text, an amount is exact.
- ``url``: an absolute http or https address (RFC 3986) with nothing in it that ends a link early.
- ``email``: one address as it stands on the wire, without a display name (RFC 5321 4.1.2).

Known sharp edges: a ``date`` is checked as a day of the calendar, not just by its shape; JSON numbers are binary, so an
amount given as a number is read by its shortest decimal form.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from babel.core import get_global

from posthouse.mail.address import parse_path
from posthouse.model.mailbox import Mailbox
from posthouse.model.template import VariableType

EXPECTED: Final[Mapping[VariableType, str]] = {
    VariableType.STRING: "a string",
    VariableType.NUMBER: "a number",
    VariableType.BOOLEAN: "true or false",
    VariableType.DATE: "a date such as 2026-11-25",
    VariableType.DATETIME: "a time with its zone such as 2026-11-25T10:00:00+01:00",
    VariableType.MONEY: 'an amount of money such as {"amount": "12.30", "currency": "EUR"} or "EUR 12.30"',
    VariableType.ARRAY: "a list",
    VariableType.OBJECT: "an object",
    VariableType.URL: "a web address that begins with https:// or http://",
    VariableType.EMAIL: "an email address such as name@example.com",
}
_ORDINARY: Final = re.compile(r"https?://[a-z0-9.-]*+(?<=[a-z0-9])(?:/[!#$%&()*+,./0-9:;=?@A-Z_a-z~-]*+)?", re.ASCII)  # most are
_DAY: Final = 10
_NOT_IN_URL: Final = frozenset(" \"'<>\\^`{|}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_AMOUNT: Final = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?", re.ASCII)
_MONEY_TEXT: Final = re.compile(r"([A-Z]{3}) (-?\d{1,15}(?:\.\d{1,6})?)", re.ASCII)
_MOST_AMOUNT: Final = 10**15
_MONEY_KEYS: Final = {"amount", "currency"}


@lru_cache(1)
def currencies() -> frozenset[str]:
    """The codes of ISO 4217, as CLDR lists them."""
    return frozenset(get_global("all_currencies"))


def money(value: Any) -> dict[str, str] | None:
    """An amount of money as amount and currency, both text; None for what is none."""
    if isinstance(value, str):
        match = _MONEY_TEXT.fullmatch(value)
        return None if match is None or match[1] not in currencies() else {"amount": match[2], "currency": match[1]}
    if not isinstance(value, dict) or value.keys() != _MONEY_KEYS:
        return None
    amount, currency = _amount(value["amount"]), value["currency"]
    if amount is None or not isinstance(currency, str) or currency not in currencies():
        return None
    return {"amount": amount, "currency": currency}


def is_web_address(value: str) -> bool:
    """True for an absolute http or https address with a host and nothing in it that ends a link early (RFC 3986)."""
    if _ORDINARY.fullmatch(value) is not None:
        return True
    if not value.isprintable() or not _NOT_IN_URL.isdisjoint(value):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _amount(value: Any) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        if not -_MOST_AMOUNT < value < _MOST_AMOUNT:
            return None
        value = f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return value if isinstance(value, str) and _AMOUNT.fullmatch(value) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_date(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        if len(value) == _DAY:
            date.fromisoformat(value)
            return True
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_datetime(value: Any) -> bool:
    if not isinstance(value, str) or _TIME.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value.upper())
    except ValueError:
        return False
    return True


def _is_email(value: Any) -> bool:
    return isinstance(value, str) and isinstance(parse_path(value), Mailbox)


_CHECKS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "date": _is_date,
    "datetime": _is_datetime,
    "money": lambda value: money(value) is not None,
    "array": lambda value: isinstance(value, list | tuple),
    "object": lambda value: isinstance(value, dict),
    "url": lambda value: isinstance(value, str) and is_web_address(value),
    "email": _is_email,
}
_BY_KIND: Final = {
    id(kind): _CHECKS[kind.value] for kind in VariableType
}  # an enumeration's own hash takes longer than the check


def is_valid(kind: VariableType, value: Any) -> bool:
    """Whether a value is of a kind."""
    return _BY_KIND[id(kind)](value)
