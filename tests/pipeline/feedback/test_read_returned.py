"""What came back is a report or a reply, never both; who replies may quote any error."""

import pytest

from posthouse.model.feedback import FeedbackKind
from posthouse.pipeline.feedback.read_returned import ReadJob, read_mail

REPORT = b"""From: MAILER-DAEMON@mx.example\r
Subject: Undelivered Mail\r
Content-Type: multipart/report; report-type=delivery-status; boundary=x\r
\r
--x\r
Content-Type: message/delivery-status\r
\r
Final-Recipient: rfc822; a@x.test\r
Action: failed\r
Status: 5.1.1\r
\r
--x--\r
"""


def mail(subject: str, text: str, *fields: str) -> bytes:
    head = ["From: Jane <jane@x.test>", f"Subject: {subject}", "Message-ID: <1@x.test>", *fields]
    return "\r\n".join([*head, "", text, ""]).encode()


@pytest.mark.parametrize("subject", ["Re: Your order was delivered", "Re: Warning: your trial ends", "Where is my parcel?"])
def test_an_answer_is_a_reply_whatever_our_subject_was(subject: str) -> None:
    found = read_mail(ReadJob(mail(subject, "Thank you!"), "jane@x.test"))
    assert found.facts == ()
    assert found.reply is not None


def test_who_quotes_an_error_in_an_answer_bounces_nobody() -> None:
    text = "I wrote to <jane@x.test> and got: 550 5.1.1 <jane@x.test>: user unknown"
    found = read_mail(ReadJob(mail("Re: Hello", text, "In-Reply-To: <6@shop.example>"), "jane@x.test"))
    assert found.facts == ()
    assert found.reply is not None


@pytest.mark.parametrize("return_path", ["", None, "someone@mx.example"])
def test_a_report_is_a_report(return_path: str | None) -> None:
    found = read_mail(ReadJob(REPORT, return_path))
    assert [fact.kind for fact in found.facts] == [FeedbackKind.HARD]
    assert found.reply is None


def test_an_automatic_reply_is_a_fact_and_no_mail() -> None:
    data = mail("Automatic reply: Order 7", "I am away.", "Auto-Submitted: auto-replied", "In-Reply-To: <6@shop.example>")
    found = read_mail(ReadJob(data, "jane@x.test"))
    assert [fact.kind for fact in found.facts] == [FeedbackKind.AUTO_REPLY]
    assert found.reply is None
