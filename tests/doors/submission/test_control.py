"""Controls in the header become fields of the request, or a refusal that names the header."""

from datetime import UTC, datetime

import pytest

from posthouse.doors.submission.control import Fields, read_controls
from posthouse.mail.smtp.server.command import CommandFault


def test_every_control_of_the_contract_has_its_field() -> None:
    assert read_controls(
        {
            "x-posthouse-type": ["receipt"],
            "x-posthouse-stream": ["shop"],
            "x-posthouse-dedupe-key": ["receipt:1"],
            "x-posthouse-tag": ["a", " b "],
            "x-posthouse-metadata-order-id": ["17"],
            "x-posthouse-metadata-user": [""],
            "x-posthouse-template": ["order-confirmation"],
            "x-posthouse-variables": ['{"total": "9.90 €", "items": [1]}'],
            "x-posthouse-locale": ["de"],
            "x-posthouse-send-at": ["2026-11-22T12:00:00+02:00"],
            "x-posthouse-expires-at": ["2026-11-23T10:00:00Z"],
            "x-posthouse-occurred-at": ["2026-11-22T09:59:59.5Z"],
        }
    ) == {
        "type": "receipt",
        "stream": "shop",
        "dedupe_key": "receipt:1",
        "tags": ("a", "b"),
        "metadata": {"order-id": "17", "user": ""},
        "template": "order-confirmation",
        "variables": {"total": "9.90 €", "items": [1]},
        "locale": "de",
        "send_at": datetime(2026, 11, 22, 10, tzinfo=UTC),
        "expires_at": datetime(2026, 11, 23, 10, tzinfo=UTC),
        "occurred_at": datetime(2026, 11, 22, 9, 59, 59, 500_000, tzinfo=UTC),
    }


@pytest.mark.parametrize("name", ["x-posthouse-dedupe-key", "idempotency-key", "resend-idempotency-key"])
def test_three_header_names_carry_the_dedupe_key(name: str) -> None:
    assert read_controls({name: ["k:1"]}) == {"dedupe_key": "k:1"}


def test_two_names_may_carry_the_same_key() -> None:
    assert read_controls({"idempotency-key": ["k"], "x-posthouse-dedupe-key": ["k"]}) == {"dedupe_key": "k"}


def test_nothing_asked_is_nothing_set() -> None:
    nothing: Fields = {}
    assert read_controls({}) == nothing


@pytest.mark.parametrize(
    ("controls", "told"),
    [
        ({"x-posthouse-typ": ["receipt"]}, "X-Posthouse-Typ: is not known here"),
        ({"x-posthouse-metadata-": ["x"]}, "X-Posthouse-Metadata-: is not known here"),
        ({"x-posthouse-type": ["a", "b"]}, "X-Posthouse-Type: must not stand more than once"),
        ({"x-posthouse-metadata-a": ["1", "2"]}, "X-Posthouse-Metadata-A: must not stand more than once"),
        ({"x-posthouse-type": [" "]}, "X-Posthouse-Type: must not be empty"),
        ({"idempotency-key": ["a"], "x-posthouse-dedupe-key": ["b"]}, "differs from another idempotency key"),
        ({"x-posthouse-send-at": ["tomorrow"]}, "X-Posthouse-Send-At: must be a time"),
        ({"x-posthouse-send-at": ["2026-11-22T10:00:00"]}, "X-Posthouse-Send-At: must be a time"),
        ({"x-posthouse-expires-at": ["0001-01-01T00:00:00+23:00"]}, "X-Posthouse-Expires-At: must be a time"),
        ({"x-posthouse-variables": ["{"]}, "X-Posthouse-Variables: must be a JSON object"),
        ({"x-posthouse-variables": ["[1]"]}, "X-Posthouse-Variables: must be a JSON object"),
        ({"x-posthouse-variables": ['{"a": 1, "a": 2}']}, "X-Posthouse-Variables: must be a JSON object"),
        ({"x-posthouse-variables": ['{"a": "\\u0000"}']}, "X-Posthouse-Variables: a must not contain NUL"),
        ({"x-posthouse-variables": ["[" * 50_000]}, "X-Posthouse-Variables: must be a JSON object"),
    ],
)
def test_a_bad_control_is_refused_by_name(controls: dict[str, list[str]], told: str) -> None:
    fault = read_controls(controls)
    assert isinstance(fault, CommandFault)
    assert fault.reply.startswith(b"554 5.6.0 ")
    assert told in fault.reply.decode()
