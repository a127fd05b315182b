"""What is an alert rule? One type of alert: how often it may be raised, and what it says to a person.

An alert is an event (``alert.*``) whose data is for programs. Its rule turns the data into words: how grave it is, a line, a
paragraph and steps, the same over HTTP, on the command line and on the dashboard.

Must never know: where alerts are stored, or who reads them. What stands in the data may come from a remote server: it is
text, and whoever shows it escapes it.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import msgspec

from posthouse.model.alert import AlertWords
from posthouse.model.event import EventType

AlertData = dict[str, Any]
_LONGEST: Final = 300
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """``words`` must take any data: what is missing is left out of the sentence.

    ``window``: within it an alert about the same subject is raised once and then only counted. None: whoever raises it knows
    that it is a new fact.
    """

    type: EventType
    words: Callable[[AlertData], AlertWords]
    window: timedelta | None = None


def text(data: AlertData, name: str) -> str:
    """A value as one line, without what steers a terminal or turns the writing direction; '' where there is none."""
    value = data.get(name)
    line = " ".join(str(value).split()) if value is not None else ""
    line = "".join(letter if letter.isprintable() else "·" for letter in line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def plain(name: str) -> str:
    """A name in words: ``password reset``."""
    return name.replace("_", " ")


def article(noun: str) -> str:
    """``A`` or ``An``."""
    return "An" if noun[:1] in "aeiou" else "A"


def percent(share: object) -> str:
    """A share in words; '' for what is none."""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        return ""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def moment(value: str) -> str:
    """``2026-11-24 18:00 UTC`` of a time as events write it; anything else as it is."""
    return f"{value[:10]} {value[11:16]} UTC" if _TIME.fullmatch(value) else value
