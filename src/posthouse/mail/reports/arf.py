"""Complaints: somebody pressed *this is spam*, and their provider reports it. (RFC 5965)

Known sharp edges: many providers remove the address of the reader; then the recipient is taken from the returned mail's header,
and where that is removed too it is ''. The delivery is known from the return path anyway.
"""

from collections.abc import Sequence
from typing import Final

from posthouse.mail.reports.notice import RecipientNotice, original_recipients

_RECIPIENT_FIELDS: Final = ("original-rcpt-to:", "removal-recipient:")
_MOST_WORDS: Final = 500


def feedback_type(fields: str) -> str:
    """``abuse``, ``fraud``, ``not-spam`` and so on, in lower case; '' where the fields do not say."""
    lines = (line.partition(":") for line in fields.splitlines())
    return next((value.strip().lower() for name, _, value in lines if name.strip().lower() == "feedback-type"), "")


def complaint_notices(fields: str, originals: Sequence[str], text: str) -> list[RecipientNotice]:
    """A notice for each address that complained; one without a recipient where none is named."""
    values = [
        line.partition(":")[2].strip().strip("<>") for line in fields.splitlines() if line.lower().startswith(_RECIPIENT_FIELDS)
    ]
    addresses = list(dict.fromkeys(value for value in values if "@" in value)) or original_recipients(originals) or [""]
    return [RecipientNotice(recipient=address, diagnostic=text[:_MOST_WORDS]) for address in addresses]
