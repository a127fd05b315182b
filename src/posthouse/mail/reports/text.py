"""Whose mail came back, and why, in the words and fields of the report itself?

Fields are those of RFC 3464 section 2.3, wherever they stand. Words follow no standard: what all letters have in common is
an address on a line (often alone, in angle brackets, or before a colon) and near it, mostly after it, why. So a letter is
cut off where the returned mail begins, addresses in it are candidates, and the words up to the next candidate are its reason.

Known sharp edges: an address in a sentence about somebody else (a help desk, the sender) may be taken for a recipient where the
returned mail does not say to whom it was; the delivery is known from the return path anyway, so that costs a word in a log.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

MOST_NOTICES: Final = 50
MOST_WORDS: Final = 1000
_ADDRESS: Final = re.compile(
    r"(?<![\w.+%=/-])([A-Za-z0-9!#$%&*+/=?^_`{|}~.-][A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{0,63}|\"[^\"\s@]{1,62}\")@((?:[A-Za-z0-9_-]{1,63}\.){0,10}[A-Za-z0-9-]{1,63})"
)
_GROUP: Final = re.compile(r"\n[ \t]*\n")
_NAMED: Final = re.compile(r"^[ \t>|]{0,8}([A-Za-z][A-Za-z-]{2,40})[ \t]*:[ \t]*(.*)$")
_CUT: Final = re.compile(
    r"^[ \t]{0,8}(?:[-=_*+]{2,}[ \t]*[A-Za-z].{0,120}(?:copy|original|unsent|returned|undelivered|message (?:header|text|follow)|header|below|enclosed|transcript of session ends).{0,80}"
    r"|(?:the )?(?:original|unsent|returned|failed|undelivered|rejected) (?:message|mail|e-mail)[^\n]{0,60}(?:follow|below|header|attached)[^\n]{0,60}|(?:-{2,} ?)?original message(?: headers?)?[ :-]{0,40}"
    r"|--- ?below (?:this line )?is a copy[^\n]{0,80}|---- ?start of message[^\n]{0,40}|message headers? follow[^\n]{0,40}|original message headers?:?"
    r"|(?:(?:return-path|received|x-mailer|mime-version|dkim-signature): ?[^\n]{0,300}))[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_RECIPIENT_FIELDS: Final = (
    "final-recipient",
    "original-recipient",
    "x-actual-recipient",
    "x-failed-recipient",
    "x-failed-recipients",
)
_HOUSE: Final = re.compile(
    r"^(?:mailer-daemon|postmaster|abuse|helpdesk|support|hostmaster|webmaster|mailmaster|mail-daemon)$", re.IGNORECASE
)
_OTHERS: Final = re.compile(
    r"(?:from|sender|by|contact|forward(?:ed)?(?: this)?(?: to| message to)?|mail from|e-?mail(?: us)?(?: at)?|visit|assistance|reach us|questions|help)[:\s<\"'(]{1,4}(?:mailto:)?$",
    re.IGNORECASE,
)
_LEADS: Final = re.compile(
    r"^[\s<\"'*|>:;=(\[-]*$|(?:\bto|\bfor|recipients?|address(?:es)?|user|mailbox|destinataire|rcpt)[\s<\"':;,=(-]*$|^\s*[45]\d\d(?: [245]\.\d+\.\d+)?[\s<-]*$",
    re.IGNORECASE,
)
_DELIVERING: Final = re.compile(r"(?:mail|message|deliver\w*) to[\s<]*$", re.IGNORECASE)
_SPACES: Final = re.compile(r"\s+")


class RecipientNotice(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient's notice. ``action`` and ``status`` of RFC 3464, '' where there are no fields; ``diagnostic``: what the host said;

    ``letter``: what the report's words say beside its fields. Texts are one line each.
    """

    recipient: str
    action: str = ""
    status: str = ""
    diagnostic: str = ""
    letter: str = ""


def notices_of_fields(text: str) -> list[RecipientNotice]:
    """A notice for each group of fields that names a recipient."""
    found: dict[str, RecipientNotice] = {}
    for group in _GROUP.split(text)[:400]:
        notice = _of_group(group)
        if notice is not None and len(found) < MOST_NOTICES:
            found.setdefault(notice.recipient.lower(), notice)
    return list(found.values())


def _of_group(group: str) -> RecipientNotice | None:
    values: dict[str, str] = {}
    last = ""
    for line in group.splitlines()[:200]:
        match = _NAMED.match(line)
        if match is not None:
            last = match[1].lower()
            values.setdefault(last, match[2].strip())
        elif last and line.startswith((" ", "\t")):
            values[last] = f"{values[last]} {line.strip()}"[:MOST_WORDS]
    people = [_bare(values[name]) for name in _RECIPIENT_FIELDS if name in values]
    recipient = next((person for person in people if "@" in person), people[0] if people else "")
    if not recipient:
        return None
    original = _bare(values.get("original-recipient", ""))
    if (
        "@" in original
        and _HOUSE.match(recipient.partition("@")[0]) is None
        and values.get("final-recipient", "").lower().startswith("x-")
    ):
        recipient = original
    return RecipientNotice(
        recipient=recipient, action=values.get("action", "").split(" ")[0].lower(), status=_status(values.get("status", "")),
        diagnostic=_line(values.get("diagnostic-code", "").partition(";")[2] or values.get("diagnostic-code", "")),
    )  # fmt: skip


def notices_in(said: str, wanted: Sequence[str], avoid: frozenset[str] = frozenset()) -> list[RecipientNotice]:
    """What a letter says of whom; ``wanted``: whom the returned mail was for, where that is known; ``avoid``: who gets the letter."""
    letter = _letter(said)
    wanted = wanted or original_recipients([said[len(letter) :][:4000].replace("\n\n", "\n")])
    places = _places(letter, wanted, avoid)
    if not places:
        return [RecipientNotice(recipient=address, diagnostic=_line(letter)) for address in dict.fromkeys(wanted)][:1]
    found: dict[str, str] = {}
    for index, (start, end, address) in enumerate(places):
        until = next((place[0] for place in places[index + 1 :] if place[2].lower() != address.lower()), len(letter))
        words = f"{_same_line(letter, start)} {letter[end:until]}"
        key = address.lower()
        found[key] = f"{found[key]} {words}" if key in found else f"{address}\n{words}"
    before = letter[: places[0][0]]
    out = []
    for told in found.values():
        address, _, words = told.partition("\n")
        out.append(
            RecipientNotice(
                recipient=address,
                diagnostic=_line(words if _says_something(words) else f"{words} {before}"),
                letter=_line(before),
            )
        )
    return out[:MOST_NOTICES]


def original_recipients(originals: Iterable[str]) -> list[str]:
    """Whom the returned mail was for, as its own header says."""
    found: list[str] = []
    for text in originals:
        head = re.sub(r"\r?\n[ \t]+", " ", text.partition("\n\n")[0])
        for line in head.splitlines()[:400]:
            name, _, value = line.partition(":")
            if name.strip().lower() in ("to", "x-original-to", "delivered-to", "x-rcpt-to"):
                found += [match[0] for match in _ADDRESS.finditer(value)]
    return list(dict.fromkeys(found))[:MOST_NOTICES]


def _letter(said: str) -> str:
    """Up to where the returned mail begins."""
    for match in _CUT.finditer(said):
        if match.start() > 40:
            return said[: match.start()]
    return said


def _places(letter: str, wanted: Sequence[str], avoid: frozenset[str]) -> list[tuple[int, int, str]]:
    """Where recipients are named, in order: those the mail was for, and those that stand as recipients do."""
    everyone = [(match.start(), match.end(), match[0].rstrip(".")) for match in _ADDRESS.finditer(letter)][:400]
    known = {address.lower() for address in wanted}
    named = [
        place
        for place in everyone
        if place[2].lower() in known or (place[2].lower() not in avoid and _stands_as_recipient(letter, place))
    ]
    return (
        named
        or [
            place
            for place in everyone
            if place[2].lower() not in avoid
            and not _HOUSE.match(place[2].partition("@")[0])
            and not _OTHERS.search(letter[max(0, place[0] - 30) : place[0]])
        ][:1]
    )


def _stands_as_recipient(letter: str, place: tuple[int, int, str]) -> bool:
    """First on its line, after words that lead to one, or after a code; not a house address in a sentence, not after *from*."""
    start, end, address = place
    line_start = letter.rfind("\n", 0, start) + 1
    before = letter[line_start:start]
    if _HOUSE.match(address.partition("@")[0]) and not wanted_alone(letter, start, end) and not _DELIVERING.search(before[-120:]):
        return False
    if _OTHERS.search(before):
        return False
    return _LEADS.search(before[-120:]) is not None


def wanted_alone(letter: str, start: int, end: int) -> bool:
    """Whether nothing but brackets stands beside an address on its line."""
    line_start = letter.rfind("\n", 0, start) + 1
    line_end = letter.find("\n", end)
    line = letter[line_start : line_end if line_end >= 0 else len(letter)]
    return not line.replace(letter[start:end], "").strip(" \t<>\"':")


def _same_line(letter: str, start: int) -> str:
    return letter[max(letter.rfind("\n", 0, start) + 1, start - 200) : start]


def _says_something(words: str) -> bool:
    return len(words.strip(" \t\r\n<>:;.,-")) > 8


def _bare(value: str) -> str:
    """The address of ``rfc822; <user@example.com>``."""
    text = value.partition(";")[2] if ";" in value else value
    text = text.strip().strip("<>\"' ")
    match = _ADDRESS.search(text)
    return match[0] if match is not None else text.split(" ")[0]


def _status(value: str) -> str:
    match = re.search(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b", value)
    return match[0] if match is not None else ""


def _line(text: str) -> str:
    return _SPACES.sub(" ", text).strip()[:MOST_WORDS]
