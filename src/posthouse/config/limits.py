"""How is ``POSTHOUSE_LIMIT_…`` written?

Counts, sizes such as ``25MB``, and the bounds that hold for them; ``model.limits`` has the defaults.

The upper bounds are what the rest is built for: a return path has eight bits for the recipient, a worker holds 64 MB of content,
a key stands in an index entry of 2.7 KB, content is kept for 90 days.
"""

import re
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from posthouse.config.listen import parse_number
from posthouse.model.limits import CONTRACT, Limits

T = TypeVar("T")
_KB: Final = 1 << 10
_MB: Final = 1 << 20
_UNITS: Final = {"": 1, "B": 1, "KB": _KB, "MB": _MB}
_SIZE: Final = re.compile(r"([0-9]{1,9}) ?(B|KB|MB|)", re.IGNORECASE)


class LimitSetting(Protocol):
    """How a setting is read: its short name, what reads its text, and what holds where it is unset."""

    def __call__(self, short: str, parse: Callable[[str], T], otherwise: T) -> T:
        """The value."""
        ...


def read_limits(take: LimitSetting) -> Limits:
    """All limits."""
    return Limits(
        message_bytes=take("LIMIT_MESSAGE", _size(64 * _KB, 50 * _MB), CONTRACT.message_bytes),
        html_bytes=take("LIMIT_HTML", _size(_KB, 4 * _MB), CONTRACT.html_bytes),
        recipients=take("LIMIT_RECIPIENTS", _count(1, 256), CONTRACT.recipients),
        attachments=take("LIMIT_ATTACHMENTS", _count(0, 100), CONTRACT.attachments),
        batch_items=take("LIMIT_BATCH_ITEMS", _count(1, 5000), CONTRACT.batch_items),
        batch_bytes=take("LIMIT_BATCH", _size(64 * _KB, 200 * _MB), CONTRACT.batch_bytes),
        headers=take("LIMIT_HEADERS", _count(0, 200), CONTRACT.headers),
        header_bytes=take("LIMIT_HEADER", _size(100, 8 * _KB), CONTRACT.header_bytes),
        tags=take("LIMIT_TAGS", _count(0, 50), CONTRACT.tags),
        metadata_keys=take("LIMIT_METADATA", _count(0, 100), CONTRACT.metadata_keys),
        dedupe_key_length=take("LIMIT_DEDUPE_KEY", _count(32, 512), CONTRACT.dedupe_key_length),
        send_at_days=take("LIMIT_SEND_AT_DAYS", _count(1, 90), CONTRACT.send_at_days),
    )


def _count(low: int, high: int) -> Callable[[str], int]:
    return lambda value: parse_number(value, low, high, f"is {value!r}; write a number from {low:,} to {high:,}")


def _size(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        found = _SIZE.fullmatch(value)
        bytes_ = int(found[1]) * _UNITS[found[2].upper()] if found else -1
        if not low <= bytes_ <= high:
            raise ValueError(f"is {value!r}; write a size from {_words(low)} to {_words(high)}, such as 512KB or 2MB")
        return bytes_

    return parse


def _words(bytes_: int) -> str:
    unit = next(unit for unit in ("MB", "KB", "") if bytes_ % _UNITS[unit] == 0)
    return f"{bytes_ // _UNITS[unit]}{unit}"
