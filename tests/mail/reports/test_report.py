"""Reports that follow no standard quite, read by general rules."""

import pytest

from posthouse.mail.reports.dsn import notices_of_fields
from posthouse.mail.reports.report import ReportKind, read


@pytest.mark.parametrize(
    ("fields", "recipients"),
    [
        (
            "Final-Recipient: rfc822; a@x.test\nAction: failed\nFinal-Recipient: rfc822; b@x.test\nStatus: 5.1.1",
            ["a@x.test", "b@x.test"],
        ),
        ("Original-Recipient: rfc822; a@x.test\nFinal-Recipient: rfc822; b@y.test\nAction: failed", ["b@y.test"]),
        ("Original-Recipient: rfc822; a@x.test\nFinal-Recipient: rfc822; @relay.test:b@inside\nAction: failed", ["a@x.test"]),
        ("Original-Recipient: rfc822; a@x.test\nFinal-Recipient: x-unix; |/bin/program", ["a@x.test"]),
        ("Final-Recipient: rfc822; @relay.test:b@inside.test", ["b@inside.test"]),
    ],
    ids=["no empty line between two", "forwarded", "a source route", "an own address type", "only a source route"],
)
def test_a_group_of_fields_names_the_recipient_that_the_mail_was_sent_to(fields: str, recipients: list[str]) -> None:
    assert [notice.recipient for notice in notices_of_fields(fields)] == recipients


def test_the_second_of_two_groups_has_its_own_status() -> None:
    first, second = notices_of_fields(
        "Final-Recipient: rfc822; a@x.test\nStatus: 5.2.2\nFinal-Recipient: rfc822; b@x.test\nStatus: 5.1.1\nDiagnostic-Code: "
        "smtp; 550 no"
    )
    assert (first.status, first.diagnostic, second.status, second.diagnostic) == ("5.2.2", "", "5.1.1", "550 no")


def test_who_wrote_to_themselves_may_bounce() -> None:
    mail = (
        b"From: MAILER-DAEMON@x.test\r\nTo: jane@x.test\r\nSubject: failure notice\r\n\r\n"
        b"I'm afraid I wasn't able to deliver your message to the following addresses.\r\n\r\n"
        b"<jane@x.test>:\r\nRemote host said: 552 Error: disk quota exceeded\r\n"
    )
    (notice,) = read(mail).notices
    assert notice.recipient == "jane@x.test"


def test_the_reader_of_a_report_is_no_recipient_in_a_sentence() -> None:
    mail = b"From: MAILER-DAEMON@x.test\r\nTo: jane@x.test\r\n\r\nDear jane@x.test, your mail could not be delivered.\r\n"
    assert read(mail).notices == ()


def test_a_content_type_without_its_semicolon_is_read() -> None:
    mail = (
        b"From: Mail Deliver System <MAILER-DAEMON>\r\nSubject: Returned Mail\r\nContent-Type: multipart/mixed; "
        b"boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n   charset=us-ascii\r\n\r\njane@x.test [User unknown]\r\n--b--\r\n"
    )
    report = read(mail)
    assert report.kind is ReportKind.DSN
    assert [(notice.recipient, notice.diagnostic) for notice in report.notices] == [("jane@x.test", "[User unknown]")]
