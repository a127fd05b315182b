"""The judgement as a table: who said what, at which stage, and what it comes to."""

from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.smtp.reply import Reply, ReplyReader
from posthouse.model.outcome import AttemptStage, Bounced, Deferred, Delivered, InDoubt, Outcome, Reason, Refused, Scope
from posthouse.policy.deliver.classify import LONGEST_WAIT, classify, impossible, no_answer, no_such_destination, requested_wait

R: Final = Reason
S: Final = Scope


def reply(text: str) -> Reply:
    (found,) = ReplyReader().feed(text.encode() + b"\r\n")
    assert isinstance(found, Reply)
    return found


AT_RCPT: Final = [
    ("450 4.7.1 <a@b>: Recipient address rejected: Greylisted, see postgrey", Deferred, R.GREYLISTED, S.SITE),
    ("451 greylisting in action, please come back later", Deferred, R.GREYLISTED, S.SITE),
    ("450 4.7.1 Client host rejected", Deferred, R.GREYLISTED, S.SITE),
    ("450 4.2.0 Mailbox busy", Deferred, R.BUSY, S.SITE),
    ("451 4.7.1 too many messages, slow down", Deferred, R.RATE_LIMITED, S.SITE),
    ("450 4.7.25 Client host rejected: cannot find your hostname", Deferred, R.POLICY_BLOCKED, S.SITE),
    ("451 4.3.0 Local error in processing", Deferred, R.BUSY, S.SITE),
    ("452 4.2.2 The email account is over quota", Deferred, R.MAILBOX_FULL, S.RECIPIENT),
    ("552 5.2.2 The email account is over quota", Deferred, R.MAILBOX_FULL, S.RECIPIENT),
    ("550 5.2.2 mailbox full", Deferred, R.MAILBOX_FULL, S.RECIPIENT),
    ("550 4.2.2 mailbox full", Deferred, R.MAILBOX_FULL, S.RECIPIENT),
    ("554 Mailbox is full", Deferred, R.MAILBOX_FULL, S.RECIPIENT),
    ("550 user is over the quota", Deferred, R.MAILBOX_FULL, S.RECIPIENT),
    ("452", Deferred, R.MAILBOX_FULL, S.RECIPIENT),
    ("552", Deferred, R.MAILBOX_FULL, S.RECIPIENT),
    ("452 4.5.3 Too many recipients", Deferred, R.RATE_LIMITED, S.SITE),
    ("452 4.5.3", Deferred, R.RATE_LIMITED, S.SITE),
    ("452 4.3.1 Insufficient system storage", Deferred, R.BUSY, S.SITE),
    (
        "550 5.1.1 <x@y>: Recipient address rejected: User unknown in virtual mailbox table",
        Bounced,
        R.UNKNOWN_RECIPIENT,
        S.RECIPIENT,
    ),
    ("550 5.1.1 The email account that you tried to reach does not exist", Bounced, R.UNKNOWN_RECIPIENT, S.RECIPIENT),
    ("550 5.1.10 null MX", Bounced, R.NO_MAIL_DOMAIN, S.RECIPIENT),
    ("550 5.1.2 Host unknown", Bounced, R.UNKNOWN_DOMAIN, S.RECIPIENT),
    ("550 No such user here", Bounced, R.UNKNOWN_RECIPIENT, S.RECIPIENT),
    ("550 Requested action not taken: mailbox unavailable", Bounced, R.UNKNOWN_RECIPIENT, S.RECIPIENT),
    ("550 unknown user", Bounced, R.UNKNOWN_RECIPIENT, S.RECIPIENT),
    ("550 5.2.1 The email account that you tried to reach is disabled", Bounced, R.MAILBOX_DISABLED, S.RECIPIENT),
    ("550 This account has been suspended", Bounced, R.MAILBOX_DISABLED, S.RECIPIENT),
    ("550 5.7.1 Message rejected due to local policy", Bounced, R.POLICY_BLOCKED, S.SITE),
    ("550 5.7.1 rate limited", Bounced, R.POLICY_BLOCKED, S.SITE),
    ("550 5.1.1 has sent to too many recipients this hour", Bounced, R.RATE_LIMITED, S.SITE),
    (
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        Bounced,
        R.UNKNOWN_RECIPIENT,
        S.RECIPIENT,
    ),
    ("551 not our user", Bounced, R.UNKNOWN_RECIPIENT, S.RECIPIENT),
    ("550 5.7.1 User unknown", Bounced, R.POLICY_BLOCKED, S.SITE),
    ("550 5.7.26 This mail has been blocked because the sender is unauthenticated", Bounced, R.POLICY_BLOCKED, S.SITE),
    ("554 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Bounced, R.POLICY_BLOCKED, S.SITE),
    ("550 5.1.1 blocked: your host is on a blacklist", Bounced, R.POLICY_BLOCKED, S.SITE),
    ("554 5.7.1 <a@b>: Relay access denied", Bounced, R.POLICY_BLOCKED, S.SITE),
    ("550 5.1.8 Sender domain not found", Bounced, R.SENDER_REJECTED, S.US),
    ("553 5.1.7 bad sender address", Bounced, R.SENDER_REJECTED, S.US),
    ("553 5.6.7 mailbox not allowed", Bounced, R.ADDRESS_NOT_SUPPORTED, S.RECIPIENT),
    ("550 5.4.5 Daily sending quota exceeded", Bounced, R.RATE_LIMITED, S.US),
    ("550 we do not like you", Bounced, R.UNKNOWN, S.MESSAGE),
    ("599 invented", Bounced, R.UNKNOWN, S.MESSAGE),
    ("499 invented", Deferred, R.BUSY, S.SITE),
    ("199 odd", Deferred, R.PROTOCOL_ERROR, S.SITE),
    ("600 odd", Deferred, R.PROTOCOL_ERROR, S.SITE),
    ("354 odd", Deferred, R.PROTOCOL_ERROR, S.SITE),
    ("421 4.3.2 shutting down", Deferred, R.BUSY, S.SITE),
]


@pytest.mark.parametrize(("text", "outcome", "reason", "scope"), AT_RCPT)
def test_an_answer_about_a_recipient(text: str, outcome: type[Outcome], reason: Reason, scope: Scope) -> None:
    found = classify(AttemptStage.RCPT, reply(text))
    assert (type(found), found.diagnosis.reason, found.diagnosis.scope) == (outcome, reason, scope)


@pytest.mark.parametrize(
    ("text", "outcome", "reason", "scope"),
    [
        ("550 5.1.1 no such user", Bounced, R.SENDER_REJECTED, S.US),
        ("553 sorry, your envelope sender is in my badmailfrom list", Bounced, R.SENDER_REJECTED, S.US),
        ("550 5.7.1 no", Bounced, R.SENDER_REJECTED, S.US),
        ("552 message size exceeds fixed maximum", Bounced, R.TOO_LARGE, S.MESSAGE),
        ("552 5.3.4 too big", Bounced, R.TOO_LARGE, S.MESSAGE),
        ("451 4.1.8 Domain of sender address does not resolve", Deferred, R.BUSY, S.SITE),
        ("450 4.7.1 greylisted", Deferred, R.GREYLISTED, S.SITE),
        ("452 4.3.1 Insufficient system storage", Deferred, R.BUSY, S.SITE),
    ],
)
def test_what_is_said_of_the_sender_is_never_about_the_recipient(
    text: str, outcome: type[Outcome], reason: Reason, scope: Scope
) -> None:
    found = classify(AttemptStage.MAIL, reply(text))
    assert (type(found), found.diagnosis.reason, found.diagnosis.scope) == (outcome, reason, scope)


@pytest.mark.parametrize(
    ("text", "outcome", "reason"),
    [
        ("250 2.0.0 Ok", Delivered, R.ACCEPTED),
        ("299 fine", Delivered, R.ACCEPTED),
        ("451 4.3.0 disk trouble", Deferred, R.BUSY),
        ("421 4.3.2 shutting down", Deferred, R.BUSY),
        ("552 5.3.4 Message size exceeds fixed limit", Bounced, R.TOO_LARGE),
        ("552 Message size exceeds maximum", Bounced, R.TOO_LARGE),
        ("552 5.2.2 full", Deferred, R.MAILBOX_FULL),
        ("554 5.7.1 spam", Bounced, R.POLICY_BLOCKED),
        ("554 5.6.0 malformed", Bounced, R.CONTENT_REJECTED),
        ("550 virus found", Bounced, R.CONTENT_REJECTED),
        ("354 again?", InDoubt, R.PROTOCOL_ERROR),
    ],
)
def test_an_answer_to_the_dot_leaves_no_doubt_unless_it_is_none(text: str, outcome: type[Outcome], reason: Reason) -> None:
    found = classify(AttemptStage.DOT, reply(text))
    assert (type(found), found.diagnosis.reason) == (outcome, reason)


def test_a_relay_that_took_it_is_not_the_end() -> None:
    assert classify(AttemptStage.DOT, reply("250 ok")) == Delivered(
        classify(AttemptStage.DOT, reply("250 ok")).diagnosis, final=True
    )
    relayed = classify(AttemptStage.DOT, reply("250 ok"), relay=True)
    assert isinstance(relayed, Delivered)
    assert not relayed.final


@pytest.mark.parametrize("stage", [AttemptStage.GREETING, AttemptStage.HELLO])
@pytest.mark.parametrize("code", ["421", "450", "500", "554", "220"])
def test_what_a_host_says_before_mail_is_never_a_bounce(stage: AttemptStage, code: str) -> None:
    found = classify(stage, reply(f"{code} 5.1.1 no such user"))
    assert isinstance(found, Deferred)
    assert found.counts is (code != "421")
    assert found.diagnosis.scope is S.SITE
    assert isinstance(classify(stage, reply(f"{code} no"), relay=True), Refused)


@pytest.mark.parametrize(
    ("stage", "text", "reason"),
    [
        (AttemptStage.AUTH, "535 5.7.8 wrong", R.AUTH_FAILED),
        (AttemptStage.AUTH, "454 4.7.0 later", R.AUTH_FAILED),
        (AttemptStage.TLS, "454 4.7.0 TLS not available", R.TLS_FAILED),
        (AttemptStage.MAIL, "530 5.7.0 Authentication required", R.AUTH_FAILED),
        (AttemptStage.MAIL, "421 4.7.0 try later", R.BUSY),
        (AttemptStage.RCPT, "421 too many messages", R.RATE_LIMITED),
    ],
)
def test_a_relays_own_trouble_is_refused_so_that_another_route_may_be_tried(
    stage: AttemptStage, text: str, reason: Reason
) -> None:
    found = classify(stage, reply(text), relay=True)
    assert (type(found), found.diagnosis.reason, found.diagnosis.scope) == (Refused, reason, S.US)


@pytest.mark.parametrize("text", ["450 4.2.1 later", "451 greylisted", "452 4.2.2 full"])
def test_a_relays_later_about_a_recipient_is_the_destinations_later(text: str) -> None:
    assert isinstance(classify(AttemptStage.RCPT, reply(text), relay=True), Deferred)


@pytest.mark.parametrize(("relay", "left", "outcome"), [(0, 0, Deferred), (1, 0, Refused), (0, 1, InDoubt), (1, 1, InDoubt)])
def test_silence_is_doubt_only_after_the_gate(relay: int, left: int, outcome: type[Outcome]) -> None:
    found = no_answer(AttemptStage.DOT if left else AttemptStage.RCPT, Reason.TIMED_OUT, relay=bool(relay), left=bool(left))
    assert type(found) is outcome


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Greylisted, try again in 300 seconds", 300),
        ("greylisted for 5 minutes", 300),
        ("Please try again after 00:04:58", 298),
        ("retry in 04:58", 298),
        ("try again in 2 hours", 7200),
        ("wait 10min", 600),
        ("try again in 99999 hours", LONGEST_WAIT.total_seconds()),
        ("try again in 0 seconds", None),
        ("4.7.1 come back later", None),
        ("for 3 users", None),
    ],
)
def test_the_wait_they_ask_for_is_read(text: str, seconds: float | None) -> None:
    assert requested_wait(text) == (None if seconds is None else timedelta(seconds=seconds))
    found = classify(AttemptStage.RCPT, reply(f"451 {text}"))
    assert isinstance(found, Deferred)
    assert found.wait == requested_wait(text)


def test_a_missing_domain_is_believed_at_the_second_look() -> None:
    first = no_such_destination(Reason.UNKNOWN_DOMAIN, "gone.test does not exist", look_again=timedelta(minutes=15))
    assert isinstance(first, Deferred)
    assert first.wait == timedelta(minutes=15)
    second = no_such_destination(Reason.UNKNOWN_DOMAIN, "gone.test does not exist", look_again=None)
    assert (type(second), second.diagnosis.enhanced_code) == (Bounced, "5.1.2")
    assert no_such_destination(Reason.NO_MAIL_DOMAIN, "null MX", look_again=None).diagnosis.enhanced_code == "5.1.10"


def test_what_a_peer_cannot_take_is_said_with_its_code() -> None:
    assert impossible(Reason.ADDRESS_NOT_SUPPORTED, "mx").diagnosis.enhanced_code == "5.6.7"
    assert impossible(Reason.TOO_LARGE, "mx").diagnosis.scope is Scope.MESSAGE


@given(st.sampled_from(AttemptStage), st.integers(0, 999), st.text(max_size=60), st.booleans())
def test_every_answer_at_every_stage_has_an_outcome(stage: AttemptStage, code: int, text: str, relay: bool) -> None:
    found = classify(stage, Reply(code, None, (text,)), relay=relay)
    assert len(found.diagnosis.reply.encode()) <= 1024
    if code // 100 in (0, 1, 3, 6, 7, 8, 9):
        assert isinstance(found, Refused | Deferred | InDoubt)
    if code // 100 == 4:
        assert isinstance(found, Refused | Deferred)


@given(st.integers(400, 599), st.sampled_from([AttemptStage.RCPT, AttemptStage.DATA, AttemptStage.DOT]))
def test_a_full_mailbox_is_soft_under_any_code(code: int, stage: AttemptStage) -> None:
    if code == 421 and stage is not AttemptStage.DOT:
        return
    enhanced = f"{code // 100}.2.2"
    found = classify(stage, Reply(code, enhanced, (f"{enhanced} no",)))
    assert (type(found), found.diagnosis.reason) == (Deferred, Reason.MAILBOX_FULL)
