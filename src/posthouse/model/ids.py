"""What an identifier is: a UUIDv7 that people see as a prefix and 26 letters.

Time-ordered (RFC 9562 section 5.7), so that rows written together lie together and partitions
can be ranges of ids. The text form is Crockford base32, lower case, so it survives mail systems
that fold the case of a local part. Chance and time are arguments; this room owns neither.
"""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH: Final = 26
_VALUES: Final = {letter: value for value, letter in enumerate(ALPHABET)}
_PAIRS: Final = [a + b for a in ALPHABET for b in ALPHABET]
_RANDOM_MASK: Final = (1 << 62) - 1


def new(now_ms: int, chance: int) -> UUID:
    """A UUIDv7 for ``now_ms`` (milliseconds since 1970) and at least 74 bits of ``chance``."""
    value = (now_ms & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= ((chance >> 62) & 0xFFF) << 64
    value |= 0b10 << 62
    value |= chance & _RANDOM_MASK
    return UUID(int=value)


def born(identifier: UUID) -> datetime:
    """When the id was made, to the millisecond."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=UTC)


def floor(moment: datetime) -> UUID:
    """The smallest id of that moment: a partition's bound, or where a search by time begins."""
    return UUID(int=(int(moment.timestamp() * 1000) << 80))


def text(prefix: str, identifier: UUID) -> str:
    """``msg_01jd…``: the form in JSON, headers and logs."""
    value = identifier.int
    return f"{prefix}_{letters(value)}"


def letters(value: int) -> str:
    """128 bits as 26 letters, most significant first."""
    pairs = _PAIRS
    return "".join([pairs[(value >> shift) & 1023] for shift in range(120, -1, -10)])


def parse(prefix: str, shown: str) -> UUID | None:
    """The id behind ``msg_…``, or None where the text is no id of that prefix."""
    head, mark, tail = shown.rpartition("_")
    if not mark or head != prefix or len(tail) != LENGTH:
        return None
    value = 0
    for letter in tail.lower():
        digit = _VALUES.get(letter)
        if digit is None:
            return None
        value = value << 5 | digit
    return UUID(int=value) if value < 1 << 128 else None
