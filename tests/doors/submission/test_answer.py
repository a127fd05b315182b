"""What became of a message, in the contract's reply codes."""

from typing import get_args

import pytest

from posthouse.doors.http.problem import Code
from posthouse.doors.submission.answer import reply_to
from posthouse.model.send_request import Accepted, FieldError, Rejection
from posthouse.policy.deliver import simulate

TAKEN = Accepted(id="msg_01jd", status="queued", deliver_by=None, duplicate=False, deliveries=())


def test_an_accepted_message_is_named() -> None:
    assert reply_to(TAKEN) == b"250 2.0.0 Ok: msg_01jd\r\n"


def test_a_duplicate_says_so() -> None:
    again = Accepted(id="msg_01jd", status="queued", deliver_by=None, duplicate=True, deliveries=())
    assert reply_to(again) == b"250 2.0.0 Ok: msg_01jd duplicate\r\n"


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("idempotency_conflict", "554 5.5.0"),
        ("domain_not_verified", "550 5.7.1"),
        ("forbidden", "550 5.7.1"),
        ("content_refused", "550 5.7.1"),
        ("validation_failed", "554 5.6.0"),
        ("variable_invalid", "554 5.6.0"),
        ("template_not_active", "554 5.6.0"),
        ("not_found", "554 5.6.0"),
        ("too_large", "552 5.3.4"),
        ("unavailable", "451 4.3.0"),
        ("no_route", "451 4.3.5"),
        ("rate_limited", "450 4.7.1"),
        ("unauthenticated", "530 5.7.0"),
    ],
)
def test_every_refusal_has_the_code_of_the_contract(code: str, wanted: str) -> None:
    assert reply_to(Rejection(code, "because")) == f"{wanted} because\r\n".encode()


@pytest.mark.parametrize("code", get_args(Code))
def test_only_what_may_pass_later_is_put_off(code: str) -> None:
    later = code in {"unavailable", "no_route", "rate_limited"}
    assert reply_to(Rejection(code, "because")).startswith(b"4" if later else b"5")


def test_a_field_is_named_as_the_mailer_wrote_it() -> None:
    errors = (FieldError("variables.total", "is required"), FieldError("tags[3]", "is too long"), FieldError("", "needs content"))
    assert reply_to(Rejection("validation_failed", "three things", errors)) == (
        b"554 5.6.0 X-Posthouse-Variables.total: is required; X-Posthouse-Tag[3]: is too long; needs content\r\n"
    )


@pytest.mark.parametrize("detail", ["a\r\n250 2.0.0 Ok", "\x1b[31mred", "ü" * 900, "\0"])
def test_a_reply_is_one_line_of_printable_ascii(detail: str) -> None:
    reply = reply_to(Rejection("content_refused", detail))
    assert len(reply) <= 512
    assert reply.count(b"\n") == reply.count(b"\r") == 1
    assert all(0x20 <= octet < 0x7F for octet in reply[:-2])


def test_an_unknown_name_at_the_simulator_is_no_such_recipient_unless_more_is_wrong() -> None:
    unknown = FieldError("bcc", simulate.unknown("bounce") or "")
    refused = reply_to(Rejection("validation_failed", "", (unknown,)))
    assert refused.startswith(b"550 5.1.1 RCPT: is no address of the simulator; there are delivered@simulator.test, ")
    other = FieldError("subject", "must be one line")
    assert reply_to(Rejection("validation_failed", "", (unknown, other))).startswith(b"554 5.6.0 ")
