"""When: the moments a message lives by, as a table of what a caller may say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from posthouse.model.mailbox import Mailbox
from posthouse.model.message_type import MessageType
from posthouse.model.send_request import SendRequest
from posthouse.policy.accept.schedule import Schedule, schedule
from posthouse.policy.types import BY_NAME

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
RESET, DIGEST, BULK = BY_NAME["password_reset"], BY_NAME["digest"], BY_NAME["newsletter"]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def asked(**said: Any) -> SendRequest:
    return SendRequest(to=(Mailbox("a", "b.example"),), **said)


def settled(type: MessageType = RESET, **said: Any) -> Schedule:
    found = schedule(asked(**said), type, NOW)
    assert isinstance(found, Schedule), found
    return found


def wrong(type: MessageType = RESET, **said: Any) -> list[str]:
    found = schedule(asked(**said), type, NOW)
    assert not isinstance(found, Schedule)
    return [error.path for error in found]


def test_without_times_everything_counts_from_acceptance() -> None:
    found = settled()
    assert (found.since, found.due, found.expires_at) == (NOW, None, NOW + HOUR)
    assert found.deliver_by == found.deadline == NOW + timedelta(seconds=10)
    assert not found.warnings


def test_the_promise_counts_from_the_event() -> None:
    found = settled(occurred_at=NOW - MINUTE)
    assert found.since == NOW - MINUTE
    assert found.deliver_by == NOW - MINUTE + timedelta(seconds=10)
    assert found.expires_at == NOW + HOUR


@pytest.mark.parametrize("occurred_at", [NOW + timedelta(seconds=1), NOW - DAY - timedelta(seconds=1)])
def test_an_implausible_event_is_a_warning_and_acceptance_counts(occurred_at: datetime) -> None:
    found = settled(occurred_at=occurred_at)
    assert found.since == NOW
    assert [(warning.code, warning.path) for warning in found.warnings] == [("occurred_at_ignored", "occurredAt")]


@pytest.mark.parametrize("occurred_at", [NOW, NOW - DAY])
def test_a_day_ago_and_just_now_are_plausible(occurred_at: datetime) -> None:
    assert settled(occurred_at=occurred_at).since == occurred_at


def test_a_scheduled_message_counts_and_expires_from_when_it_is_due() -> None:
    found = settled(send_at=NOW + 2 * HOUR, occurred_at=NOW - MINUTE)
    assert found.due == found.since == NOW + 2 * HOUR
    assert found.expires_at == NOW + 3 * HOUR


@pytest.mark.parametrize("send_at", [NOW, NOW - DAY])
def test_a_past_time_means_now(send_at: datetime) -> None:
    assert settled(send_at=send_at).due is None


def test_a_type_without_a_target_has_a_deadline() -> None:
    assert (settled(DIGEST).deliver_by, settled(DIGEST).deadline) == (NOW + HOUR, NOW + HOUR)
    assert (settled(BULK).deliver_by, settled(BULK).deadline) == (None, NOW + DAY)


def test_an_expiry_is_absolute_or_counts_from_acceptance() -> None:
    assert settled(expires_at=NOW + MINUTE).expires_at == NOW + MINUTE
    assert settled(expires_in=MINUTE).expires_at == NOW + MINUTE


@pytest.mark.parametrize(
    ("said", "paths"),
    [
        ({"send_at": NOW + 90 * DAY + MINUTE}, ["sendAt"]),
        ({"expires_at": NOW}, ["expiresAt"]),
        ({"expires_in": timedelta(0)}, ["expiresIn"]),
        ({"expires_in": timedelta(seconds=-5)}, ["expiresIn"]),
        ({"expires_in": timedelta.max}, ["expiresIn"]),
        ({"expires_at": NOW + HOUR, "send_at": NOW + HOUR}, ["expiresAt"]),
        ({"expires_in": HOUR, "send_at": NOW + 2 * HOUR}, ["expiresIn"]),
        ({"expires_at": NOW + 91 * DAY}, ["expiresAt"]),
        ({"expires_at": NOW + HOUR, "expires_in": HOUR}, ["expiresIn"]),
        ({"send_at": NOW + 91 * DAY, "expires_at": NOW}, ["sendAt", "expiresAt"]),
    ],
)
def test_impossible_times_are_errors_with_their_paths(said: dict[str, Any], paths: list[str]) -> None:
    assert wrong(**said) == paths


def test_ninety_days_ahead_is_allowed() -> None:
    assert settled(send_at=NOW + 90 * DAY).due == NOW + 90 * DAY
