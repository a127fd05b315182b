"""The fields of a delivery status notification, one group a recipient. (RFC 3464 section 2.3)

They are read wherever they stand: in their own part, or among the words of a report that follows no standard.

Known sharp edges: a second Final-Recipient begins a new group although no empty line stands before it, because reporters forget
that line. A Final-Recipient with a source route (``@relay.example:user@inside``, RFC 5321 appendix C) or of a reporter's own
address type names a mailbox behind the relay; where Original-Recipient has the address that the mail was sent to, that counts.
"""

import re
from collections.abc import Iterator
from typing import Final

from posthouse.mail.reports.notice import ADDRESS, MOST_NOTICES, MOST_WORDS, ROLE_LOCAL_PART, RecipientNotice, one_line

_MOST_GROUPS: Final = 400
_MOST_LINES: Final = 200
_EMPTY_LINE: Final = re.compile(r"\n[ \t]*\n")
_FINAL_RECIPIENT: Final = "final-recipient"
_NEW_RECIPIENT: Final = re.compile(r"\n(?=[ \t>|]{0,8}final-recipient[ \t]*:)", re.IGNORECASE)
_FIELD: Final = re.compile(r"^[ \t>|]{0,8}([A-Za-z][A-Za-z-]{2,40})[ \t]*:[ \t]*(.*)$")
_STATUS: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_INTERNAL: Final = re.compile(r"x-|[a-z0-9-]*;?\s*<?@", re.IGNORECASE)
_RECIPIENT_FIELDS: Final = (
    _FINAL_RECIPIENT,
    "original-recipient",
    "x-actual-recipient",
    "x-failed-recipient",
    "x-failed-recipients",
)


def notices_of_fields(text: str) -> list[RecipientNotice]:
    """A notice for each group of fields that names a recipient, the first of each recipient."""
    notices: dict[str, RecipientNotice] = {}
    for group in _groups(text):
        notice = _notice_of(group)
        if notice is not None and len(notices) < MOST_NOTICES:
            notices.setdefault(notice.recipient.lower(), notice)
    return list(notices.values())


def _groups(text: str) -> Iterator[str]:
    for group in _EMPTY_LINE.split(text)[:_MOST_GROUPS]:
        first, *others = _NEW_RECIPIENT.split(group)
        if others and not _names_recipient(first):  # fields before the first Final-Recipient belong to it
            first, others = f"{first}\n{others[0]}", others[1:]
        yield from (first, *others)


def _names_recipient(group: str) -> bool:
    return re.match(r"[ \t>|]{0,8}final-recipient[ \t]*:", group, re.IGNORECASE) is not None


def _notice_of(group: str) -> RecipientNotice | None:
    values = _fields(group)
    addresses = [_address(values[name]) for name in _RECIPIENT_FIELDS if name in values]
    recipient = next((address for address in addresses if "@" in address), addresses[0] if addresses else "")
    if not recipient:
        return None
    original = _address(values.get("original-recipient", ""))
    is_internal = _INTERNAL.match(values.get(_FINAL_RECIPIENT, "")) is not None
    if is_internal and "@" in original and ROLE_LOCAL_PART.match(recipient.partition("@")[0]) is None:
        recipient = original
    diagnostic = values.get("diagnostic-code", "")
    status = _STATUS.search(values.get("status", ""))
    return RecipientNotice(
        recipient=recipient,
        action=values.get("action", "").split(" ")[0].lower(),
        status=status[0] if status is not None else "",
        diagnostic=one_line(diagnostic.partition(";")[2] or diagnostic),
    )


def _fields(group: str) -> dict[str, str]:
    """Names in lower case, values unfolded, the first of each name."""
    values: dict[str, str] = {}
    last = ""
    for line in group.splitlines()[:_MOST_LINES]:
        field = _FIELD.match(line)
        if field is not None:
            last = field[1].lower()
            values.setdefault(last, field[2].strip())
        elif last and line.startswith((" ", "\t")):
            values[last] = f"{values[last]} {line.strip()}"[:MOST_WORDS]
    return values


def _address(value: str) -> str:
    """The address of ``rfc822; <user@example.com>``."""
    text = value.partition(";")[2] if ";" in value else value
    text = text.strip().strip("<>\"' ")
    match = ADDRESS.search(text)
    return match[0] if match is not None else text.split(" ")[0]
