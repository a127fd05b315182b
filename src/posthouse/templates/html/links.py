"""A mail's links led over our own host, and a picture of one dot at its end, where opens and clicks may be recorded (K1).

Only web addresses of ``a`` and ``area`` are changed, whole and with their character references resolved, so what the reader
reaches is what the author wrote, byte for byte. ``data-track="off"`` on a link leaves it alone.

Must never know: keys, who the reader is, whether tracking is allowed.
"""

import re
from collections.abc import Callable
from html import escape
from itertools import islice
from typing import Final

from posthouse.mail.html import links

_LEFT_ALONE: Final = re.compile(r"""\bdata-track\s{0,4}=\s{0,4}["']?off""", re.IGNORECASE)
_BODY_END: Final = re.compile(r"</body\s*>", re.IGNORECASE)
MOST_LINKS: Final = 500


def with_tracking(html: str, redirect: Callable[[str], str] | None, picture: str | None) -> str:
    """The HTML with its links led over ``redirect`` (None: left alone) and ``picture`` at its end (None: none)."""
    if redirect is not None:
        html = _redirect_links(html, redirect)
    if picture is None:
        return html
    dot = f'<img src="{escape(picture)}" width="1" height="1" alt="" style="display:block;width:1px;height:1px;border:0">'
    ends = list(_BODY_END.finditer(html))
    position = ends[-1].start() if ends else len(html)
    return html[:position] + dot + html[position:]


def _redirect_links(html: str, redirect: Callable[[str], str]) -> str:
    pieces: list[str] = []
    position = 0
    for link in islice(links(html), MOST_LINKS):
        target = link.href.strip()
        if target.isascii() and target.lower().startswith(("http://", "https://")) and not _LEFT_ALONE.search(link.tag):
            pieces += (html[position : link.start], escape(redirect(target)))
            position = link.end
    pieces.append(html[position:])
    return "".join(pieces)
