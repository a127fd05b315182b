"""A person's letter is told from what robots write, and handed on with the bytes it came with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.reports.personal_reply import MOST_HOPS, read_reply
from tests.support.on_the_wire import blemishes

HEAD = (
    b"Received: from mail.x.test by mx.example; Fri, 27 Nov 2026 10:00:00 +0000\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256; d=x.test; s=a;\r\n\tb=abc\r\n"
    b"Return-Path: <jane@x.test>\r\n"
    b"From: Jane Doe <Jane@x.test>\r\n"
    b"To: <b+token@bounce.test>\r\n"
    b"Subject: =?utf-8?q?Re=3A_Order_7?=\r\n"
    b"Date: Fri, 27 Nov 2026 10:00:00 +0000\r\n"
    b"Message-ID: <7@x.test>\r\n"
    b"In-Reply-To: <6@shop.example>\r\n"
    b"X-Posthouse-Type: newsletter\r\n"
)
BODY = b"Where is it?\r\n"
LETTER = HEAD + b"\r\n" + BODY


def test_a_letter_says_who_wrote_it_and_keeps_its_bytes() -> None:
    found = read_reply(LETTER, "jane@x.test")
    assert found is not None
    assert found.content is not None
    assert (found.author, found.message_id, found.subject, found.is_answer, found.blocked_reason) == (
        "Jane@x.test",
        "<7@x.test>",
        "Re: Order 7",
        True,
        "",
    )
    gone = b"Return-Path: <jane@x.test>\r\n", b"X-Posthouse-Type: newsletter\r\n"
    assert found.content.head == HEAD.replace(gone[0], b"").replace(gone[1], b"")
    assert (found.content.body, found.content.dated) == (BODY, True)


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; x=y",
        "X-Autoreply: yes",
        "Precedence: auto_reply",
        "X-Auto-Response-Suppress: All",
        "Feedback-ID: 1:2:3:x",
        "Content-Type: multipart/report; boundary=x",
        "X-Failed-Recipients: a@b.test",
    ],
)
def test_what_says_that_it_is_automatic_is_no_letter(field: str) -> None:
    assert read_reply(field.encode() + b"\r\n" + LETTER, "jane@x.test") is None


@pytest.mark.parametrize("author", ["MAILER-DAEMON", "postmaster", "no-reply", "noreply", "bounce"])
def test_a_daemon_is_nobody(author: str) -> None:
    assert read_reply(LETTER.replace(b"Jane@x.test", author.encode() + b"@x.test"), "jane@x.test") is None


def test_the_null_return_path_is_no_persons() -> None:
    assert read_reply(LETTER, "") is None
    assert read_reply(LETTER.replace(b"<jane@x.test>", b"<>", 1), None) is None
    assert read_reply(LETTER, None) is not None


def test_somebody_called_bouncer_is_a_person() -> None:
    assert read_reply(LETTER.replace(b"Jane@x.test", b"rootie@x.test"), "rootie@x.test") is not None
    assert read_reply(b"Auto-Submitted: no\r\n" + LETTER, "jane@x.test") is not None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ("Precedence: bulk\r\n", "list"),
        ("List-Id: <l.x.test>\r\n", "list"),
        ("X-Posthouse-Forwarded: mail.shop.example\r\n", "looped"),
        ("Received: by hop.test; now\r\n" * MOST_HOPS, "looped"),
    ],
)
def test_what_may_go_round_is_held_and_its_bytes_are_not_kept(fields: str, why: str) -> None:
    found = read_reply(fields.encode() + LETTER, "jane@x.test")
    assert found is not None
    assert (found.blocked_reason, found.content) == (why, None)


def test_a_letter_is_the_same_whichever_way_it_came() -> None:
    first = read_reply(LETTER, "jane@x.test")
    again = read_reply(b"Received: by other.test; later\r\n" + LETTER, "jane@x.test")
    other = read_reply(LETTER + b"Please.\r\n", "jane@x.test")
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.digest == again.digest != other.digest


def test_eight_bits_become_seven_and_the_broken_signature_goes() -> None:
    found = read_reply(LETTER + "Größe\r\n".encode(), "jane@x.test")
    assert found is not None
    assert found.content is not None
    assert found.content.body.isascii()
    assert found.content.head.isascii()
    assert b"DKIM-Signature" not in found.content.head


@pytest.mark.parametrize(
    "junk", [b"", b"\0" * 100, b"From: \r\n\r\n", b"From: a@x.test\r\nFrom: b@x.test\r\n\r\nx", b"\r\n\r\n", b"::::"]
)
def test_what_nobody_can_read_is_no_letter(junk: bytes) -> None:
    assert read_reply(junk, "jane@x.test") is None


NAMES = [
    "From",
    "Subject",
    "Content-Type",
    "Content-Transfer-Encoding",
    "To",
    "Date",
    "Message-ID",
    "Received",
    "X-Odd",
    "Bcc",
    "Return-Path",
]
VALUES = st.one_of(
    st.binary(max_size=1200),
    st.sampled_from([b"Jane <jane@x.test>", b"multipart/mixed; boundary=x", b"base64", b"8bit", b"text/plain; charset=utf-8"]),
)


@given(
    fields=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=8),
    body=st.one_of(st.binary(max_size=3000), st.binary(max_size=300).map(lambda b: b"--x\r\n\r\n" + b + b"\r\n--x--\r\n")),
)
def test_whatever_is_handed_on_is_fit_for_the_wire(fields: list[tuple[str, bytes]], body: bytes) -> None:
    head = b"From: Jane <jane@x.test>\r\n" + b"".join(name.encode() + b": " + value + b"\r\n" for name, value in fields)
    found = read_reply(head + b"\r\n" + body, "jane@x.test")
    if found is not None and found.content is not None:
        data = b"Received: by us\r\n" + found.content.head + b"\r\n" + found.content.body
        assert blemishes(data) == []
        names = {line.partition(b":")[0].lower() for line in found.content.head.split(b"\r\n")}
        assert not names & {b"bcc", b"return-path"}
