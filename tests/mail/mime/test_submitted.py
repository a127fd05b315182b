"""What mailers submit keeps its words and structure, loses what is not for readers, and cannot mean two things."""

import email
import email.policy
from base64 import b64encode
from collections.abc import Callable
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formataddr
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.mail import EmailMultiAlternatives
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.content_identity import identity
from posthouse.mail.mime.compose import body_digest, compose
from posthouse.mail.mime.submitted import Submitted, SubmittedFault, read_submitted
from posthouse.model.letter import Attachment
from posthouse.model.mailbox import Mailbox
from tests.support.spent import within

FROM = b"From: Shop <noreply@shop.example>\r\n"
SHOP = Mailbox("noreply", "shop.example", "Shop")


def taken(raw: bytes) -> Submitted:
    found = read_submitted(raw)
    assert isinstance(found, Submitted), found
    assert_clean(found)
    assert found.content.body_digest == body_digest(found.content.body)
    return found


def assert_clean(found: Submitted) -> None:
    data = wire(found)
    assert not {0, 10, 13} & set(data.replace(b"\r\n", b""))
    assert found.content.head.endswith(b"\r\n")
    assert not found.content.body or found.content.body.endswith(b"\r\n")
    assert b"\r\n\r\n" not in found.content.head
    assert max(map(len, found.content.head.split(b"\r\n"))) <= 998


def assert_seven_bit(found: Submitted) -> None:
    data = wire(found)
    assert data.isascii()
    assert max(map(len, data.split(b"\r\n"))) <= 998


def wire(found: Submitted) -> bytes:
    return found.content.head + b"\r\n" + found.content.body


def heard(found: Submitted) -> Any:
    return email.message_from_bytes(wire(found), policy=email.policy.default)


def refused(raw: bytes) -> SubmittedFault:
    found = read_submitted(raw)
    assert isinstance(found, SubmittedFault), found
    return found


# --- who wrote it, and to whom ---


def test_a_message_keeps_its_fields_in_their_order_and_loses_what_is_not_for_readers() -> None:
    found = taken(
        FROM + b"Received: from laptop\r\n by here\r\nReturn-Path: <x@y>\r\nBcc: secret@x.example\r\nSender: other@x.example\r\n"
        b"DKIM-Signature: v=1\r\nARC-Seal: i=1\r\nDate: today\r\nFeedback-ID: x\r\nResent-Bcc: s@x.example\r\nTo: "
        b"a@b.example, C <c@d.example>\r\n"
        b"Cc: e@f.example\r\nSubject: Hi\r\nX-Mailer: my\r\n folded\r\nMessage-ID: <1@shop.example>\r\n\r\nHello\r\n"
    )
    assert found.content.head == (
        FROM + b"To: a@b.example, C <c@d.example>\r\nCc: e@f.example\r\nSubject: Hi\r\nX-Mailer: my\r\n folded\r\nMessage-ID: "
        b"<1@shop.example>\r\n"
    )
    assert (found.sender, found.subject, found.message_id) == (SHOP, "Hi", "<1@shop.example>")
    assert found.content.message_id == "<1@shop.example>"
    assert found.content.header_from == "noreply@shop.example"
    assert found.to == (Mailbox("a", "b.example"), Mailbox("c", "d.example", "C"))
    assert found.cc == (Mailbox("e", "f.example"),)
    assert found.content.body == b"Hello\r\n"


def test_from_is_written_as_it_was_understood() -> None:
    found = taken(b'fRoM: "=?utf-8?q?J=C3=BCrgen?=" <J.M@B\xc3\xbccher.example>\r\n\r\nx')
    assert found.sender == Mailbox("J.M", "xn--bcher-kva.example", "Jürgen")
    assert found.content.head == b"From: =?utf-8?b?SsO8cmdlbg==?= <J.M@xn--bcher-kva.example>\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"Subject: x\r\n",
        b"From:\r\n",
        b"From: nobody\r\n",
        b"From: a@b.example, c@d.example\r\n",
        b"From: a@b.example\r\nfrom: c@d.example\r\n",
        b"From: g: a@b.example;\r\n",
        b"From: a@b.example <c@d.example>\r\n",
        b"From: <a@b.example>c@d.example\r\n",
        b"From: a@b.example (c@d.example)\r\n",
        b"From : a@b.example\r\n",
        b"From a@b.example\r\nFrom: a@b.example\r\n",
        FROM + b"no field\r\n",
        b" " + FROM,
        FROM + b": x\r\n",
        FROM + b"Content-Type: text/plain\r\nContent-Type: text/html\r\n",
        FROM + b"Content-Transfer-Encoding: 8bit\r\n" * 2,
        FROM + b"Content-Type: multipart/mixed; boundary=b\r\n",
        FROM + b"X: " + b"y" * 103_000 + b"\r\n",
        FROM + b"X: y\r\n" * 44_000,
    ],
)
def test_what_two_readers_could_read_in_two_ways_is_refused_in_words(head: bytes) -> None:
    fault = refused(head + b"\r\nx\r\n")
    assert fault.code == "5.6.0"
    assert fault.message.endswith(".")
    assert fault.message.isascii()


def test_two_to_fields_are_joined_and_a_second_subject_dropped() -> None:
    found = taken(
        b"To: a@b.example\r\nSubject: one\r\n"
        + FROM
        + b"To: \r\nTo: C <c@d.example>\r\nSUBJECT: two\r\nMIME-Version: 1.0\r\nMIME-Version: 1.0\r\n\r\n"
    )
    message = heard(found)
    assert message.get_all("To") == ["a@b.example, C <c@d.example>"]
    assert message.get_all("Subject") == ["one"]
    assert message.get_all("MIME-Version") == ["1.0"]
    assert found.to == (Mailbox("a", "b.example"), Mailbox("c", "d.example", "C"))


@pytest.mark.parametrize("value", [b"undisclosed-recipients:;", b"Everyone", b"a@b.example (Ann)"])
def test_a_to_field_that_names_nobody_does_no_harm(value: bytes) -> None:
    found = taken(b"To: " + value + b"\r\n" + FROM + b"\r\nx")
    assert found.to == ()
    assert b"To: " + value + b"\r\n" in found.content.head


@pytest.mark.parametrize("value", [b"not an id", b"<a b>", b"", b"<\xfc@b>"])
def test_a_message_id_that_is_none_is_not_kept(value: bytes) -> None:
    found = taken(FROM + b"Message-ID: " + value + b"\r\nMessage-ID: <2@b>\r\n\r\nx")
    assert (found.message_id, found.content.message_id) == ("", "")
    assert b"Message-ID" not in found.content.head


def test_controls_are_taken_out_unfolded_and_decoded() -> None:
    found = taken(
        b"X-Posthouse-Type: receipt\r\nX-POSTHOUSE-tag: a\r\nX-Posthouse-Tag: =?utf-8?q?gr=C3=BCn?=\r\nIdempotency-Key: k:1\r\n"
        b'Resend-Idempotency-Key: k:2\r\nX-Posthouse-Variables: {"a": 1,\r\n "b": 2}\r\n' + FROM + b"\r\nx"
    )
    assert found.controls == {
        "x-posthouse-type": ["receipt"],
        "x-posthouse-tag": ["a", "grün"],
        "idempotency-key": ["k:1"],
        "resend-idempotency-key": ["k:2"],
        "x-posthouse-variables": ['{"a": 1, "b": 2}'],
    }
    assert found.content.head == FROM


# --- eight bits, long lines, stray bytes ---


@pytest.mark.parametrize(
    ("body", "charset", "words"), [("Grüße\r\n".encode(), "utf-8", "Grüße\n"), (b"Gr\xfc\xdfe\r\n", "iso-8859-1", "Grüße\n")]
)
def test_an_eight_bit_body_without_mime_headers_is_labelled_properly(body: bytes, charset: str, words: str) -> None:
    found = taken(FROM + b"\r\n" + body)
    assert_seven_bit(found)
    message = heard(found)
    assert message["MIME-Version"] == "1.0"
    assert (message.get_content_charset(), message.get_content().replace("\r\n", "\n")) == (charset, words)


def test_eight_bit_under_an_ascii_label_gets_a_true_one_and_keeps_the_rest() -> None:
    found = taken(
        FROM + b'MIME-Version: 1.0\r\nContent-Type: text/html; charset=us-ascii; format="flowed"\r\nContent-Transfer-Encoding: '
        b"8bit\r\n\r\n<p>\xc3\xbc</p>"
    )
    message = heard(found)
    assert (message.get_content_type(), message.get_content_charset(), message.get_param("format")) == (
        "text/html",
        "utf-8",
        "flowed",
    )
    assert message.get_content().strip() == "<p>ü</p>"


def test_a_declared_charset_stays_as_declared() -> None:
    found = taken(
        FROM
        + b"Content-Type: text/plain; charset=windows-1251\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + "Привет".encode("cp1251")
    )
    assert_seven_bit(found)
    assert heard(found).get_content().strip() == "Привет"


def test_eight_bit_headers_become_encoded_words_and_addresses_stay_addresses() -> None:
    found = taken(
        b"From: J\xc3\xbcrgen <j@b.example>\r\nTo: =?utf-8?q?=C3=96?= \xd6 <o@b.example>\r\nSubject: Gr\xfc\xdfe "
        b"=?utf-8?q?=C3=BC?=\r\n"
        b"X-Note: caf\xc3\xa9\r\nReply-To: G\xc3\xa4ste: a@b.example;\r\nCc: G\xc3\xa4ste:;\r\n\r\nx"
    )
    assert_seven_bit(found)
    message = heard(found)
    assert found.subject == message["Subject"] == "Grüße ü"
    assert message["X-Note"] == "café"
    assert [each.addr_spec for each in message["To"].addresses] == ["o@b.example"]
    assert message["Reply-To"] == "a@b.example"


def test_eight_bit_file_names_are_encoded_in_their_parameters() -> None:
    found = taken(
        FROM + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf; "
        b'name="gr\xc3\xb6\xc3\x9fe.pdf"\r\n'
        b'Content-Disposition: attachment; filename="gr\xc3\xb6\xc3\x9fe.pdf"\r\nContent-Description: f\xc3\xbcr; '
        b"dich\r\n\r\n%PDF\r\n--b--\r\n"
    )
    assert_seven_bit(found)
    part = next(heard(found).iter_attachments())
    assert part.get_filename() == "größe.pdf"
    assert part["Content-Description"] == "für; dich"
    assert part.get_payload(decode=True).strip() == b"%PDF"


def test_long_lines_are_encoded_once_and_read_the_same() -> None:
    words = b"<td>" * 5000
    for transfer in (b"7bit", b"quoted-printable", b"base64"):
        body = {b"base64": b64encode(words)}.get(transfer, words)
        found = taken(
            FROM + b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: " + transfer + b"\r\n\r\n" + body
        )
        assert_seven_bit(found)
        assert heard(found).get_content().strip().encode() == words


def test_long_header_lines_are_folded() -> None:
    found = taken(FROM + b"References: " + b"<a@b> " * 300 + b"\r\nSubject: " + b"x" * 5000 + b"\r\n\r\nx")
    assert heard(found)["References"].split() == ["<a@b>"] * 300
    assert found.subject == "x" * 5000


def test_stray_line_breaks_and_nul_are_repaired_wherever_they_stand() -> None:
    found = taken(b"From: a@b.example\nSubject: a\x0bb\x00\x1c\r\nX: y\n\none\rtwo\nthree\0\r\n.\r\r\nend")
    assert found.content.body == b"one\r\ntwo\r\nthree\r\n.\r\n\r\nend\r\n"
    assert heard(found).keys() == ["From", "Subject", "X"]
    assert found.subject == "a b"


def test_a_text_full_of_oddities_keeps_its_structure() -> None:
    inner = (
        b"Content-Type: multipart/alternative; boundary=in\r\nContent-Transfer-Encoding: 8bit\r\n\r\npr\xc3\xa9\r\n--in\r\n"
        b"\r\nplain \xc3\xbc\r\n--in\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        b"<p>\xc3\xbc</p>\r\n--in--\r\n"
    )
    file = (
        b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\nContent-Disposition: attachment; "
        b"filename=a\r\n\r\n\xff\xfe\r\n"
    )
    found = taken(
        FROM
        + b"Content-Type: multipart/mixed; boundary=out\r\n\r\nhello\r\n--out\r\n"
        + inner
        + b"\r\n--out\r\n"
        + file
        + b"\r\n--out--\r\nbye \xc3\xbc\r\n"
    )
    assert_seven_bit(found)
    message = heard(found)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/octet-stream",
    ]
    assert message.get_body(("plain",)).get_content().strip() == "plain ü"
    assert message.get_body(("html",)).get_content().strip() == "<p>ü</p>"
    assert next(message.iter_attachments()).get_payload(decode=True) == b"\xff\xfe\r\n"


SIGNED = (
    b'Content-Type: multipart/signed; boundary=s; protocol="application/pgp-signature"\r\n\r\n--s\r\nContent-Type: '
    b"text/plain\r\n\r\n\xc3\xbc " + b"x" * 1200 + b"\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\nabc%d\r\n--s--\r\n"
)
EMBEDDED = b"Content-Type: message/rfc822\r\n\r\nFrom: \xc3\xbc@b\r\nno field\r\n\r\n\xc3\xbc\r\n"


@pytest.mark.parametrize("part", [SIGNED % 1, EMBEDDED, SIGNED.replace(b"/signed", b"/encrypted") % 1])
def test_signed_encrypted_and_embedded_messages_are_never_touched(part: bytes) -> None:
    raw = (
        FROM
        + b"Content-Type: multipart/mixed; boundary=o\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--o\r\n\r\n\xc3\xbc\r\n--o\r\n"
        + part
        + b"\r\n--o--\r\n"
    )
    found = taken(raw)
    assert b"\r\n--o\r\n" + part + b"\r\n--o--\r\n" in found.content.body
    assert b"Content-Transfer-Encoding: 8bit" in found.content.head
    assert taken(FROM + part).content.body == part.partition(b"\r\n\r\n")[2]


def test_what_is_fit_for_the_wire_is_not_touched_at_all() -> None:
    body = b"pre\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\nSGk=\r\n--b--\r\npost\r\n"
    found = taken(FROM + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + body)
    assert found.content.body == body


def test_reading_the_result_again_changes_nothing() -> None:
    first = taken(FROM + b"Subject: \xfc\r\n\r\n" + "ü".encode() * 2000)
    second = taken(wire(first))
    assert (second.content, second.identity) == (first.content, first.identity)


# --- what makes two messages the same ---


def letter(**changes: bytes) -> bytes:
    parts = {
        "date": b"1",
        "id": b"<1@x>",
        "boundary": b"b",
        "transfer": b"8bit",
        "text": "Grüße\r\n".encode(),
        "subject": b"Hi",
        "file": b"data",
    } | changes
    return (
        FROM + b"Date: %(date)b\r\nMessage-ID: %(id)b\r\nSubject: %(subject)b\r\nContent-Type: multipart/mixed; "
        b"boundary=%(boundary)b\r\n\r\n"
        b"--%(boundary)b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
        b"%(transfer)b\r\n\r\n%(text)b\r\n"
        b"--%(boundary)b\r\nContent-Type: a/b; name=f\r\n\r\n%(file)b\r\n--%(boundary)b--\r\n"
    ) % {key.encode(): value for key, value in parts.items()}


@pytest.mark.parametrize(
    "changes",
    [
        {"date": b"2"},
        {"id": b"<2@x>"},
        {"boundary": b"another"},
        {"subject": b"=?utf-8?q?Hi?="},
        {"transfer": b"quoted-printable", "text": b"Gr=C3=BC=C3=9Fe"},
        {"transfer": b"base64", "text": b"R3LDvMOfZQo="},
        {"text": "Grüße\r\n\r\n".encode()},
    ],
)
def test_the_same_words_are_the_same_message_however_they_are_wrapped(changes: dict[str, bytes]) -> None:
    assert taken(letter(**changes)).identity == taken(letter()).identity


@pytest.mark.parametrize(
    "changes", [{"subject": b"Ho"}, {"text": b"Gruss"}, {"file": b"datA"}, {"transfer": b"base64", "text": b"R3LDvMOf"}]
)
def test_other_words_are_another_message(changes: dict[str, bytes]) -> None:
    assert taken(letter(**changes)).identity != taken(letter()).identity


def test_another_author_or_signature_is_and_is_not_another_message() -> None:
    assert taken(letter().replace(b"noreply@", b"reply@")).identity != taken(letter()).identity
    assert taken(FROM + SIGNED % 1).identity == taken(FROM + SIGNED % 2).identity


def test_a_submitted_message_is_the_same_as_one_given_in_parts() -> None:
    content = compose(
        sender=SHOP,
        to=(SHOP,),
        cc=(),
        reply_to=(),
        subject="Grüße",
        text="a\nb",
        html="<p>ü</p>",
        headers={},
        attachments=(Attachment("größe.pdf", b"%PDF", "application/pdf"),),
        seed="s",
    )
    found = taken(content.head + b"\r\n" + content.body)
    said = identity(SHOP.address, "Grüße", "a\nb", "<p>ü</p>", (Attachment("größe.pdf", b"%PDF", "application/pdf"),))
    assert found.identity == said


# --- mailers as they are ---


def by_django() -> bytes:
    if not django_settings.configured:
        django_settings.configure(DEFAULT_CHARSET="utf-8", USE_I18N=False)
    message = EmailMultiAlternatives(
        "Grüße", "Hallo ü\n", "Jürgen <j@shop.example>", ["Ö <o@x.example>"], headers={"X-Posthouse-Type": "receipt"}
    )
    message.attach_alternative("<p>Hallo ü</p>\n" + "x" * 1200, "text/html")
    message.attach("größe.txt", "ü" * 10, "text/plain")
    return bytes(message.message().as_bytes(linesep="\r\n"))


def by_the_old_library() -> bytes:
    message = MIMEMultipart()
    message["From"], message["To"] = formataddr(("Jürgen", "j@shop.example")), formataddr(("Ö", "o@x.example"))
    message["Subject"] = Header("Grüße", "utf-8")  # type: ignore[assignment]
    message["X-Posthouse-Type"] = "receipt"
    both = MIMEMultipart("alternative")
    both.attach(MIMEText("Hallo ü\n", "plain", "utf-8"))
    both.attach(MIMEText("<p>Hallo ü</p>\n", "html", "utf-8"))
    message.attach(both)
    file = MIMEBase("text", "plain")
    file.set_payload("ü".encode() * 10)
    file.add_header("Content-Disposition", "attachment", filename=("utf-8", "", "größe.txt"))
    message.attach(file)
    return message.as_bytes(policy=email.policy.compat32.clone(linesep="\r\n"))


def by_phpmailer() -> bytes:
    return (
        "To: =?UTF-8?B?w5Y=?= <o@x.example>\r\nFrom: =?UTF-8?Q?J=C3=BCrgen?= <j@shop.example>\r\nSubject: "
        "=?UTF-8?B?R3LDvMOfZQ==?=\r\nX-Posthouse-Type: receipt\r\n"
        'X-Mailer: PHPMailer 6.8.0 (https://github.com/PHPMailer/PHPMailer)\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary="b1"\r\n'
        "Content-Transfer-Encoding: 8bit\r\n\r\nThis is a multi-part message in MIME format.\r\n--b1\r\nContent-Type: "
        'multipart/alternative;\r\n boundary="b2"\r\n\r\n'
        "--b2\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nHallo "
        "ü\r\n\r\n--b2\r\nContent-Type: text/html; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n<p>Hallo ü</p>\r\n\r\n\r\n--b2--\r\n\r\n--b1\r\nContent-Type: text/plain; "
        'name="=?UTF-8?Q?gr=C3=B6=C3=9Fe.txt?="\r\n'
        "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; "
        'filename="=?UTF-8?Q?gr=C3=B6=C3=9Fe.txt?="\r\n\r\nw7zDvMO8w7zDvMO8w7zDvMO8w7w=\r\n\r\n\r\n--b1--\r\n'
    ).encode()


@pytest.mark.parametrize("mailer", [by_django, by_the_old_library, by_phpmailer])
def test_frameworks_mailers_are_understood_as_they_are(mailer: Callable[[], bytes]) -> None:
    found = taken(mailer())
    assert_seven_bit(found)
    assert found.sender == Mailbox("j", "shop.example", "Jürgen")
    assert (found.to, found.subject) == ((Mailbox("o", "x.example", "Ö"),), "Grüße")
    assert found.controls == {"x-posthouse-type": ["receipt"]}
    message = heard(found)
    assert message.get_body(("plain",)).get_content().strip() == "Hallo ü"
    assert message.get_body(("html",)).get_content().startswith("<p>Hallo ü</p>")
    file = next(message.iter_attachments())
    assert file.get_filename() == "größe.txt"
    assert file.get_payload(decode=True).decode().strip() == "ü" * 10


def test_swaks_is_understood_as_it_is() -> None:
    found = taken(
        b"Date: Sun, 22 Nov 2026 16:00:00 +0000\r\nTo: u@x.example\r\nFrom: a@shop.example\r\nSubject: test Sun\r\n"
        b"Message-Id: <20261122.1@host>\r\nX-Mailer: swaks v20201014.0 jetmore.org/john/code/swaks/\r\n\r\nThis is a test "
        b"mailing\r\n\r\n"
    )
    assert found.message_id == "<20261122.1@host>"
    assert found.content.body == b"This is a test mailing\r\n\r\n"


# --- hostile input ---

HEADS = st.sampled_from(
    [
        b"From: a@b.example\r\n",
        b"Subject: x\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Type: text/html; charset=\xff\r\n",
        b"X: \xfc\r\n",
        b" \r\n",
        b"\tf\r\n",
        b"To: \xfc\r\n",
    ]
)
BODIES = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"--b\r\n",
        b"--b--\r\n",
        b"x",
        b"\xfc",
        b"x" * 1100,
        b"=",
        b"A: b\r\n",
        b"Content-Type: multipart/signed; boundary=c\r\n",
        b"--c\r\n",
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(HEADS, max_size=6).map(b"".join), st.lists(BODIES, max_size=20).map(b"".join))
def test_no_input_raises_and_no_output_is_unclean(head: bytes, body: bytes) -> None:
    for raw in (b"From: a@b.example\r\n" + head + b"\r\n" + body, head + body):
        found = read_submitted(raw)
        if isinstance(found, Submitted):
            assert_clean(found)
            again = read_submitted(wire(found))
            assert isinstance(again, Submitted)
            assert again.content.head == found.content.head


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_raise(raw: bytes) -> None:
    read_submitted(raw)
    read_submitted(FROM + b"\r\n" + raw)
    read_submitted(FROM + b"X: " + raw)


@pytest.mark.parametrize(
    "raw",
    [
        FROM + b"Subject: " + b"=?utf-8?q?=41?= " * 6_000 + b"\r\n\r\n",
        FROM + b"To: " + b"(" * 100_000 + b"\r\n\r\n",
        FROM + b"To: " + b"g:" * 50_000 + b"\r\n\r\n",
        FROM + b"To: a@b\r\n" * 25_000 + b"\r\n",
        FROM + b"To: " + b"a@b.example," * 8_000 + b"\r\n\r\n",
        FROM + b"\r\n" + b"\r" * 5_000_000,
        FROM + b"\r\n" + b"\xff" * 5_000_000,
        FROM + b"Content-Type: a/b" + b"; x*1*=%41" * 9_000 + b"\r\n\r\n",
        FROM + b"Content-Type: message/rfc822\r\n\r\n" * 5_000 + b"\xff",
        FROM + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * 5_000_000,
    ],
)
def test_hostile_messages_are_read_or_refused_in_linear_time(raw: bytes) -> None:
    with within(1):
        read_submitted(raw)
