"""The SMTP reply to a message: accepted, or the contract's refusals (*SMTP submission*), each with the rule or the field.

Field names of the API become the header fields that the client set. It must never know the message.
"""

from typing import Final

from posthouse.mail.smtp.server.reply import reply_line
from posthouse.model.send_request import Accepted, FieldError, Rejection
from posthouse.policy.deliver.simulate import NO_SUCH

REPLIES: Final[dict[str, tuple[int, str]]] = {
    "unauthenticated": (530, "5.7.0"),
    "forbidden": (550, "5.7.1"),
    "domain_not_verified": (550, "5.7.1"),
    "content_refused": (550, "5.7.1"),
    "idempotency_conflict": (554, "5.5.0"),
    "too_large": (552, "5.3.4"),
    "rate_limited": (450, "4.7.1"),  # RFC 5321 4.3.2: after the data, for reasons of policy
    "unavailable": (451, "4.3.0"),
    "no_route": (451, "4.3.5"),
}
_OTHERWISE: Final = (554, "5.6.0")  # what is wrong with the message, its template or its variables
_NO_RECIPIENT: Final = (550, "5.1.1")  # RFC 3463 3.2: an address at the simulator that it does not know
_FIELDS: Final = {
    "from": "From",
    "to": "To",
    "cc": "Cc",
    "bcc": "RCPT",
    "subject": "Subject",
    "replyTo": "Reply-To",
    "type": "X-Posthouse-Type",
    "stream": "X-Posthouse-Stream",
    "dedupeKey": "X-Posthouse-Dedupe-Key",
    "tags": "X-Posthouse-Tag",
    "metadata": "X-Posthouse-Metadata",
    "template": "X-Posthouse-Template",
    "variables": "X-Posthouse-Variables",
    "locale": "X-Posthouse-Locale",
    "sendAt": "X-Posthouse-Send-At",
    "expiresAt": "X-Posthouse-Expires-At",
    "occurredAt": "X-Posthouse-Occurred-At",
}


def reply_to(answer: Accepted | Rejection) -> bytes:
    """``250 2.0.0 Ok: msg_…``, or the refusal."""
    if isinstance(answer, Accepted):
        return reply_line(250, "2.0.0", f"Ok: {answer.id} duplicate" if answer.duplicate else f"Ok: {answer.id}")
    code, enhanced = REPLIES.get(answer.code, _OTHERWISE)
    if answer.errors and all(error.message.startswith(NO_SUCH) for error in answer.errors):
        code, enhanced = _NO_RECIPIENT
    reasons = "; ".join(_describe(error) for error in answer.errors)
    return reply_line(code, enhanced, reasons or answer.detail)


def _describe(error: FieldError) -> str:
    """``X-Posthouse-Variables.total: is required``."""
    end = next((index for index, character in enumerate(error.path) if character in ".["), len(error.path))
    field, rest = error.path[:end], error.path[end:]
    name = _FIELDS.get(field, field) + rest
    return f"{name}: {error.message}" if name else error.message
