"""Parameters of MIME fields: quoted, continued, percent-encoded, hostile."""

import email
import email.policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.mime.parameter import parse, write
from tests.support.spent import within


@pytest.mark.parametrize(
    ("value", "main", "parameters"),
    [
        ("text/plain", "text/plain", {}),
        ("Text/HTML; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        ('multipart/mixed ; boundary="a;b\\"c"; x=y', "multipart/mixed", {"boundary": 'a;b"c', "x": "y"}),
        ("a/b; boundary=one; boundary=two", "a/b", {"boundary": "one"}),
        ("attachment; filename*=utf-8'de'gr%C3%B6%C3%9Fe.pdf", "attachment", {"filename": "größe.pdf"}),
        ('attachment; filename*0="a b"; filename*1*=%20c; filename*2=d', "attachment", {"filename": "a b cd"}),
        ("attachment; filename*1*=%62; filename*0*=iso-8859-1''%FC", "attachment", {"filename": "üb"}),
        ('attachment; filename="=?utf-8?q?gr=C3=B6=C3=9Fe?="', "attachment", {"filename": "größe"}),
        ("attachment; filename=\"x.pdf\"; filename*=utf-8''y.pdf", "attachment", {"filename": "y.pdf"}),
        ("attachment; =x; ;; filename", "attachment", {}),
        ('attachment; filename="open', "attachment", {"filename": '"open'}),
    ],
)
def test_parameters_are_read(value: str, main: str, parameters: dict[str, str]) -> None:
    assert parse(value) == (main, parameters)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]), min_size=1, max_size=255))
def test_a_file_name_reads_the_same_after_the_wire(name: str) -> None:
    value = write("attachment", {"filename": name})
    assert value.isascii()
    assert max(map(len, value.split(b"\r\n"))) <= 100
    assert parse(value.decode().replace("\r\n", "")) == ("attachment", {"filename": name})
    heard = email.message_from_bytes(b"Content-Disposition: " + value + b"\r\n\r\n", policy=email.policy.compat32)
    if not (name[0] == "<" and name[-1] == ">"):  # those the standard library takes off
        assert heard.get_filename() == name


@pytest.mark.parametrize(
    "hostile",
    [
        "a/b" + "".join(f"; x*{number}*=%41" for number in range(16_000)),
        "a/b" + ';a="' * 25_000,
        "a/b;" + " " * 100_000,
        "a/b" + '; a="\\"' * 16_000,
        "a/b" + ";" * 100_000,
        "a/b; " + "x" * 100_000,
        "a/b; x=" + "'" * 100_000,
        "a/b; x*=" + "%" * 100_000,
    ],
)
def test_hostile_parameters_are_read_in_linear_time(hostile: str) -> None:
    with within(0.5):
        _, parameters = parse(hostile)
        assert len(parameters) <= 200
