"""Composed content: what the standard library reads is what was meant, and the wire is clean."""

import email
import email.policy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.mime.compose import body_digest, compose, finish
from posthouse.model.content import Content
from posthouse.model.letter import Attachment
from posthouse.model.mailbox import Mailbox

SENDER = Mailbox("noreply", "shop.example", "Shop")
READER = Mailbox("user", "example.com")
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ANY_TEXT = st.one_of(st.text(max_size=300), st.text("ab <=>.\t\r\n\0\x0b\u2028ü例-_", max_size=300))
HEADER_TEXT = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=120).map(str.strip)
BREAKS = ["\n", "\r", "\r\n", "\r\n ", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0", "\ud800"]


def made(**changes: Any) -> Content:
    parts: dict[str, Any] = {
        "sender": SENDER,
        "to": (READER,),
        "cc": (),
        "reply_to": (),
        "subject": "Hello",
        "text": "Hi\n",
        "html": None,
        "headers": {},
        "attachments": (),
        "seed": "msg_1",
    }
    return compose(**(parts | changes))


def wire(content: Content) -> bytes:
    return finish(content, date=AT, message_id="<1@shop.example>", extra=b"Feedback-ID: a:b:c:d\r\n") + b"\r\n" + content.body


def heard(content: Content) -> Any:
    message = email.message_from_bytes(wire(content), policy=email.policy.default)
    assert not [defect for part in message.walk() for defect in part.defects]
    return message


def assert_clean(data: bytes) -> None:
    assert data.isascii()
    assert data.endswith(b"\r\n")
    assert not {0, 10, 13} & set(data.replace(b"\r\n", b""))
    assert max(map(len, data.split(b"\r\n"))) <= 998


def text_of(part: Any) -> str:
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


@settings(max_examples=150, deadline=None)
@given(text=st.none() | ANY_TEXT, html=st.none() | ANY_TEXT, subject=HEADER_TEXT, name=HEADER_TEXT)
def test_whatever_is_said_the_wire_is_clean_and_the_words_come_back(
    text: str | None, html: str | None, subject: str, name: str
) -> None:
    content = made(text=text, html=html, subject=subject, sender=Mailbox("a", "b.example", name[:60]))
    assert_clean(wire(content))
    assert content.body_digest == body_digest(content.body)
    message = heard(content)
    assert len(message.get_all("From", [])) == len(message.get_all("Subject", [])) == 1
    assert message.get_content_type() == ("text/plain" if html is None else "multipart/alternative")
    for kind, said in (("plain", text or ""), ("html", html)):
        part = message.get_body((kind,))
        assert (part is None) == (said is None)
        if said is not None and not any(mark in said for mark in "\r\0\x85\u2028\u2029"):
            assert text_of(part).rstrip("\n") == said.replace("\ud800", "?").rstrip("\n")


def test_bare_line_breaks_and_nul_are_repaired_before_the_wire() -> None:
    content = made(text="a\rb\nc\r\nd\0e\u2028f\r\r\n.\r\n", html="<p>\r.\r</p>\0\n.\n")
    assert_clean(wire(content))
    message = heard(content)
    assert text_of(message.get_body(("plain",))) == "a\nb\nc\nde\nf\n\n.\n"


def test_a_short_english_text_stays_readable() -> None:
    content = made(text="Hi Ann,\n\nyour code is 123456.\n")
    assert content.head.endswith(b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n")
    assert content.body == b"Hi Ann,\r\n\r\nyour code is 123456.\r\n"


def test_html_without_text_still_comes_in_both_forms() -> None:
    message = heard(made(text=None, html="<p>x</p>"))
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_images_sit_beside_the_html_and_files_around_everything() -> None:
    files = (
        Attachment("logo.png", b"\x89PNG\0\r\n", "image/png", "<logo@shop>"),
        Attachment("Rechnung größe 😀.pdf", b"%PDF" * 100, "application/pdf"),
        Attachment("mail.eml", b"From: a@b\n\nx", "message/rfc822"),
        Attachment("cal.ics", b"BEGIN", 'text/calendar; method=REQUEST; charset="utf-8"'),
    )
    content = made(html='<img src="cid:logo@shop">', attachments=files)
    assert_clean(wire(content))
    message = heard(content)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
        "application/octet-stream",
        "text/calendar",
    ]
    image, pdf, mail, calendar = [part for part in message.walk() if part.get_filename()]
    assert image["Content-ID"] == "<logo@shop>"
    assert image.get_content_disposition() == "inline"
    assert (pdf.get_filename(), pdf.get_payload(decode=True)) == (files[1].filename, files[1].content)
    assert (mail.get_content_disposition(), mail.get_payload(decode=True)) == ("attachment", files[2].content)
    assert calendar.get_param("method") == "REQUEST"


def test_an_image_without_html_is_a_file_like_any_other() -> None:
    message = heard(made(attachments=(Attachment("a.png", b"x", "image/png", "cid1"),)))
    assert [part.get_content_type() for part in message.walk()] == ["multipart/mixed", "text/plain", "image/png"]


@pytest.mark.parametrize("mark", BREAKS)
def test_a_file_cannot_smuggle_a_header_in(mark: str) -> None:
    evil = f"a{mark}Bcc: evil@x.example{mark}{mark}b"
    content = made(
        html="<p>", attachments=(Attachment(evil, b"x", evil, evil), Attachment(evil, b"y", f"text/plain; name={evil}"))
    )
    assert_clean(wire(content))
    message = heard(content)
    for part in message.walk():
        assert part["Bcc"] is None
        assert len(part.items()) <= 9


@pytest.mark.parametrize("mark", [mark for mark in BREAKS if mark != "\ud800"])
def test_a_subject_or_header_that_breaks_a_line_is_our_callers_bug(mark: str) -> None:
    with pytest.raises(ValueError, match="header field"):
        made(subject=f"a{mark}Bcc: evil@x.example")
    with pytest.raises(ValueError, match="header field"):
        made(headers={"X-A": f"a{mark}Bcc: evil@x.example"})
    with pytest.raises(ValueError, match="header field"):
        made(headers={f"X-A{mark}Bcc": "a"})


def test_reserved_and_repeated_headers_are_left_out() -> None:
    headers = {
        "From": "x@y",
        "BCC": "x@y",
        "Content-Type": "a/b",
        "Subject": "other",
        "Reply-To": "z@y.example",
        "X-A": "1",
        "x-a": "2",
    }
    message = heard(made(headers=headers, reply_to=(Mailbox("help", "shop.example"),)))
    assert message["Bcc"] is None
    assert (message["From"], message["Subject"], message["Reply-To"]) == (
        "Shop <noreply@shop.example>",
        "Hello",
        "help@shop.example",
    )
    assert message.get_all("X-A") == ["1"]


def test_a_reply_to_header_keeps_its_address_beside_a_foreign_name() -> None:
    message = heard(made(headers={"Reply-To": "Größe <z@bücher.example>"}))
    assert message["Reply-To"].addresses[0].addr_spec == "z@xn--bcher-kva.example"
    assert message["Reply-To"].addresses[0].display_name == "Größe"


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [("<a@b>", "<a@b>"), ("a@b", "<a@b>"), (" <a@b> ", "<a@b>"), ("", ""), ("a b", ""), ("<a><b>", ""), ("ü@b", "")],
)
def test_a_callers_message_id_is_kept_where_it_is_one(given_id: str, kept: str) -> None:
    content = made(headers={"Message-Id": given_id})
    assert content.message_id == kept
    assert heard(content).get_all("Message-ID") == [kept or "<1@shop.example>"]


def test_a_message_to_hidden_readers_names_nobody() -> None:
    assert heard(made(to=()))["To"] == "undisclosed-recipients:;"
    only_copies = heard(made(to=(), cc=(READER,)))
    assert (only_copies["To"], only_copies["Cc"]) == (None, "user@example.com")


def test_the_same_seed_gives_the_same_bytes_and_another_another_boundary() -> None:
    assert wire(made(html="<p>")) == wire(made(html="<p>"))
    assert made(html="<p>").body != made(html="<p>", seed="msg_2").body


def test_a_text_that_knows_the_boundary_cannot_use_it() -> None:
    boundary = made(html="<p>").head.split(b'boundary="')[1].split(b'"')[0].decode()
    message = heard(made(text=f"a\n--{boundary}\nContent-Type: text/html\n\nevil\n--{boundary}--\n", html="<p>"))
    assert len(list(message.walk())) == 3


def test_finish_puts_date_identity_and_extra_first() -> None:
    head = finish(made(), date=AT, message_id="1@shop.example", extra=b"Feedback-ID: a:b:c:d\r\n")
    assert head.startswith(
        b"Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\nFeedback-ID: a:b:c:d\r\nFrom: Shop"
    )
