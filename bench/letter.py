"""The one letter that every system carries: subject, text and HTML with a token of its own, to a recipient of its own.

Posthouse gets it as JSON, Postfix as finished MIME, Celery and BullMQ as variables for the same templates; on the
wire it is about 4 KB for each of them. ``{{ name }}`` is what Jinja2 and the BullMQ worker's replace both understand.
"""

import json
from typing import NamedTuple

SITE = "sink.example"
SENDER = "Shop <noreply@shop.example>"
REPLY_TO = "help@shop.example"
TEXT = (
    "Hello {{ name }},\n\nsomebody asked to reset your password. The link below works for one hour.\n\n{{ link }}\n\n"
    "If it was not you, ignore this mail.\n\n"
) + "Keep your account safe: never tell anybody your password, and we shall never ask you for it.\n" * 6
HTML = (
    "<!doctype html>\n<html><body>\n<p>Hello {{ name }},</p>\n"
    + '<p style="font:16px/1.5 sans-serif;color:#222222">Somebody asked to reset your password; the link works for one '
    "hour.</p>\n"
    * 20
    + '<p><a href="{{ link }}" style="padding:12px 24px;background:#0055aa;color:#ffffff">Reset password</a></p>\n'
    + "<p>{{ link }}</p>\n</body></html>\n"
)
_PART = (
    "--bench-boundary-0001\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{content}\r\n"
)


class Letter(NamedTuple):
    """One filled letter."""

    recipient: str
    name: str
    link: str
    subject: str
    text: str
    html: str


def letter(number: int, run: str, site: str = SITE) -> Letter:
    """The letter of that number in that run; nobody else gets its recipient, subject and token."""
    name, link = f"User {number}", f"https://shop.example/reset?token={run}{number:032x}"
    text, html = (part.replace("{{ name }}", name).replace("{{ link }}", link) for part in (TEXT, HTML))
    return Letter(f"{run}{number}@{site}", name, link, f"Reset your password {number}", text, html)


def fields(filled: Letter, kind: str) -> dict[str, str]:
    """As ``POST /v1/send`` takes it."""
    return {
        "to": filled.recipient,
        "from": SENDER,
        "replyTo": REPLY_TO,
        "subject": filled.subject,
        "html": filled.html,
        "text": filled.text,
        "type": kind,
    }


def body(filled: Letter, kind: str) -> bytes:
    """The same as JSON."""
    return json.dumps(fields(filled, kind)).encode()


def mime(filled: Letter, date: str) -> bytes:
    """As an application submits it by SMTP: finished, CRLF, without the final dot."""
    parts = "".join(
        _PART.format(kind=kind, content=content.replace("\n", "\r\n"))
        for kind, content in (("plain", filled.text), ("html", filled.html))
    )
    token = filled.link.rpartition("=")[2]
    return (
        f"From: {SENDER}\r\nTo: {filled.recipient}\r\nReply-To: {REPLY_TO}\r\nSubject: {filled.subject}\r\nDate: {date}\r\n"
        f"Message-ID: <{token}@shop.example>\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="bench-boundary-0001"\r\n\r\n{parts}--bench-boundary-0001--\r\n'
    ).encode()
