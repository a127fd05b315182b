"""Is the request well-formed? Everything that is wrong with it, at once, each fault with the path a caller knows.

The limits (``model.limits``), counted in Unicode characters except where bytes are said, and the header fields that are
ours to set (RFC 5322 3.6, RFC 8601, the contract's list). Doors may check the same earlier, in their own words; this
is the place that holds for all of them. Addresses are parsed already (``mail.address``), times are ``schedule``'s.

Known sharp edges: a submitted message (``content``) is judged by the door's own limits; only what stands beside it is
looked at here. The size of a whole message is an estimate (base64 is four bytes for three): the door counts bytes.
"""

import re
from collections.abc import Iterable, Iterator, Sized
from typing import Final

from posthouse.mail.header import is_reserved
from posthouse.model.limits import Limits
from posthouse.model.send_request import FieldError, SendRequest

SUBJECT: Final = 998
TAG: Final = 128
METADATA_KEY: Final = 128
METADATA_VALUE: Final = 1024

_NAME: Final = re.compile(r"[!-9;-~]{1,76}")  # RFC 5322 2.2: printable US-ASCII but the colon
_CONTROL: Final = re.compile("[\0-\x08\n-\x1f\x7f]")
_NOT_ONE_LINE: Final = re.compile("[\0-\x1f\x7f\x85\u2028\u2029]")
_MESSAGE_ID: Final = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_STREAM: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def check(request: SendRequest, limits: Limits) -> tuple[FieldError, ...]:
    """All that is wrong with a request in itself; () where nothing is."""
    return tuple(
        fault for part in (_recipients, _content, _attachments, _headers, _labels, _words) for fault in part(request, limits)
    )


def estimate(request: SendRequest) -> int:
    """About how many bytes the message will have on the wire."""
    text = len((request.html or "").encode()) + len((request.text or "").encode())
    return text + sum(len(file.content) for file in request.attachments) * 4 // 3


def _recipients(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    named = len(request.to) + len(request.cc) + len(request.bcc)
    if not named or (not request.to and request.content is None):
        yield FieldError("to", "is required")
    if named > limits.recipients:
        yield FieldError("to", f"together with cc and bcc must name at most {limits.recipients} recipients, not {named}")


def _content(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    if not (request.template or request.html or request.text or request.content):
        yield FieldError("", "needs some content: template, html or text")
    if request.template is None and request.template_version is not None:
        yield FieldError("templateVersion", "needs a template")
    if request.html is not None and len(request.html.encode()) > limits.html_bytes:
        yield FieldError("html", f"must have at most {limits.html_bytes} bytes of UTF-8")
    if request.content is None and request.subject is not None:
        yield from _line("subject", request.subject, SUBJECT)


def _attachments(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    yield from _count("attachments", request.attachments, limits.attachments, "files")
    for place, file in enumerate(request.attachments):
        yield from _line(f"attachments[{place}].filename", file.filename, 255, least=1)


def _headers(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    headers = request.headers or {}
    yield from _count("headers", headers, limits.headers, "fields")
    seen: set[str] = set()
    for name, value in headers.items():
        known = name.lower()
        if known in seen:
            yield FieldError(f"headers.{name}", "stands twice, in another case")
        seen.add(known)
        message = _header_fault(known, value, limits.header_bytes)
        if message is not None:
            yield FieldError(f"headers.{name}", message)
    if "subject" in seen and request.subject is not None:
        yield FieldError("headers.Subject", "cannot stand beside subject: give one of them")
    if "reply-to" in seen and request.reply_to:
        yield FieldError("headers.Reply-To", "cannot stand beside replyTo: give one of them")


def _header_fault(name: str, value: str, most: int) -> str | None:
    if _NAME.fullmatch(name) is None:
        return "is not the name of a header field (RFC 5322 2.2)"
    if is_reserved(name):
        return "may not be set by a caller"
    if _CONTROL.search(value) is not None:
        return "must not contain line breaks or other control characters"
    if len(value.encode()) > most:
        return f"must have at most {most} bytes"
    if name == "message-id" and _MESSAGE_ID.fullmatch(value.strip()) is None:
        return "must be one message id such as <order-123@shop.example>"
    return None


def _labels(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    yield from _count("tags", request.tags, limits.tags, "tags")
    for place, tag in enumerate(request.tags):
        yield from _line(f"tags[{place}]", tag, TAG, least=1)
    metadata = request.metadata or {}
    yield from _count("metadata", metadata, limits.metadata_keys, "keys")
    for name, value in metadata.items():
        yield from _line(f"metadata.{name[:64]}", name, METADATA_KEY, least=1)
        if len(value) > METADATA_VALUE:
            yield FieldError(f"metadata.{name[:64]}", f"must have at most {METADATA_VALUE} characters")


def _words(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    for path, key in (("dedupeKey", request.dedupe_key), ("supersedes", request.supersedes)):
        if key is not None:
            yield from _line(path, key, limits.dedupe_key_length, least=1)
    if request.locale is not None and _LOCALE.fullmatch(request.locale) is None:
        yield FieldError("locale", "must be a language tag such as de or pt-BR")
    if request.stream is not None and _STREAM.fullmatch(request.stream) is None:
        yield FieldError("stream", "must be a stream name such as transactional")
    if request.tls not in {"opportunistic", "required"}:
        yield FieldError("tls", "must be opportunistic or required")


def _line(path: str, value: str, most: int, *, least: int = 0) -> Iterable[FieldError]:
    if not least <= len(value) <= most:
        return (FieldError(path, f"must have {least} to {most} characters, not {len(value)}"),)
    if _NOT_ONE_LINE.search(value) is not None:
        return (FieldError(path, "must not contain line breaks or other control characters"),)
    return ()


def _count(path: str, things: Sized, most: int, called: str) -> Iterable[FieldError]:
    return (FieldError(path, f"must have at most {most} {called}, not {len(things)}"),) if len(things) > most else ()
