"""The text of bytes in a MIME charset. (MIME charsets, RFC 2045 section 5, RFC 2047 section 3)

Only charsets that mail really uses are decoded. Everything else that Python calls a codec stays shut:
``punycode`` and ``idna`` take quadratic time, ``utf-7`` and ``unicode_escape`` hide characters from checks.

Known sharp edge: bytes without a usable label are UTF-8 where they can be, else ISO-8859-1, which never fails.
"""

import codecs
import re
from functools import lru_cache
from typing import Final

_LONGEST_LABEL: Final = 40
_LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,39}")
_ALLOWED: Final = re.compile(
    r"utf-8|utf-16(-[bl]e)?|iso8859-\d+|cp\d+|koi8-[ru]|mac-(roman|cyrillic)|tis-620"
    r"|gb2312|gbk|gb18030|hz|big5|big5hkscs|shift_jis|euc_(jp|kr)|iso2022_(jp|jp_1|jp_2|kr)"
)


def sniff(data: bytes) -> tuple[str, str]:
    """The text of unlabelled bytes, and the charset label that is true of them."""
    try:
        return data.decode(), "utf-8"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "iso-8859-1"


def decode(data: bytes, label: str) -> str:
    """The text of ``data`` under a MIME charset label; never raises, undecodable bytes become U+FFFD."""
    codec = _codec(label) if len(label) <= _LONGEST_LABEL else ""
    return data.decode(codec, "replace") if codec else sniff(data)[0]


@lru_cache(maxsize=256)
def _codec(label: str) -> str:
    """Python's name for a label that mail may use, or ''. ASCII counts as no label: it is a subset of what sniffing finds."""
    if not _LABEL.fullmatch(label):
        return ""
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return ""
    return name if _ALLOWED.fullmatch(name) else ""
