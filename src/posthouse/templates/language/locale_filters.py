"""How a language writes money, numbers, days, times and plurals: the filters that ask CLDR (by Babel).

``total|money``, ``n|number``, ``day|date``, ``at|datetime("Europe/Berlin")``, ``at|time``, ``n|plural("item", "items")``. A style
(``short``, ``medium``, ``long``, ``full``) and the name of a zone (tz database) may follow in any order. A time always says its
zone: the one asked for, else the one it came with. Without a country, English days are written as the world writes them (25
November 2026).

An amount is never rounded: it has the currency's digits, or as many as it was given. What CLDR says about a language and a
currency is asked once and kept; an ordinary amount is then put together here, after samples have shown that this gives what Babel
gives, else Babel writes each. Between letters and digits stands a space, as CLDR has it and Babel has not (CHF 12.00).

Known sharp edges: ``zoneinfo`` reads the tz database, which is part of the program, once per zone.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency, format_decimal, get_currency_precision

from posthouse.templates.language import variable_types
from posthouse.templates.language.meter import ValueRefused

STYLES: Final = frozenset({"short", "medium", "long", "full"})
CATEGORIES: Final = frozenset({"zero", "one", "two", "few", "many", "other"})
_LONGEST: Final = 330  # digits of the largest number of JSON, and nine behind the point
_ENGLISH: Final = "en"
_WORLD_ENGLISH: Final = "en_001"
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")
_DATE_LENGTH: Final = 10
_KEYS: Final = {"amount", "currency"}
_SOME: Final = re.compile(r"[1-9]")  # of nothing there is nothing less
_TOUCHING: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")  # UTS 35, currencySpacing
_FORMS: Final = 2  # singular and plural
_SAMPLES: Final = ("0.00", "1.50", "-1.50", "123.00", "-1234.50", "12345.60", "-1234567.89", "1234.567", "12345678901.25")


class _Marks(msgspec.Struct, frozen=True):
    """How a language writes amounts of a currency: what stands around them, and between digits; ``plain`` if that is all there is
    to it.
    """

    before: str
    after: str
    before_less: str
    after_less: str
    group: str
    point: str
    digits: int
    plain: bool


@lru_cache(512)
def language(tag: str) -> Locale:
    """What CLDR knows of a language tag (RFC 5646); English where it knows nothing, as for ``default``."""
    parts = tag.replace("_", "-").split("-")
    while parts:
        try:
            return Locale.parse("_".join(parts))
        except (UnknownLocaleError, ValueError, TypeError):
            parts.pop()
    return Locale.parse(_ENGLISH)


def locale_filters(tag: str) -> dict[str, Callable[..., Any]]:
    """The filters for readers of a language."""
    locale = language(tag)
    days = Locale.parse(_WORLD_ENGLISH) if str(locale) == _ENGLISH else locale

    def money(value: Any) -> str:
        return amount(value, locale)

    def number(value: Any, digits: int | None = None) -> str:
        return _number(value, digits, locale)

    def day(value: Any, *how: str) -> str:
        style, zone = _how(how, "long")
        return _day(_moment(value, zone).date() if zone or len(_text(value)) != _DATE_LENGTH else _date(value), style, days)

    def moment(value: Any, *how: str) -> str:
        style, zone = _how(how, "long")
        at = _moment(value, zone)
        return _glue(style, days).replace("{1}", _day(at.date(), style, days)).replace("{0}", _clock(at, days))

    def clock(value: Any, *how: str) -> str:
        return _clock(_moment(value, _how(how, "long")[1]), days)

    def plural(value: Any, *words: str, **named: str) -> str:
        return _plural(value, words, named, locale)

    return {"money": money, "number": number, "date": day, "datetime": moment, "time": clock, "plural": plural}


def amount(value: Any, locale: Locale) -> str:
    """An amount of money as readers write it. Errors: Refusal."""
    if type(value) is dict and value.keys() == _KEYS:
        figure, currency = value["amount"], value["currency"]
        if type(figure) is str and type(currency) is str:
            return _amount(figure, currency, locale)
    parts = variable_types.money(value)
    if parts is None:
        raise ValueRefused("uses something as money that is none")
    return _amount(parts["amount"], parts["currency"], locale)


@lru_cache(4096)
def _amount(figure: str, currency: str, locale: Locale) -> str:
    parts = variable_types.money({"amount": figure, "currency": currency})
    if parts is None:
        raise ValueRefused("uses something as money that is none")
    marks = _marks(currency, locale)
    return _format_with_marks(figure, marks) if marks.plain else _by_babel(figure, currency, marks.digits, locale)


def _format_with_marks(amount_text: str, marks: _Marks) -> str:
    less = amount_text.startswith("-") and _SOME.search(amount_text) is not None
    whole, _, part = amount_text.lstrip("-").partition(".")
    part = part.rstrip("0").ljust(marks.digits, "0")
    grouped = f"{int(whole):,}".replace(",", marks.group)
    figure = f"{grouped}{marks.point}{part}" if part else grouped
    return f"{marks.before_less}{figure}{marks.after_less}" if less else f"{marks.before}{figure}{marks.after}"


def _by_babel(amount_text: str, currency: str, digits: int, locale: Locale) -> str:
    given_digits = len(amount_text.partition(".")[2].rstrip("0"))
    figure = Decimal(amount_text) if _SOME.search(amount_text) is not None else Decimal(amount_text.lstrip("-"))
    formatted = format_currency(
        figure, currency, locale=locale, decimal_quantization=False, currency_digits=given_digits <= digits
    )
    return _TOUCHING.sub("\u00a0", formatted)


@lru_cache(1024)
def _marks(currency: str, locale: Locale) -> _Marks:
    """Read off what Babel writes, then held against the samples."""
    digits = get_currency_precision(currency)
    ahead, behind = (_by_babel(sample, currency, digits, locale).split("7") for sample in ("7.25", "-7.25"))
    point, _, after = ahead[1].partition("25")
    figure = _by_babel("1234567", currency, digits, locale).removeprefix(ahead[0])
    marks = _Marks(
        before=ahead[0],
        after=after,
        before_less=behind[0],
        after_less=behind[1].partition("25")[2],
        group=figure[1 : max(1, figure.find("2"))],
        point=point,
        digits=digits,
        plain=True,
    )
    same = all(_format_with_marks(sample, marks) == _by_babel(sample, currency, digits, locale) for sample in _SAMPLES)
    return marks if same else msgspec.structs.replace(marks, plain=False)


def _number(value: Any, digits: int | None, locale: Locale) -> str:
    if type(value) not in {int, float} or (digits is not None and (type(digits) is not int or not 0 <= digits <= 9)):
        raise ValueRefused("uses something as a number that is none")
    return _figure(value, type(value) is int, digits, locale)


@lru_cache(4096)
def _figure(value: float, _whole: bool, digits: int | None, locale: Locale) -> str:
    pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    with localcontext(prec=_LONGEST):  # Babel rounds within the context, whose 28 digits a JSON number may have more than
        return format_decimal(Decimal(str(value)), format=pattern, locale=locale, decimal_quantization=digits is not None)


def _how(how: tuple[str, ...], style: str) -> tuple[str, tzinfo | None]:
    """A style and a zone out of what follows the filter's name, in any order."""
    zone: tzinfo | None = None
    for word in how:
        if word in STYLES:
            style = word
        else:
            zone = _zone(_text(word))
            if zone is None:
                raise ValueRefused(
                    "asks for a zone or style that is none; there are short, medium, long, full and zones such as Europe/Berlin"
                )
    return style, zone


@lru_cache(1024)
def _zone(name: str) -> tzinfo | None:
    if _ZONE.fullmatch(name) is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _text(value: Any) -> str:
    if type(value) is not str:
        raise ValueRefused("uses something as a date that is none")
    return value


def _date(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueRefused("uses something as a date that is none") from None


def _moment(value: Any, zone: tzinfo | None) -> datetime:
    try:
        at = datetime.fromisoformat(_text(value).upper())
    except ValueError:
        raise ValueRefused("uses something as a time that is none") from None
    if at.tzinfo is None:
        raise ValueRefused("uses a time that does not say its zone")
    try:
        return at if zone is None else at.astimezone(zone)
    except OverflowError:
        raise ValueRefused("uses a time that no calendar has") from None


@lru_cache(1024)
def _day(day: date, style: str, locale: Locale) -> str:
    return format_date(day, style, locale=locale)


@lru_cache(512)
def _glue(style: str, locale: Locale) -> str:
    return str(locale.datetime_formats[style]).replace("'", "")


def _clock(at: datetime, locale: Locale) -> str:
    return (
        _hour(at.replace(year=2000, month=1, day=1, second=0, microsecond=0, tzinfo=None), locale) + " " + _zone_name(at, locale)
    )


@lru_cache(4096)
def _hour(at: datetime, locale: Locale) -> str:
    return format_time(at, "short", locale=locale)


def _zone_name(at: datetime, locale: Locale) -> str:
    offset = at.utcoffset()
    minutes = 0 if offset is None else int(offset.total_seconds()) // 60
    abbreviation = at.tzname() or ""
    if not abbreviation.isalpha():
        return _offset(minutes)
    return abbreviation if minutes == 0 else _short_name(abbreviation, at.replace(minute=0, second=0, microsecond=0), locale)


@lru_cache(4096)
def _short_name(abbreviation: str, at: datetime, locale: Locale) -> str:
    """The language's own short name (MEZ), else that of the tz database (CET)."""
    localised = get_timezone_name(at, "short", locale=locale)
    return localised if localised.isalpha() and len(localised) > _FORMS else abbreviation


def _offset(minutes: int) -> str:
    if minutes == 0:
        return "UTC"
    hours, minutes_left = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{minutes_left:02}" if minutes_left else "")


def _plural(value: Any, words: tuple[str, ...], named: dict[str, str], locale: Locale) -> str:
    if type(value) not in {int, float}:
        raise ValueRefused("counts something that is no number")
    category = locale.plural_form(value)
    if words:
        if named or len(words) != _FORMS:
            raise ValueRefused('needs plural("item", "items"), or the words by category: one=, few=, many=, other=')
        return words[0 if category == "one" else 1]
    if "other" not in named or not CATEGORIES.issuperset(named):
        raise ValueRefused("needs the plural's words by category, 'other' among them; there are zero, one, two, few, many, other")
    return named.get(category, named["other"])
