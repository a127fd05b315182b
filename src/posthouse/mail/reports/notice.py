"""A report's notice of one recipient, and what all readers of reports share: addresses, lines, the returned mail's header."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

MOST_NOTICES: Final = 50
MOST_WORDS: Final = 1000
ADDRESS: Final = re.compile(
    r"(?<![\w.+%=/-])([A-Za-z0-9!#$%&*+/=?^_`{|}~.-][A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{0,63}|\"[^\"\s@]{1,62}\")"
    r"@((?:[A-Za-z0-9_-]{1,63}\.){0,10}[A-Za-z0-9-]{1,63})"
)
# Addresses of a mail system itself, not of a reader.
ROLE_LOCAL_PART: Final = re.compile(
    r"^(?:mailer-daemon|postmaster|abuse|helpdesk|support|hostmaster|webmaster|mailmaster|mail-daemon)$", re.IGNORECASE
)
_RECIPIENT_HEADERS: Final = frozenset({"to", "x-original-to", "delivered-to", "x-rcpt-to"})
_SPACES: Final = re.compile(r"\s+")


class RecipientNotice(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient's notice. ``action`` and ``status`` of RFC 3464, '' where there are no fields; ``diagnostic``: what the host
    replied.

    ``text``: what the report's words say beside its fields. Texts are one line each.
    """

    recipient: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    text: str = ""


def original_recipients(originals: Iterable[str]) -> list[str]:
    """Whom the returned mail was for, as its own header says."""
    addresses: list[str] = []
    for text in originals:
        head = re.sub(r"\r?\n[ \t]+", " ", text.partition("\n\n")[0])
        for line in head.splitlines()[:400]:
            name, _, value = line.partition(":")
            if name.strip().lower() in _RECIPIENT_HEADERS:
                addresses += [match[0] for match in ADDRESS.finditer(value)]
    return list(dict.fromkeys(addresses))[:MOST_NOTICES]


def one_line(text: str) -> str:
    """The text with one space for each run of white space, cut to ``MOST_WORDS`` characters."""
    return _SPACES.sub(" ", text).strip()[:MOST_WORDS]
