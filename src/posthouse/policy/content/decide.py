"""What follows from a verdict: nothing, a warning, or a refusal that names the rules and the stream that would take the message
(P2).

Authentication and security are never refused on content; commercial types are not checked; a small section of promotion is
allowed.
"""

from enum import StrEnum
from typing import Final

from posthouse.model.content_verdict import ContentKind, ContentVerdict
from posthouse.model.message_type import MessageClass
from posthouse.model.send_request import FieldError, Rejection, Warning

ELSEWHERE: Final = "marketing"
_MOST_FINDINGS: Final = 3


class ContentSetting(StrEnum):
    """What a stream does about commercial content."""

    OFF = "off"
    FLAG = "flag"
    REFUSE = "refuse"


def is_checked(message_class: MessageClass, setting: str) -> bool:
    """Whether content of that class is tested under that setting."""
    return setting != ContentSetting.OFF and message_class is not MessageClass.COMMERCIAL


def decide(verdict: ContentVerdict, message_class: MessageClass, setting: str, stream: str) -> Warning | Rejection | None:
    """The warning or rejection that a verdict leads to, None for neither."""
    if verdict.kind is not ContentKind.COMMERCIAL or not is_checked(message_class, setting):
        return None
    rules = ", ".join(dict.fromkeys(finding.rule for finding in verdict.findings))
    summary = f"This reads as commercial: {verdict.reason} (rules: {rules or 'none'})."
    if setting == ContentSetting.REFUSE and message_class is MessageClass.TRANSACTIONAL:
        errors = tuple(
            FieldError(finding.part, f"{finding.message}: {finding.excerpt!r} ({finding.rule})")
            for finding in verdict.findings[:_MOST_FINDINGS]
        )
        return Rejection(
            "content_refused",
            f"{summary} The stream '{stream}' takes no advertising; send it on the stream '{ELSEWHERE}', as a commercial type.",
            errors,
        )
    return Warning("content_flagged", f"{summary} Such mail belongs on the stream '{ELSEWHERE}'.", "stream")
