"""Which recipients a report names, and why their mail came back, in words that follow no standard.

What such reports have in common is an address on a line (often alone, in angle brackets, or before a colon) and near it, mostly
after it, the reason. So the text is cut off where the returned mail begins, addresses in it are candidates, and the
words up to the next candidate are its reason.

Known sharp edges: an address in a sentence about somebody else (a help desk, the sender) may be taken for a recipient where the
returned mail does not say to whom it was; the delivery is known from the return path anyway, so that costs a word in a log.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from posthouse.mail.reports.notice import (
    ADDRESS,
    MOST_NOTICES,
    MOST_WORDS,
    ROLE_LOCAL_PART,
    RecipientNotice,
    one_line,
    original_recipients,
)

_MOST_ADDRESSES: Final = 400
_SHORTEST_REASON: Final = 8
_MOST_AFTER: Final = 20_000  # characters; a line of 1,000 is made from them
_RETURNED_MAIL: Final = re.compile(
    r"^[ \t]{0,8}(?:[-=_*+]{2,}[ \t]*[A-Za-z].{0,120}(?:copy|original|unsent|returned|undelivered|message (?:header|text|follow)|header|below|enclosed|transcript of session ends).{0,80}"
    r"|(?:the )?(?:original|unsent|returned|failed|undelivered|rejected) (?:message|mail|e-mail)[^\n]{0,60}(?:follow|below|header|attached)[^\n]{0,60}|(?:-{2,} ?)?original message(?: headers?)?[ :-]{0,40}"
    r"|--- ?below (?:this line )?is a copy[^\n]{0,80}|---- ?start of message[^\n]{0,40}|message headers? follow[^\n]{0,40}|original message headers?:?"
    r"|(?:(?:return-path|received|x-mailer|mime-version|dkim-signature): ?[^\n]{0,300}))[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_RECIPIENT: Final = re.compile(
    r"(?:from|sender|by|contact|forward(?:ed)?(?: this)?(?: to| message to)?|mail from|e-?mail(?: us)?(?: at)?|visit|assistance|reach us|questions|help)[:\s<\"'(]{1,4}(?:mailto:)?$",
    re.IGNORECASE,
)
_BEFORE_RECIPIENT: Final = re.compile(
    r"^[\s<\"'*|>:;=(\[-]*$|(?:\bto|\bfor|recipients?|address(?:es)?|user|mailbox|destinataire|rcpt)[\s<\"':;,=(-]*$|^\s*[45]\d\d(?: [245]\.\d+\.\d+)?[\s<-]*$",
    re.IGNORECASE,
)
_DELIVERED_TO: Final = re.compile(r"(?:mail|message|deliver\w*) to[\s<]*$", re.IGNORECASE)


class _NamedAddress(NamedTuple):
    """An address and its place in the text."""

    start: int
    end: int
    address: str

    @property
    def key(self) -> str:
        return self.address.lower()

    @property
    def is_role(self) -> bool:
        return ROLE_LOCAL_PART.match(self.address.partition("@")[0]) is not None


def notices_in(report: str, recipients: Sequence[str], reported_to: frozenset[str] = frozenset()) -> list[RecipientNotice]:
    """A notice for each recipient that the words of a report name.

    ``recipients``: whom the returned mail was for, where that is known; ``reported_to``: who gets the report, in lower case.
    """
    text = _without_returned_mail(report)
    recipients = recipients or original_recipients([report[len(text) :][:4000].replace("\n\n", "\n")])
    named = _named_recipients(text, recipients, reported_to)
    if not named:
        return [RecipientNotice(recipient=address, diagnostic=one_line(text)) for address in dict.fromkeys(recipients)][:1]
    addresses: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for index, candidate in enumerate(named):
        addresses.setdefault(candidate.key, candidate.address)
        reason = reasons.get(candidate.key, "")
        if len(reason) >= MOST_WORDS:
            continue
        until = next((other.start for other in named[index + 1 :] if other.key != candidate.key), len(text))
        after = text[candidate.end : min(until, candidate.end + _MOST_AFTER)]
        reasons[candidate.key] = one_line(f"{reason} {_line_before(text, candidate.start)} {after}")
    before = text[: named[0].start]
    return [
        RecipientNotice(
            recipient=address,
            diagnostic=reasons[key] if _is_reason(reasons[key]) else one_line(f"{reasons[key]} {before}"),
            text=one_line(before),
        )
        for key, address in addresses.items()
    ][:MOST_NOTICES]


def _without_returned_mail(report: str) -> str:
    """The report up to where the returned mail begins."""
    for match in _RETURNED_MAIL.finditer(report):
        if match.start() > 40:
            return report[: match.start()]
    return report


def _named_recipients(text: str, recipients: Sequence[str], reported_to: frozenset[str]) -> list[_NamedAddress]:
    """The addresses that are recipients, in order: those the mail was for, and those that stand where recipients do.

    Where there is none, the first other address; and at last one of those that get the report, if it stands alone on its line:
    somebody wrote to themselves.
    """
    candidates = [_NamedAddress(match.start(), match.end(), match[0].rstrip(".")) for match in ADDRESS.finditer(text)]
    candidates = candidates[:_MOST_ADDRESSES]
    recipient_keys = {address.lower() for address in recipients}
    others = [candidate for candidate in candidates if candidate.key not in reported_to]

    def is_recipient(candidate: _NamedAddress) -> bool:
        return candidate.key in recipient_keys or (candidate.key not in reported_to and _stands_as_recipient(text, candidate))

    def is_possible(candidate: _NamedAddress) -> bool:
        return not candidate.is_role and not _NOT_RECIPIENT.search(text[max(0, candidate.start - 30) : candidate.start])

    return (
        list(filter(is_recipient, candidates))
        or _first(others, is_possible)
        or _first(candidates, lambda candidate: _stands_alone(text, candidate))
    )


def _first(candidates: Sequence[_NamedAddress], condition: Callable[[_NamedAddress], bool]) -> list[_NamedAddress]:
    return [candidate for candidate in candidates if condition(candidate)][:1]


def _stands_as_recipient(text: str, candidate: _NamedAddress) -> bool:
    """First on its line, after words that lead to one, or after a code; not a role address in a sentence, not after *from*."""
    before = text[text.rfind("\n", 0, candidate.start) + 1 : candidate.start]
    if candidate.is_role and not _stands_alone(text, candidate) and not _DELIVERED_TO.search(before[-120:]):
        return False
    return _NOT_RECIPIENT.search(before) is None and _BEFORE_RECIPIENT.search(before[-120:]) is not None


def _stands_alone(text: str, candidate: _NamedAddress) -> bool:
    """Whether nothing but brackets and a colon stands beside an address on its line."""
    line_start = text.rfind("\n", 0, candidate.start) + 1
    line_end = text.find("\n", candidate.end)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    return not line.replace(text[candidate.start : candidate.end], "").strip(" \t<>\"':")


def _line_before(text: str, start: int) -> str:
    return text[max(text.rfind("\n", 0, start) + 1, start - 200) : start]


def _is_reason(words: str) -> bool:
    return len(words.strip(" \t\r\n<>:;.,-")) > _SHORTEST_REASON
