"""What a message says to a person, and never an exception."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.mime.compose import compose
from posthouse.mail.mime.readable import Readable, ReadAttachment, read
from posthouse.model.letter import Attachment
from posthouse.model.mailbox import Mailbox
from tests.support.spent import within


def letter(text: str, html: str | None = None, subject: str = "Grüße") -> Readable:
    content = compose(
        sender=Mailbox("noreply", "shop.example", "Shop ü"),
        to=(Mailbox("a", "b.example", "Ann"), Mailbox("c", "d.example")),
        cc=(),
        reply_to=(),
        subject=subject,
        text=text,
        html=html,
        headers={"X-A": "1"},
        attachments=(Attachment("größe.pdf", b"12345", "application/pdf"),),
        seed="s",
    )
    return read(content.head + b"\r\n" + content.body)


def test_a_composed_message_reads_as_it_was_written() -> None:
    found = letter("Hallo\nü\n", "<p>Hallo</p>\n")
    assert (found.subject, found.from_, found.to) == ("Grüße", "Shop ü <noreply@shop.example>", ["a@b.example", "c@d.example"])
    assert (found.text, found.html) == ("Hallo\nü\n", "<p>Hallo</p>\n")
    assert found.attachments == [ReadAttachment("größe.pdf", "application/pdf", 5, "")]
    assert ("X-A", "1") in found.headers
    assert found.links == []
    assert found.code is None


def test_links_come_in_order_each_once_and_only_those_of_the_web() -> None:
    html = """<a class=b href="https://x.example/?a=1&amp;b=2">1</a> <A HREF='http://y.example'>2</A> <a href="mailto:a@b">3</a> <a href="https://x.example/?a=1&amp;b=2">"""
    found = letter("See https://z.example/p?q=1, or (https://x.example/?a=1&b=2).", html)
    assert found.links == ["https://x.example/?a=1&b=2", "http://y.example", "https://z.example/p?q=1"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your verification code is 482913.\nIt expires in 10 minutes.", "482913"),
        ("482913 is your Shop code", "482913"),
        ("Ihr Code lautet: 4829", "4829"),
        ("Use this code to sign in:\n\n    123 456\n\nValid for 10 minutes.", "123456"),
        ("Code: G-482913", "G-482913"),
        ("Your code: 7F3K9X", "7F3K9X"),
        ("Your code for the shop on the corner that you visited so often follows below here.\nThanks\n\n998877\n", "998877"),
        ("Tu código es 5512", "5512"),
        ("The code expires in 10 minutes.", None),
        ("Order 12345 of 2026 is on its way.", None),
        ("Order\n12345\nTotal\n", None),
        ("Reset: https://x.example/code/123456", None),
        ("", None),
    ],
)
def test_a_code_is_found_where_a_person_would_see_one(text: str, code: str | None) -> None:
    assert letter(text).code == code


def test_a_code_is_found_in_subject_and_in_html_alone() -> None:
    assert letter("Hello", subject="482913 is your code").code == "482913"
    html = b"From: a@b\r\nContent-Type: text/html\r\n\r\n<style>.code 1111{}</style><p>Your code is <b>482913</b></p>"
    assert read(html).code == "482913"


def test_what_is_no_mime_message_is_shown_as_text_under_its_header() -> None:
    found = read(b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--c\nbody\n")
    assert (found.subject, found.text) == ("x", "--c\nbody\n")
    assert read(b"no header at all\n").text == "no header at all\n"
    assert read(b"").headers == []


def test_an_address_field_that_is_none_is_shown_as_it_stands() -> None:
    assert read(b"To: =?utf-8?q?Alle_=C3=BC?=\r\n\r\n").to == ["Alle ü"]


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from(
                [b"To: \xff\r\n", b"Content-Type: multipart/x; boundary=b\r\n", b"\r\n", b"--b", b"--\r\n", b"\0", b"<a href='"]
            )
        ).map(b"".join),
    )
)
def test_reading_never_raises(data: bytes) -> None:
    read(data)


@pytest.mark.parametrize(
    "body",
    [
        "<a " * 300_000,
        "<a href=" * 100_000,
        "https://" * 100_000,
        "code " * 200_000,
        "<style>" * 100_000,
        "code\n" * 200_000,
        "1 " * 400_000,
        "A" * 900_000,
        "code" + " " * 900_000,
    ],
)
def test_hostile_bodies_are_read_in_linear_time(body: str) -> None:
    with within(1.5):
        for kind in (b"plain", b"html"):
            read(b"Content-Type: text/" + kind + b"\r\n\r\n" + body.encode())
