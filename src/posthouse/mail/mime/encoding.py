"""Transfer encodings: bytes on seven-bit lines, and back. (RFC 2045 sections 6.7 and 6.8, RFC 6376 section 3.4.4)

Text is normalised before it is encoded: every line break (CR, LF, CRLF, NEL, U+2028, U+2029) is one CRLF, NUL is
gone. So nothing that comes out holds a bare CR or LF, whatever went in. All functions are linear.

Known sharp edges: ``binascii.b2a_qp`` takes the first line break for all of them, which is why it must only see CRLF, and writes
its own soft breaks as a bare LF where there is none; text whose bytes are mostly not ASCII is shorter and as readable in base64.
"""

import binascii
import re
from typing import Final

SHORT_LINE: Final = 78
LONG_LINE: Final = 998
_BASE64_LINE: Final = 76
_PLAIN: Final = bytes([9, 10, 13, *range(32, 127)])
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]")
_UNICODE_BREAKS: Final = ("\x85", "\u2028", "\u2029")


def wire_text(text: str) -> bytes:
    """The text in UTF-8 on CRLF lines, the last one ended; what Unicode cannot encode becomes ``?``."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        for mark in _UNICODE_BREAKS:
            text = text.replace(mark, "\n")
    if not text.endswith("\n"):
        text += "\n"
    return text.replace("\n", "\r\n").encode("utf-8", "replace")


def crlf(data: bytes) -> bytes:
    """Every CR, LF and CRLF as one CRLF."""
    count = data.count(b"\r\n")
    if data.count(b"\n") == count == data.count(b"\r"):
        return data
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def encode_text(data: bytes, line: int = SHORT_LINE) -> tuple[str, bytes]:
    """The transfer encoding that suits text on CRLF lines, and the text in it: 7bit, quoted-printable or base64."""
    unsafe = len(data.translate(None, _PLAIN))
    if unsafe == 0 and b"--=_" not in data and not has_long_line(data, line):
        return "7bit", data
    if unsafe * 6 > len(data):
        return "base64", encode_base64(data)
    body = binascii.b2a_qp(data, istext=True)
    return "quoted-printable", body if b"\r\n" in data else body.replace(b"\n", b"\r\n")


def encode_base64(data: bytes) -> bytes:
    """Base64 on CRLF lines of 76 characters, the last one ended."""
    text = binascii.b2a_base64(data, newline=False)
    lines = [text[at : at + _BASE64_LINE] for at in range(0, len(text), _BASE64_LINE)]
    return b"\r\n".join([*lines, b""])


def decode(encoding: str, data: bytes) -> bytes:
    """The bytes behind a transfer encoding; never raises, and takes an unknown one for none."""
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding != "base64":
        return data
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        letters = _NOT_BASE64.sub(b"", data)
        return binascii.a2b_base64(letters[: len(letters) - (len(letters) % 4 == 1)] + b"==")


def has_long_line(data: bytes, limit: int) -> bool:
    """Whether a CRLF line has more than ``limit`` octets before its CRLF; jumps from line end to line end."""
    start, size = 0, len(data)
    while start + limit < size:
        end = data.rfind(b"\n", start, start + limit + 2)
        if end < 0:
            return True
        start = end + 1
    return False


def relaxed_body(body: bytes) -> bytes:
    """The body under DKIM's *relaxed* canonicalization; ``body`` is on CRLF lines."""
    body = body.replace(b"\t", b" ")
    while b"  " in body:
        body = body.replace(b"  ", b" ")
    body = body.replace(b" \r\n", b"\r\n").rstrip(b" ")
    if body.endswith(b"\r\n\r\n"):
        body = body.rstrip(b"\r\n")
    elif body.endswith(b"\r\n"):
        return body if body != b"\r\n" else b""
    return body + b"\r\n" if body else b""
