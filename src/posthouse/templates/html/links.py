"""A mail's links led over our own door, and a picture of one dot at its end, where opens and clicks may be told (K1).

One pass over the tags. Only web addresses of ``a`` and ``area`` are changed, whole and as they are meant (entities resolved), so
what the reader reaches is what the author wrote, byte for byte. ``data-track="off"`` on a link leaves it alone.

Must never know: keys, who the reader is, whether tracking is allowed.
"""

import re
from collections.abc import Callable
from html import escape
from typing import Final

from posthouse.mail import html_attribute

_LINK: Final = re.compile(
    r"""<a(?:rea)?\s(?:[^<>"']|"[^"<>]*"|'[^'<>]*'){0,2000}?\bhref\s{0,4}=\s{0,4}(?:"(?P<double>[^"<>]{1,8000})"|'(?P<single>[^'<>]{1,8000})')[^<>]{0,2000}>""",
    re.IGNORECASE,
)
_LEFT_ALONE: Final = re.compile(r"""\bdata-track\s{0,4}=\s{0,4}["']?off""", re.IGNORECASE)
_END: Final = re.compile(r"</body\s*>", re.IGNORECASE)
MOST_LINKS: Final = 500


def with_tracking(html: str, redirect: Callable[[str], str] | None, picture: str | None) -> str:
    """The HTML with its links led over ``redirect`` (None: left alone) and ``picture`` at its end (None: none)."""
    if redirect is not None:
        html = _LINK.sub(lambda found: _led(found, redirect), html, count=MOST_LINKS)
    if picture is None:
        return html
    dot = f'<img src="{escape(picture)}" width="1" height="1" alt="" style="display:block;width:1px;height:1px;border:0">'
    ends = list(_END.finditer(html))
    place = ends[-1].start() if ends else len(html)
    return html[:place] + dot + html[place:]


def _led(found: re.Match[str], redirect: Callable[[str], str]) -> str:
    whole = found[0]
    group = "double" if found["double"] is not None else "single"
    target = html_attribute.attribute_value(found[group]).strip()
    if not target.isascii() or not target.lower().startswith(("http://", "https://")) or _LEFT_ALONE.search(whole):
        return whole
    start, end = found.start(group) - found.start(), found.end(group) - found.start()
    return whole[:start] + escape(redirect(target)) + whole[end:]
