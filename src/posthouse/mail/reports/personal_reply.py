"""A person's reply to a return path, made ready to be forwarded. (RFC 3834 section 2, RFC 5322 section 3.6.6, RFC 5321 section
6.3)

A return path gets reports, automatic replies, and now and then a *personal reply*: a mailer answered the envelope. A mail with
the null return path, with a field that says it is automatic, or from a daemon is not personal. The text of a reply is not looked
at: it is forwarded as it came, and its fields and body are made fit for the wire here, because this runs in a confined child.

A reply is *blocked*, reported and not forwarded, where it came over a mailing list or is looping: our own mark is in it, or more
than ``MOST_HOPS`` hosts relayed it.

Known sharp edges: a body that is not seven-bit is encoded anew, and its author's signature, which would fail, is left out.
Without an envelope (mail that came by HTTP) the Return-Path field is used. A reply that quotes a report and refers to no message
is taken for a report.
"""

import re
from hashlib import sha256
from typing import Final

import msgspec

from posthouse.mail.header import decode_words
from posthouse.mail.mime.compose import MESSAGE_ID, body_digest
from posthouse.mail.mime.entity import Entity, MalformedMessage, parse
from posthouse.mail.mime.submitted import author_of, check_singular, clean, repaired, seven_bit
from posthouse.model.content import Content
from posthouse.model.mailbox import Mailbox

MARK: Final = "x-posthouse-forwarded"
MOST_HOPS: Final = 30
_LISTS: Final = ("list-id", "list-post", "list-unsubscribe", "mailing-list")
_BULK: Final = frozenset({"bulk", "list", "junk"})
_ROBOTS: Final = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-response-suppress", "x-failed-recipients", "feedback-id",
)  # fmt: skip
_REPORTS: Final = frozenset({"multipart/report", "message/delivery-status", "message/feedback-report"})
_DAEMON: Final = re.compile(
    r"(?:mailer-?daemon|postmaster|mdaemon|no-?reply|do-?not-?reply|bounces?|root)(?![a-z])", re.IGNORECASE
)
_REPLY_SUBJECT: Final = re.compile(r"(?:re|aw|antw|sv|vs|odp|rif|res)\s*(?:\[\d+\])?:", re.IGNORECASE)
_DROPPED: Final = frozenset({"return-path", "bcc", "resent-bcc"})
_SIGNATURES: Final = ("dkim-signature", "domainkey-signature", "arc-")


class PersonalReply(msgspec.Struct, frozen=True, kw_only=True):
    """``author``: the address in From. ``digest``: equal for copies of one reply. ``is_answer``: its fields or subject say that
    it is one.

    ``blocked_reason``: ``list`` or ``looped``, else ''; ``content``: what is forwarded, None where it is blocked. ``subject`` and
    ``message_id``: as written.
    """

    author: str
    digest: bytes
    is_answer: bool
    message_id: str = ""
    subject: str = ""
    blocked_reason: str = ""
    content: Content | None = None


def read_reply(data: bytes, return_path: str | None) -> PersonalReply | None:
    """The reply, or None for what no person wrote or what cannot be parsed. ``return_path``: of the envelope, '' the null one,
    None unknown.
    """
    try:
        tree = parse(repaired(data))
        check_singular(tree.fields)
        author = author_of(tree.first("from"))
    except MalformedMessage:
        return None
    if _is_automatic(tree, author, return_path):
        return None
    message_id = field.text if (field := tree.first("message-id")) and MESSAGE_ID.fullmatch(field.text) else ""
    subject = decode_words(_value(tree, "subject"))
    is_answer = any(tree.first(name) for name in ("in-reply-to", "references")) or _REPLY_SUBJECT.match(subject) is not None
    blocked_reason = _blocked_reason(tree)
    return PersonalReply(
        author=author.address,
        digest=_digest(tree),
        is_answer=is_answer,
        message_id=message_id,
        subject=subject,
        blocked_reason=blocked_reason,
        content=None if blocked_reason else _content(tree, message_id),
    )


def _is_automatic(tree: Entity, author: Mailbox, return_path: str | None) -> bool:
    sender = _value(tree, "return-path") if return_path is None else f"<{return_path}>"
    return (
        sender == "<>"
        or _value(tree, "auto-submitted").partition(";")[0].strip().lower() not in ("", "no")
        or _value(tree, "precedence").lower() in ("auto_reply", "auto-reply")
        or any(tree.first(name) for name in _ROBOTS)
        or tree.media in _REPORTS
        or _DAEMON.match(author.local) is not None
    )


def _blocked_reason(tree: Entity) -> str:
    hops = sum(field.name == "received" for field in tree.fields)
    if tree.first(MARK) is not None or hops > MOST_HOPS:
        return "looped"
    return "list" if _value(tree, "precedence").lower() in _BULK or any(tree.first(name) for name in _LISTS) else ""


def _content(tree: Entity, message_id: str) -> Content:
    """The fields as they came without those of the envelope, and the body; the same bytes wherever they are fit for the wire."""
    fields, body = seven_bit(tree)
    dropped: tuple[str, ...] = ("x-posthouse-",) if fields is tree.fields else ("x-posthouse-", *_SIGNATURES)
    forwarded = [
        field
        for field in fields
        if field.name not in _DROPPED and not field.name.startswith(dropped) and (message_id or field.name != "message-id")
    ]
    if body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    head = b"".join(clean(field) for field in forwarded)
    return Content(
        head=head, body=body, body_digest=body_digest(body), message_id=message_id, dated=tree.first("date") is not None
    )


def _digest(tree: Entity) -> bytes:
    """Of the author's fields and the body, not of the fields that hosts on the route added."""
    parts = [_value(tree, name).encode() for name in ("from", "date", "message-id", "subject")]
    return sha256(b"\n".join([*parts, tree.body])).digest()


def _value(tree: Entity, name: str) -> str:
    return field.text if (field := tree.first(name)) is not None else ""
