"""Returned mail, understood: against real ones that strangers labelled, and against anything at all."""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.reports.report import read
from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.model.outcome import AttemptStage, Diagnosis, Reason, Scope
from posthouse.policy.recipients.bounce import judge, suppresses

CORPUS: Final = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "bounces"
needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the bounce corpus is not beside this repository (../shared/corpus/bounces)"
)


def labelled() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (CORPUS / "labels.csv").open() as labels:
        for row in csv.DictReader(labels):
            found[row["file"]].append(row)
    return found


@needs_corpus
def test_real_reports_are_understood_as_their_labels_say() -> None:
    wanted = found = right = false_hard = total = 0
    for file, labels in labelled().items():
        said = judge(read((CORPUS / file).read_bytes()))
        named = {(one.recipient or "").lower(): one for one in said}
        for label in labels:
            match = named.get(label["recipient"].lower())
            total += 1
            reported = label["suggested_action"] not in ("dmarc-report", "ignore-autoreply")
            wanted += reported
            found += reported and match is not None
            suppress = label["hardbounce"] == "true" or label["suggested_action"] == "complaint"
            ours = match is not None and match.suppresses
            right += ours == suppress
            false_hard += ours and not suppress
    assert found / wanted >= 0.97
    assert right / total >= 0.935
    assert false_hard / total <= 0.026


@needs_corpus
def test_line_ends_do_not_matter() -> None:
    for file in sorted(CORPUS.glob("*.eml"))[::9]:
        lf = file.read_bytes().replace(b"\r\n", b"\n")
        assert judge(read(lf)) == judge(read(lf.replace(b"\n", b"\r\n"))) == judge(read(lf.replace(b"\n", b"\r")))


@needs_corpus
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_mangled_report_breaks_nothing(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(sorted(CORPUS.glob("*.eml"))))
    whole = file.read_bytes()[:20_000]
    start = data.draw(st.integers(0, len(whole)))
    judge(read(whole[:start] + data.draw(st.binary(max_size=60)) + whole[start + data.draw(st.integers(0, 400)) :]))


@given(st.binary(max_size=3000))
def test_anything_at_all_is_read(data: bytes) -> None:
    for one in judge(read(data)):
        assert isinstance(one, Feedback)


@pytest.mark.parametrize(
    "bomb",
    [
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" * 5000,
        b"Content-Type: text/plain\r\n\r\n" + b"!" * 200_000 + b"@" + b"a." * 50_000,
        b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n\r\nx",
        b"Content-Type: multipart/report; " + b"; ".join(b"p*%d=x" % n for n in range(16_000)) + b"\r\n\r\nx",
        b"From: mailer-daemon@x.test\r\n\r\n" + b"<user@example.com>: host unknown\n" * 20_000,
    ],
    ids=["nested", "endless address", "encoded words", "parameters", "many recipients"],
)
@pytest.mark.timeout(10)
def test_a_bomb_is_read_in_bounded_time(bomb: bytes) -> None:
    assert len(judge(read(bomb))) <= 51


DSN: Final = """From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: b+token@bounce.shop.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: text/plain

I could not deliver your message.
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; user@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}
--x--
"""


@pytest.mark.parametrize(
    ("action", "status", "said", "kind", "hard"),
    [
        ("failed", "5.1.1", "550 5.1.1 <user@example.com>: Recipient address rejected: User unknown", FeedbackKind.HARD, True),
        ("failed", "5.2.2", "552 5.2.2 mailbox full", FeedbackKind.SOFT, False),
        ("failed", "5.7.1", "550 5.7.1 blocked using zen.spamhaus.org", FeedbackKind.BLOCKED, False),
        (
            "failed",
            "5.4.4",
            "Host or domain name not found. Name service error for name=example.com type=AAAA: Host not found",
            FeedbackKind.HARD,
            True,
        ),
        ("failed", "4.4.7", "delivery time expired", FeedbackKind.SOFT, False),
        ("delayed", "4.4.1", "connect to mx.example.com: Connection timed out", FeedbackKind.DELAYED, False),
        ("delivered", "2.0.0", "250 2.0.0 Ok", FeedbackKind.DELIVERED, False),
        ("failed", "5.3.4", "552 5.3.4 message too big", FeedbackKind.BLOCKED, False),
        ("failed", "5.0.0", "550 Requested action not taken", FeedbackKind.UNKNOWN, False),
        ("failed", "5.0.0", "550 Unknown user user@example.com (in reply to end of DATA command)", FeedbackKind.SOFT, False),
        ("failed", "4.1.1", "450 4.1.1 User unknown in local table", FeedbackKind.SOFT, False),
    ],
)
def test_a_report_means_what_its_codes_and_words_say(action: str, status: str, said: str, kind: FeedbackKind, hard: bool) -> None:
    (found,) = judge(read(DSN.format(action=action, status=status, said=said).encode()))
    assert (found.recipient, found.kind, found.suppresses) == ("user@example.com", kind, hard)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("550 5.1.1 <user@example.com>: User unknown", 550),
        ("550-5.1.1 The email account that you tried to reach does not exist", 550),
        ("host mx.example.com[192.0.2.1] said: 452 mailbox full (in reply to RCPT TO command)", 452),
        ("421", 421),
        ("Remote host said: 554 5.7.1 Blocked", 554),
        ("delivery temporarily suspended: 501 5.1.3 Bad recipient", 501),
        ("Host or domain name not found", None),
        ("gave up after 480 minutes and 500 tries", None),
        ("5.1.1 unknown", None),
        ("the message is 550 KB, more than 500 are not taken", None),
        ("255", None),
    ],
)
def test_the_reply_code_is_told_where_the_host_is_quoted_with_one(said: str, code: int | None) -> None:
    (found,) = judge(read(DSN.format(action="failed", status="5.1.1", said=said).encode()))
    assert found.reply_code == code


def test_an_automatic_reply_is_no_bounce() -> None:
    mail = b"From: user@example.com\r\nSubject: Out of office: away\r\nAuto-Submitted: auto-replied\r\n\r\nBack on Monday."
    assert [found.kind for found in judge(read(mail))] == [FeedbackKind.AUTO_REPLY]


def test_a_letter_from_a_person_is_no_report() -> None:
    assert judge(read(b"From: user@example.com\r\nTo: shop@example.org\r\nSubject: Re: your order\r\n\r\nThanks!")) == ()


ARF: Final = """From: <fbl@provider.example>
Subject: FW: Hello
Content-Type: multipart/report; report-type=feedback-report; boundary="y"

--y
Content-Type: text/plain

This is an abuse report.
--y
Content-Type: message/feedback-report

Feedback-Type: {type}
User-Agent: Provider/1
Original-Rcpt-To: <user@example.com>
--y
Content-Type: message/rfc822

From: shop@shop.example
To: user@example.com
Message-ID: <m1@shop.example>

x
--y--
"""


@pytest.mark.parametrize(("type", "count"), [("abuse", 1), ("fraud", 1), ("opt-out", 1), ("not-spam", 0), ("auth-failure", 0)])
def test_a_complaint_is_one_and_a_report_about_signatures_is_none(type: str, count: int) -> None:
    found = judge(read(ARF.format(type=type).encode()))
    assert [(one.kind, one.suppresses, one.recipient) for one in found] == [
        (FeedbackKind.COMPLAINT, True, "user@example.com")
    ] * count


@pytest.mark.parametrize(
    ("reason", "scope", "stage", "sure"),
    [
        (Reason.UNKNOWN_RECIPIENT, Scope.RECIPIENT, AttemptStage.RCPT, True),
        (Reason.UNKNOWN_RECIPIENT, Scope.RECIPIENT, AttemptStage.MAIL, False),
        (Reason.MAILBOX_FULL, Scope.RECIPIENT, AttemptStage.RCPT, False),
        (Reason.POLICY_BLOCKED, Scope.SITE, AttemptStage.RCPT, False),
        (Reason.NO_MAIL_DOMAIN, Scope.RECIPIENT, AttemptStage.RESOLVE, True),
        (Reason.UNKNOWN, Scope.MESSAGE, AttemptStage.DOT, False),
    ],
)
def test_only_a_dead_address_is_suppressed(reason: Reason, scope: Scope, stage: AttemptStage, sure: bool) -> None:
    assert suppresses(Diagnosis(reason=reason, scope=scope, stage=stage, enhanced_code="5.1.1")) is sure
