"""Whatever goes in, what comes out is CRLF, seven-bit and short, and reads the same."""

import binascii
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.mime.encoding import crlf, decode, encode_base64, encode_text, has_long_line, relaxed_body, wire_text
from tests.support.spent import within

ODD = st.text("ab =.\t\r\n\0\x0b\x0c\x1c\x85\u2028\u2029ü例F-_\ud800", max_size=400)


def _lines(text: str) -> str:
    """The oracle for line breaks, written the slow way."""
    text = re.sub("\r\n|[\r\n\x85\u2028\u2029]", "\n", text.replace("\0", "")).replace("\ud800", "?")
    return text if text.endswith("\n") else text + "\n"


@settings(max_examples=500, deadline=None)
@given(st.one_of(ODD, st.text(max_size=300)))
def test_text_survives_its_transfer_encoding(text: str) -> None:
    data = wire_text(text)
    label, body = encode_text(data)
    assert body.isascii()
    assert body.endswith(b"\r\n")
    assert not {0, 10, 13} & set(body.replace(b"\r\n", b""))
    assert max(map(len, body.split(b"\r\n"))) <= 78
    assert decode(label, body) == data
    if not re.search("\r\0+\n", text) and "\ud800" not in text.replace("\ud800", ""):
        assert data.decode().replace("\r\n", "\n") == _lines(text)


@pytest.mark.parametrize("data", [b"x" * 200, b"long " * 300, b" " * 100, "ü und x".encode() * 40])
def test_a_text_without_any_line_break_gets_no_bare_one(data: bytes) -> None:
    label, body = encode_text(data)
    assert not {10, 13} & set(body.replace(b"\r\n", b""))
    assert decode(label, body) == data


def test_the_encoding_suits_the_text() -> None:
    assert encode_text(b"short\r\n")[0] == "7bit"
    assert encode_text(b"x" * 79 + b"\r\n")[0] == "quoted-printable"
    assert encode_text(b"x" * 79 + b"\r\n", 998)[0] == "7bit"
    assert encode_text("ein Wörtchen mit Umlaut\r\n".encode())[0] == "quoted-printable"
    assert encode_text("сообщение\r\n".encode())[0] == "base64"
    assert encode_text(b"--=_cheeky\r\n")[0] == "quoted-printable"
    assert encode_text(b"a\x0bb and more of this text\r\n")[0] == "quoted-printable"


@given(st.binary(max_size=500))
def test_base64_survives_and_keeps_its_lines(data: bytes) -> None:
    body = encode_base64(data)
    assert decode("base64", body) == data
    assert max(map(len, body.split(b"\r\n"))) <= 76


@given(st.binary(max_size=200), st.sampled_from(["base64", "quoted-printable", "7bit", "x-uuencode", ""]))
def test_decoding_never_raises(data: bytes, label: str) -> None:
    decode(label, data)


def test_broken_base64_gives_what_can_be_had() -> None:
    assert decode("base64", b"SGVs\r\nbG8") == b"Hello"
    assert decode("base64", b"SGVsbG8=\r\n-- list footer\r\n").startswith(b"Hello")
    assert decode("base64", b"S") == b""


@given(st.binary(max_size=100).map(lambda data: data + b"\r\n\r\r\n\n"))
def test_every_line_break_becomes_one_crlf(data: bytes) -> None:
    assert crlf(data) == re.sub(b"\r\n|\r|\n", b"\r\n", data)


@given(st.lists(st.integers(0, 14), max_size=12), st.booleans(), st.integers(1, 12))
def test_a_long_line_is_found_wherever_it_stands(lengths: list[int], ended: bool, limit: int) -> None:
    data = b"\r\n".join(b"x" * length for length in lengths) + (b"\r\n" if ended else b"")
    assert has_long_line(data, limit) == any(length > limit for length in lengths)


@settings(max_examples=300)
@given(st.text("a \t\r", max_size=60).map(lambda text: text.replace("\r", "\r\n").encode()))
def test_relaxed_bodies_are_those_of_rfc_6376(body: bytes) -> None:
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    assert relaxed_body(body) == b"".join(line + b"\r\n" for line in lines)


@pytest.mark.parametrize("size", [4_000_000])
def test_large_bodies_take_linear_time(size: int) -> None:
    with within(3):
        for body in (b" " * size, b"\r\n" * (size // 2), b" \t" * (size // 2), b"a  " * (size // 3), b"\r" * size):
            relaxed_body(body), has_long_line(body, 998)
        decode("base64", b"=" * size), decode("quoted-printable", b"=" * size), binascii.b2a_qp(b"." * size)
