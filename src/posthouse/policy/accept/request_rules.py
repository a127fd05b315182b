"""Is the request well-formed? Everything that is wrong with it, at once, each error with the path a caller knows.

The limits (``model.limits``), counted in Unicode characters except where bytes are named, and the header fields that are
ours to set (RFC 5322 3.6, RFC 8601, the contract's list). Doors may check the same earlier, with their own messages; this
is the place that holds for all of them. Addresses are parsed already (``mail.address``), times are ``schedule``'s.

Inline content is literal, so ``{{ name }}`` in it reaches readers: that is a warning (``unrendered_tags``), never an error,
because a mail about templates may mean it (C2).

Known sharp edges: a submitted message (``content``) is checked by the door's own limits; only the fields beside it are
checked here. The size of a whole message is an estimate (base64 is four bytes for three): the door counts bytes. Only whole
tags on one line are found, ``{{ … }}`` and ``{% … %}``, wherever they stand, in a style sheet too.
"""

import re
from collections.abc import Iterable, Iterator, Sized
from typing import Final

from posthouse.mail.header import is_reserved
from posthouse.model.limits import Limits
from posthouse.model.send_request import FieldError, SendRequest, Warning
from posthouse.policy.deliver import simulate

SUBJECT: Final = 998
TAG: Final = 128
METADATA_KEY: Final = 128
METADATA_VALUE: Final = 1024

UNRENDERED_TAG: Final = "tag_left_over"

_NAME: Final = re.compile(r"[!-9;-~]{1,76}")  # RFC 5322 2.2: printable US-ASCII but the colon
_CONTROL: Final = re.compile("[\0-\x08\n-\x1f\x7f]")
_NOT_ONE_LINE: Final = re.compile("[\0-\x1f\x7f\x85\u2028\u2029]")
_MESSAGE_ID: Final = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_STREAM: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TEMPLATE_TAG: Final = re.compile(r"\{\{[^{}\n]{0,200}\}\}|\{%[^%\n]{0,200}%\}")
_TAG_EXCERPT: Final = 40  # characters


def check(request: SendRequest, limits: Limits) -> tuple[FieldError, ...]:
    """Everything that is wrong with a request in itself; () where nothing is."""
    rules = (_check_recipients, _check_simulator, _check_content, _check_attachments, _check_headers, _check_labels, _check_names)
    return tuple(error for rule in rules for error in rule(request, limits))


def estimate_size(request: SendRequest) -> int:
    """About how many bytes the message will have on the wire."""
    text = len((request.html or "").encode()) + len((request.text or "").encode())
    return text + sum(len(file.content) for file in request.attachments) * 4 // 3


def unrendered_tags(request: SendRequest) -> tuple[Warning, ...]:
    """A warning for each part of inline content that has a template's tag in it."""
    text, html = (request.text, request.html) if request.content is None else request.words
    parts = (("subject", request.subject), ("html", html), ("text", text))
    # Nearly every part ends at the two comparisons, which cost less than a search.
    warnings = [_unrendered_tag(path, part) for path, part in parts if part and ("{{" in part or "{%" in part)]
    return tuple([warning for warning in warnings if warning is not None])


def _unrendered_tag(path: str, part: str) -> Warning | None:
    tag = _TEMPLATE_TAG.search(part)
    if tag is None:
        return None
    return Warning(
        UNRENDERED_TAG,
        f"'{tag.group()[:_TAG_EXCERPT]}' reaches readers as it stands: only templates are filled in. "
        "Send a template, or fill it in.",
        path,
    )


def _check_recipients(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    recipients = len(request.to) + len(request.cc) + len(request.bcc)
    if not recipients or (not request.to and request.content is None):
        yield FieldError("to", "is required")
    if recipients > limits.recipients:
        yield FieldError("to", f"together with cc and bcc must name at most {limits.recipients} recipients, not {recipients}")


def _check_simulator(request: SendRequest, _limits: Limits) -> Iterator[FieldError]:
    """A misspelled outcome is an error: it would not be the one that was meant."""
    for role, mailboxes in (("to", request.to), ("cc", request.cc), ("bcc", request.bcc)):
        for index, mailbox in enumerate(mailboxes):
            if mailbox.domain == simulate.DOMAIN and (error := simulate.unknown(mailbox.local)) is not None:
                yield FieldError(role if len(mailboxes) == 1 else f"{role}[{index}]", error)


def _check_content(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    if not (request.template or request.html or request.text or request.content):
        yield FieldError("", "needs some content: template, html or text")
    if request.template is None and request.template_version is not None:
        yield FieldError("templateVersion", "needs a template")
    if request.html is not None and len(request.html.encode()) > limits.html_bytes:
        yield FieldError("html", f"must have at most {limits.html_bytes} bytes of UTF-8")
    if request.content is None and request.subject is not None:
        yield from _check_line("subject", request.subject, SUBJECT)


def _check_attachments(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    yield from _check_count("attachments", request.attachments, limits.attachments, "files")
    for index, file in enumerate(request.attachments):
        yield from _check_line(f"attachments[{index}].filename", file.filename, 255, least=1)


def _check_headers(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    headers = request.headers or {}
    yield from _check_count("headers", headers, limits.headers, "fields")
    seen: set[str] = set()
    for name, value in headers.items():
        lowered = name.lower()
        if lowered in seen:
            yield FieldError(f"headers.{name}", "stands twice, in another case")
        seen.add(lowered)
        error = _header_error(lowered, value, limits.header_bytes)
        if error is not None:
            yield FieldError(f"headers.{name}", error)
    if "subject" in seen and request.subject is not None:
        yield FieldError("headers.Subject", "cannot stand beside subject: give one of them")
    if "reply-to" in seen and request.reply_to:
        yield FieldError("headers.Reply-To", "cannot stand beside replyTo: give one of them")


def _header_error(name: str, value: str, most: int) -> str | None:
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


def _check_labels(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    yield from _check_count("tags", request.tags, limits.tags, "tags")
    for index, tag in enumerate(request.tags):
        yield from _check_line(f"tags[{index}]", tag, TAG, least=1)
    metadata = request.metadata or {}
    yield from _check_count("metadata", metadata, limits.metadata_keys, "keys")
    for name, value in metadata.items():
        yield from _check_line(f"metadata.{name[:64]}", name, METADATA_KEY, least=1)
        if len(value) > METADATA_VALUE:
            yield FieldError(f"metadata.{name[:64]}", f"must have at most {METADATA_VALUE} characters")


def _check_names(request: SendRequest, limits: Limits) -> Iterator[FieldError]:
    for path, key in (("dedupeKey", request.dedupe_key), ("supersedes", request.supersedes)):
        if key is not None:
            yield from _check_line(path, key, limits.dedupe_key_length, least=1)
    if request.locale is not None and _LOCALE.fullmatch(request.locale) is None:
        yield FieldError("locale", "must be a language tag such as de or pt-BR")
    if request.stream is not None and _STREAM.fullmatch(request.stream) is None:
        yield FieldError("stream", "must be a stream name such as transactional")
    if request.tls not in {"opportunistic", "required"}:
        yield FieldError("tls", "must be opportunistic or required")


def _check_line(path: str, value: str, most: int, *, least: int = 0) -> Iterable[FieldError]:
    if not least <= len(value) <= most:
        return (FieldError(path, f"must have {least} to {most} characters, not {len(value)}"),)
    if _NOT_ONE_LINE.search(value) is not None:
        return (FieldError(path, "must not contain line breaks or other control characters"),)
    return ()


def _check_count(path: str, items: Sized, most: int, noun: str) -> Iterable[FieldError]:
    return (FieldError(path, f"must have at most {most} {noun}, not {len(items)}"),) if len(items) > most else ()
