"""The envelope decides who gets a submitted message, its header who is seen, and controls what becomes of it."""

import pytest

from posthouse.doors.submission.request import read_request
from posthouse.mail.smtp.server.action import Envelope
from posthouse.mail.smtp.server.command import CommandFault
from posthouse.model.limits import CONTRACT
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import SendRequest
from posthouse.policy.accept import request_rules

HEAD = b"From: Shop <shop@shop.example>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
ANN, BEN, CEM = Mailbox("ann", "x.example"), Mailbox("ben", "x.example"), Mailbox("cem", "x.example")


def request(*recipients: Mailbox, head: bytes = b"", body: bytes = b"hello\r\n") -> SendRequest:
    asked = read_request(Envelope("bounces@shop.example", recipients, False), HEAD + head + b"\r\n" + body)
    assert isinstance(asked, SendRequest)
    return asked


def test_those_of_the_header_who_are_in_the_envelope_are_seen_with_their_names() -> None:
    asked = request(ANN, BEN, CEM, head=b"To: Ann <ann@x.example>, dan@x.example\r\nCc: Ben <ben@x.example>\r\n")
    assert asked.to == (Mailbox("ann", "x.example", "Ann"),)
    assert asked.cc == (Mailbox("ben", "x.example", "Ben"),)
    assert asked.bcc == (CEM,)


def test_somebody_named_twice_in_the_header_gets_one_delivery() -> None:
    asked = request(ANN, head=b"To: ann@x.example, Ann <ann@x.example>\r\nCc: ann@x.example\r\n")
    assert (len(asked.to), asked.cc, asked.bcc) == (1, (), ())


def test_an_envelope_of_strangers_to_the_header_is_all_bcc() -> None:
    asked = request(ANN, BEN, head=b"To: list@lists.example\r\n")
    assert (asked.to, asked.cc, asked.bcc) == ((), (), (ANN, BEN))


@pytest.mark.parametrize("head", [b"To: undisclosed-recipients:;\r\n", b"", b"To: not an address list <<\r\n"])
def test_a_header_without_recipients_is_no_hindrance(head: bytes) -> None:
    assert request(ANN, head=head).bcc == (ANN,)


def test_what_will_be_sent_and_what_it_says_come_with_the_request() -> None:
    asked = request(ANN, head=b"To: ann@x.example\r\nX-Posthouse-Tag: a\r\nX-Posthouse-Tag: b\r\nBcc: cem@x.example\r\n")
    assert asked.sender == Mailbox("shop", "shop.example", "Shop")
    assert asked.subject == "Grüße"
    assert asked.tags == ("a", "b")
    assert asked.content is not None
    assert asked.identity is not None
    assert b"posthouse" not in asked.content.head.lower()
    assert b"cem@x.example" not in asked.content.head


def test_with_a_template_the_template_wins() -> None:
    head = b"To: ann@x.example\r\nX-Posthouse-Template: password-reset\r\nX-Posthouse-Variables: {}\r\n"
    asked = request(ANN, head=head)
    assert (asked.content, asked.identity, asked.subject) == (None, None, None)
    assert (asked.template, asked.variables, asked.to) == ("password-reset", {}, (ANN,))


def test_with_a_template_all_but_the_words_stays_the_authors() -> None:
    head = (
        b"To: ann@x.example\r\nX-Posthouse-Template: receipt\r\nReply-To: Help <help@shop.example>\r\nMessage-ID: "
        b"<own@shop.example>\r\n"
        b"In-Reply-To: <a@x.example>\r\nX-Other: =?utf-8?q?Gr=C3=BC?=\r\n =?utf-8?q?n?=\r\nX-Other: again\r\nReceived: by "
        b"x\r\nIdempotency-Key: k\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
    )
    body = (
        b"--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pdf; name=bill.pdf\r\nContent-Disposition: attachment; "
        b"filename=bill.pdf\r\n\r\n%PDF\r\n--b--\r\n"
    )
    asked = request(ANN, head=head, body=body)
    assert asked.reply_to == (Mailbox("help", "shop.example", "Help"),)
    assert asked.headers == {"Message-ID": "<own@shop.example>", "In-Reply-To": "<a@x.example>", "X-Other": "Grün"}
    assert [(file.filename, file.content_type, file.content) for file in asked.attachments] == [
        ("bill.pdf", "application/pdf", b"%PDF")
    ]
    assert request_rules.check(asked, CONTRACT) == ()


def test_a_template_for_one_recipient_needs_no_to() -> None:
    assert request(ANN, head=b"X-Posthouse-Template: password-reset\r\n").to == (ANN,)


def test_a_folded_and_encoded_control_is_read_as_one_value() -> None:
    asked = request(ANN, head=b"X-Posthouse-Metadata-Name: =?utf-8?q?Gr=C3=BC?=\r\n =?utf-8?q?n?=\r\n")
    assert asked.metadata == {"Name": "Grün"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", b"554 5.6.0 "),
        (b"Subject: nobody\r\n\r\n", b"554 5.6.0 "),
        (b"From: a@x.example, b@x.example\r\n\r\n", b"554 5.6.0 "),
        (b"From: a@x.example\r\nFrom: b@x.example\r\n\r\n", b"554 5.6.0 "),
        (HEAD + b"X-Posthouse-Send-At: soon\r\n\r\n", b"554 5.6.0 X-Posthouse-Send-At: "),
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes, code: bytes) -> None:
    fault = read_request(Envelope("", (ANN,), False), data)
    assert isinstance(fault, CommandFault)
    assert fault.reply.startswith(code)
    assert fault.reply.endswith(b"\r\n")
