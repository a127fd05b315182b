"""How a submitted message becomes a ``SendRequest``: the envelope has who gets it, the header who is visible.

RFC 6409 section 8 and the contract: one DATA is one message with a delivery per RCPT. Those of To and Cc that are in the
envelope are visible recipients; everybody else in the envelope is bcc. An address that is only in the header gets nothing.
The client's MAIL FROM is not used. It must never know credentials or the store.

Known sharp edges: addresses are compared as on the wire, so ``User@x`` in To and ``user@x`` in RCPT are two: the second gets
the message as bcc. With a template the header's To must name somebody, unless there is one recipient only.
"""

from collections.abc import Iterable

import msgspec

from posthouse.doors.submission.control import Fields, read_controls
from posthouse.mail.mime.submitted import Submitted, SubmittedFault, own_fields, read_submitted, reply_to
from posthouse.mail.smtp.server.action import Envelope
from posthouse.mail.smtp.server.command import CommandFault
from posthouse.mail.smtp.server.reply import reply_line
from posthouse.model.letter import Attachment
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import SendRequest


def read_request(envelope: Envelope, data: bytes) -> SendRequest | CommandFault:
    """The request, or the reply with why it cannot be read. Linear in the size of ``data``; pure."""
    submitted = read_submitted(data)
    if isinstance(submitted, SubmittedFault):
        code = 550 if submitted.code.startswith("5.7.") else 554
        return CommandFault(reply_line(code, submitted.code, submitted.message))
    fields = read_controls(submitted.controls)
    if isinstance(fields, CommandFault):
        return fields
    return _request(envelope, submitted, fields)


def _request(envelope: Envelope, submitted: Submitted, fields: Fields) -> SendRequest:
    remaining = {mailbox.address: mailbox for mailbox in envelope.recipients}
    to = _visible(submitted.to, remaining)
    cc = _visible(submitted.cc, remaining)
    bcc = tuple(remaining.values())
    if "template" in fields:  # the template wins: subject, html and text are its own; all else stays the author's
        if not to and len(bcc) == 1:
            to, bcc = bcc, ()
        return SendRequest(
            to=to,
            cc=cc,
            bcc=bcc,
            sender=submitted.sender,
            reply_to=reply_to(submitted),
            headers=own_fields(submitted) or None,
            attachments=tuple(_with_filename(file) for file in submitted.files),
            **fields,
        )
    return SendRequest(
        to=to,
        cc=cc,
        bcc=bcc,
        sender=submitted.sender,
        subject=submitted.subject,
        content=submitted.content,
        identity=submitted.identity,
        words=submitted.words,
        **fields,
    )


def _with_filename(file: Attachment) -> Attachment:
    return file if file.filename else msgspec.structs.replace(file, filename="attachment")


def _visible(field: Iterable[Mailbox], remaining: dict[str, Mailbox]) -> tuple[Mailbox, ...]:
    """Those of a header field that are in the envelope and in no field before, with their names; taken out of ``remaining``."""
    return tuple(mailbox for mailbox in field if remaining.pop(mailbox.address, None) is not None)
