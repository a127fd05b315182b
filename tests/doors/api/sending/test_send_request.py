"""Every field of a send: what it may be, and that each way of being wrong is named."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.doors.api.sending.send_request import FaultyRequest, parse_send, reject
from posthouse.model.letter import Attachment
from posthouse.model.limits import CONTRACT
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Rejection, SendRequest
from tests.support.wrong_fields import WRONG

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LETTER = {"to": "jane@example.com", "text": "Hello"}
JANE = Mailbox("jane", "example.com")
BUCHER = Mailbox("info", "xn--bcher-kva.example")


def read(fields: dict[str, Any], header: str | None = None) -> SendRequest | Rejection:
    message = parse_send(json.dumps(LETTER | fields).encode(), header, CONTRACT)
    return reject(message, NOW, CONTRACT, {}) if isinstance(message, FaultyRequest) else message


def taken(**fields: Any) -> SendRequest:
    found = read(fields)
    assert isinstance(found, SendRequest), found
    return found


def faults(**fields: Any) -> list[str]:
    found = read({name.removesuffix("_"): value for name, value in fields.items()})
    assert isinstance(found, Rejection), found
    assert found.code == "validation_failed"
    json.dumps([error.message for error in found.errors]).encode()
    return [error.path for error in found.errors]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("jane@example.com", (JANE,)),
        ("Jane Doe <jane@example.com>", (Mailbox("jane", "example.com", "Jane Doe"),)),
        ({"email": "jane@example.com"}, (JANE,)),
        ({"email": "jane@example.com", "name": None}, (JANE,)),
        ({"email": "jane@example.com", "name": "Jané"}, (Mailbox("jane", "example.com", "Jané"),)),
        (["jane@example.com", {"email": "info@bücher.example"}], (JANE, BUCHER)),
    ],
)
def test_a_recipient_is_a_string_an_object_or_a_list(value: Any, expected: tuple[Mailbox, ...]) -> None:
    assert taken(to=value).to == expected
    assert taken(cc=value).cc == expected
    assert taken(bcc=value).bcc == expected
    assert taken(replyTo=value).reply_to == expected


def test_null_counts_as_absent_everywhere() -> None:
    names = (
        "from cc bcc replyTo subject html template templateVersion locale variables payload type stream dedupeKey occurredAt "
        "sendAt "
        "expiresAt expiresIn supersedes tls headers attachments tags metadata tracking"
    )
    assert taken(**dict.fromkeys(names.split())) == taken()
    assert taken(metadata={"a": None, "b": "x"}).metadata == {"b": "x"}
    assert taken(headers={"X-A": None}).headers is None
    assert taken(tracking={"opens": None}).track_opens is None


def test_payload_is_another_name_for_variables() -> None:
    assert taken(template="t", payload={"a": 1}).variables == {"a": 1}
    assert taken(template="t", variables={"a": 1}, payload={"a": 1}).variables == {"a": 1}
    assert faults(template="t", variables={"a": 1}, payload={"a": 2}) == ["payload"]


def test_a_template_and_html_may_stand_together() -> None:
    assert taken(template="password-reset", html="<p>x</p>").html == "<p>x</p>"


def test_times_are_read_in_their_zone() -> None:
    request = taken(
        occurredAt="2026-11-23T13:00:00+01:00", sendAt="2026-11-24T00:00:00.5Z", expiresAt="2026-11-25T00:00:00-05:00"
    )
    assert request.occurred_at == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert request.send_at == datetime(2026, 11, 24, 0, 0, 0, 500000, tzinfo=UTC)
    assert request.expires_at == datetime(2026, 11, 25, 5, tzinfo=UTC)
    assert taken(expiresIn=600).expires_in == timedelta(minutes=10)


def test_a_file_is_decoded_and_its_type_guessed() -> None:
    found = taken(
        attachments=[{"filename": "a.png", "content": "AAECAw==", "contentId": "logo"}, {"filename": "b", "content": ""}]
    )
    assert found.attachments == (
        Attachment("a.png", b"\x00\x01\x02\x03", "image/png", "logo"),
        Attachment("b", b"", "application/octet-stream", ""),
    )


def test_a_subject_and_a_reply_to_among_the_headers_are_the_messages_own() -> None:
    found = taken(headers={"subject": "Hi", "REPLY-TO": "A <a@example.com>, b@example.com", "X-Own": "1"})
    assert (found.subject, found.headers) == ("Hi", {"X-Own": "1"})
    assert found.reply_to == (Mailbox("a", "example.com", "A"), Mailbox("b", "example.com"))
    assert faults(subject="a", headers={"Subject": "b"}) == ["headers.Subject"]
    assert faults(replyTo="a@example.com", headers={"Reply-To": "b@example.com"}) == ["headers.Reply-To"]


def test_an_unknown_field_is_told_the_nearest_known_name() -> None:
    found = read({"reply_to": "a@example.com"})
    assert isinstance(found, Rejection)
    assert "'replyTo'" in found.errors[0].message


def test_fifty_recipients_are_counted_over_all_fields() -> None:
    people = [f"u{n}@example.com" for n in range(20)]
    found = read({"to": people, "cc": people, "bcc": people, "subject": 5})
    assert isinstance(found, Rejection)
    assert {error.path for error in found.errors} == {"to", "subject"}


def test_a_million_faults_are_told_in_a_short_answer() -> None:
    found = read({f"x{n}": 1 for n in range(20_000)} | {"variables": {}, "tags": ["\ud800"] * 20_000})
    assert isinstance(found, Rejection)
    assert len(found.errors) <= 100


@pytest.mark.parametrize("key", ["", "x" * 257, "caf\xe9", "a\tb"])
def test_a_key_header_that_is_no_key_is_named(key: str) -> None:
    found = read({}, key)
    assert isinstance(found, Rejection)
    assert [error.path for error in found.errors] == ["Idempotency-Key"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(sorted({name for name, _, _ in WRONG} - {"bcc\udc00"}))


@settings(max_examples=400)
@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_no_json_breaks_the_reader(fields: dict[str, Any]) -> None:
    found = read(fields)
    if isinstance(found, Rejection):
        assert found.code in {"validation_failed", "invalid_json"}
        assert all(error.path.encode() is not None for error in found.errors)
