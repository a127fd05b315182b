"""What a message says is the same whatever it was wrapped in, and different when a word is."""

from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.content_identity import digest, identity
from posthouse.model.letter import Attachment

PDF = Attachment("a.pdf", b"%PDF", "application/pdf")
LOGO = Attachment("logo.png", b"\x89PNG", "image/png", "logo")


def said(
    subject: str = "Hi", text: str | None = "one\ntwo", html: str | None = "<p>x", files: tuple[Attachment, ...] = (PDF,)
) -> bytes:
    return identity("shop@shop.example", subject, text, html, files)


def test_line_endings_and_trailing_newlines_do_not_count() -> None:
    assert said(text="one\r\ntwo\r\n\r\n") == said(text="one\rtwo\n") == said()
    assert said(html="<p>x\r\n") == said()


def test_a_folded_subject_is_the_same_subject() -> None:
    assert said(subject="Your  order\r\n is here ") == said(subject="Your order is here")


def test_nothing_and_an_empty_text_are_the_same() -> None:
    assert said(text=None) == said(text="") != said()


def test_the_order_and_the_media_type_of_attachments_do_not_count_but_names_and_bytes_do() -> None:
    assert said(files=(PDF, LOGO)) == said(files=(LOGO, PDF))
    assert said(files=(Attachment("a.pdf", b"%PDF", "application/octet-stream"),)) == said()
    assert len({said(files=files) for files in ((), (PDF,), (PDF, PDF), (Attachment("b.pdf", b"%PDF", ""),))}) == 4


def test_text_and_html_are_not_taken_for_one_another() -> None:
    assert said(text="x", html=None) != said(text=None, html="x")
    assert said(subject="a", text="b") != said(subject="ab", text="")


def test_what_no_encoding_can_hold_has_an_identity_too() -> None:
    assert len(said(subject="\ud800")) == 32


@given(st.lists(st.binary(max_size=4), max_size=6), st.lists(st.binary(max_size=4), max_size=6))
def test_two_lists_of_parts_have_one_digest_only_if_they_are_the_same(one: list[bytes], other: list[bytes]) -> None:
    assert (digest(one) == digest(other)) == (one == other)
