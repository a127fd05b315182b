"""What does the value of an attribute of HTML say? (HTML 13.2.5.73)

In a value, a character reference without its semicolon that an equals sign or a letter follows is no reference: ``?a=1&copy=2&region=3``
is an address as many people write it, and browsers follow it as it stands. In text the same letters are ``©`` and ``®``, as ``html.unescape``
reads them everywhere.
"""

import re
from html import unescape
from html.entities import html5
from typing import Final

_REFERENCE: Final = re.compile(r"&(?:#[0-9]++;?+|#[xX][0-9a-fA-F]++;?+|([A-Za-z][A-Za-z0-9]*+(?:;|(?!=))))")


def attribute_value(written: str) -> str:
    """A value as it is meant, of a value as it is written between its quotes."""
    return _REFERENCE.sub(_resolved, written) if "&" in written else written


def _resolved(found: re.Match[str]) -> str:
    return unescape(found[0]) if found[1] is None or found[1] in html5 else found[0]
