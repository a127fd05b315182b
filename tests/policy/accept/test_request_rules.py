"""Is the request well-formed: each field wrong in each way is named, and all at once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.model.content import Content
from posthouse.model.letter import Attachment
from posthouse.model.limits import CONTRACT
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import SendRequest
from posthouse.policy.accept import request_rules

JANE = Mailbox("jane", "example.com")
MANY = tuple(Mailbox(f"u{n}", "example.com") for n in range(51))
FILE = Attachment("a.pdf", b"x", "application/pdf")
SUBMITTED = Content(head=b"", body=b"", body_digest=b"")


def paths(**said: Any) -> list[str]:
    return [fault.path for fault in request_rules.check(SendRequest(**({"to": (JANE,), "text": "x"} | said)), CONTRACT)]


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"to": ()}, "to"),
        ({"to": (), "bcc": (JANE,)}, "to"),
        ({"to": MANY}, "to"),
        ({"to": MANY[:25], "cc": MANY[25:40], "bcc": MANY[40:]}, "to"),
        ({"text": None}, ""),
        ({"text": "", "html": ""}, ""),
        ({"html": "x" * (CONTRACT.html_bytes + 1)}, "html"),
        ({"template_version": 2}, "templateVersion"),
        ({"subject": "a\r\nBcc: x@y.example"}, "subject"),
        ({"subject": "a\u2028b"}, "subject"),
        ({"subject": "x" * 999}, "subject"),
        ({"attachments": (FILE,) * 21}, "attachments"),
        ({"attachments": (FILE, Attachment("a\nb", b"", "text/plain"))}, "attachments[1].filename"),
        ({"attachments": (Attachment("", b"", "text/plain"),)}, "attachments[0].filename"),
        ({"headers": {f"X-{n}": "" for n in range(51)}}, "headers"),
        ({"headers": {"X\r\nBcc": "v"}}, "headers.X\r\nBcc"),
        ({"headers": {"": "v"}}, "headers."),
        ({"headers": {"X-A": "a\nBcc: x@y.example"}}, "headers.X-A"),
        ({"headers": {"X-A": "\0"}}, "headers.X-A"),
        ({"headers": {"X-A": "ü" * 1025}}, "headers.X-A"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "headers.x-a"),
        ({"headers": {"Message-ID": "not one"}}, "headers.Message-ID"),
        ({"headers": {"Subject": "b"}, "subject": "a"}, "headers.Subject"),
        ({"headers": {"reply-to": "a@b"}, "reply_to": (JANE,)}, "headers.Reply-To"),
        ({"tags": ("t",) * 11}, "tags"),
        ({"tags": ("ok", "")}, "tags[1]"),
        ({"tags": ("a\nb",)}, "tags[0]"),
        ({"metadata": {str(n): "" for n in range(21)}}, "metadata"),
        ({"metadata": {"a": "x" * 1025}}, "metadata.a"),
        ({"dedupe_key": ""}, "dedupeKey"),
        ({"dedupe_key": "x" * 257}, "dedupeKey"),
        ({"supersedes": "x" * 257}, "supersedes"),
        ({"locale": "de/DE"}, "locale"),
        ({"stream": "No Stream"}, "stream"),
        ({"tls": "maybe"}, "tls"),
    ],
)
def test_each_fault_is_named_by_its_path(said: dict[str, Any], path: str) -> None:
    assert paths(**said) == [path]


@pytest.mark.parametrize(
    "name",
    [
        "From",
        "sender",
        "TO",
        "Cc",
        "Bcc",
        "Date",
        "Return-Path",
        "Received",
        "DKIM-Signature",
        "ARC-Seal",
        "Content-Type",
        "content-transfer-encoding",
        "MIME-Version",
        "Feedback-ID",
        "X-Posthouse-Tag",
    ],
)
def test_header_fields_that_are_ours_may_not_be_set(name: str) -> None:
    assert paths(headers={name: "x"}) == [f"headers.{name}"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Order": "7", "List-Unsubscribe": "<https://shop.example/u>", "References": "<a@b>"},
        {"Message-ID": "<order-1@shop.example>"},
        {"Reply-To": "help@shop.example"},
        {"X-Tab": "a\tb", "X-Words": "grün"},
        {f"X-{n}": "x" * 2048 for n in range(50)},
    ],
)
def test_other_header_fields_may_be_set(headers: dict[str, str]) -> None:
    assert paths(headers=headers) == []


def test_everything_wrong_is_reported_at_once() -> None:
    assert paths(to=(), text=None, tags=("",), locale="?", headers={"Date": "x"}) == [
        "to",
        "",
        "headers.Date",
        "tags[0]",
        "locale",
    ]


def test_everything_at_its_limit_is_well_formed() -> None:
    said = {
        "to": MANY[:50],
        "subject": "x" * 998,
        "html": "x" * CONTRACT.html_bytes,
        "attachments": (FILE,) * 20,
        "tags": ("t" * 128,) * 10,
        "metadata": {str(n): "x" * 1024 for n in range(20)},
        "dedupe_key": "k" * 256,
        "locale": "pt-BR",
        "stream": "marketing.eu",
    }
    assert paths(**said) == []


def test_a_submitted_message_needs_no_visible_recipient_and_keeps_its_subject() -> None:
    assert paths(to=(), bcc=(JANE,), text=None, content=SUBMITTED, subject="x" * 2000) == []


def test_the_size_is_estimated_with_attachments_in_base64() -> None:
    request = SendRequest(to=(JANE,), text="ü" * 10, attachments=(Attachment("a", b"x" * 300, "a/b"),))
    assert request_rules.estimate_size(request) == 420


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_header_field_gets_through_that_would_make_two(name: str, value: str) -> None:
    if not paths(headers={name: value}):
        assert name.isascii()
        assert not set(name + value) & set("\r\n\0")
        assert ":" not in name


@pytest.mark.parametrize(
    ("subject", "html", "text", "paths"),
    [
        ("Hi {{ name }}", None, "x", ["subject"]),
        ("Hi", "<p>Dear {{name}}</p>", "Dear {% if x %}you{% endif %}", ["html", "text"]),
        ("Hi", '<a href="https://x.example/{{ id }}">x</a>', None, ["html"]),
        ("Hi", "<style>@media(x){p{color:red}}</style>", "a {{ b\n}} { {c} } 100 % {% sure", []),
        ("", None, None, []),
    ],
)
def test_each_part_with_an_unrendered_tag_has_a_warning(
    subject: str, html: str | None, text: str | None, paths: list[str]
) -> None:
    inline = request_rules.unrendered_tags(SendRequest(to=(JANE,), subject=subject, html=html, text=text))
    submitted = request_rules.unrendered_tags(
        SendRequest(to=(JANE,), subject=subject, content=SUBMITTED, words=(text or "", html or ""))
    )
    assert [warning.path for warning in inline] == paths
    assert submitted == inline
    assert all(warning.code == request_rules.UNRENDERED_TAG for warning in inline)


@pytest.mark.parametrize(
    "local", ["bounced", "Bounced", "SOFT-BOUNCED+a+b", "suppressed+list", "slow", "deferred", "complained", "delivered"]
)
def test_the_simulator_knows_its_names_in_any_case_and_with_a_label(local: str) -> None:
    assert paths(to=(Mailbox(local, "simulator.test"),)) == []


def test_an_unknown_name_at_the_simulator_is_refused_with_those_it_knows() -> None:
    request = SendRequest(
        to=(JANE, Mailbox("bounce", "simulator.test")), cc=(Mailbox("x+delivered", "simulator.test"),), text="x"
    )
    errors = request_rules.check(request, CONTRACT)
    assert [error.path for error in errors] == ["to[1]", "cc"]
    assert all("bounced@simulator.test, soft-bounced@simulator.test" in error.message for error in errors)
