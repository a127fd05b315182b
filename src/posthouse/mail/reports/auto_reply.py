"""Is a mail an automatic reply, such as *out of office*? (RFC 3834, and the fields that came before it)

A reply that a mail system wrote about a delivery is none, whatever its fields say: reports are marked as automatic too.
"""

import re
from collections.abc import Mapping
from typing import Final

_SUBJECT: Final = re.compile(
    r"^(?:auto(?:matic)?[- ]?(?:reply|response|matische antwort)|autoreply|out of (?:the )?office|automatische antwort|"
    r"abwesenheit|"
    r"r[ée]ponse automatique|vacation|away from|i am away)",
    re.IGNORECASE,
)
_FIELDS: Final = ("x-autoreply", "x-autorespond", "x-auto-response-suppress", "x-autoresponder")


def is_auto_reply(header: Mapping[str, str], subject: str, *, from_mail_system: bool) -> bool:
    """``header``: the first of each field, names in lower case; ``from_mail_system``: sender or subject are those of a report."""
    if _SUBJECT.match(subject.removeprefix("Re: ").strip()):
        return True
    is_marked = (
        header.get("auto-submitted", "").lower().startswith("auto-replied")
        or any(name in header for name in _FIELDS)
        or header.get("precedence", "").lower() in ("auto_reply", "auto-reply")
        or header.get("x-precedence", "").lower() == "auto_reply"
    )
    return is_marked and not from_mail_system
