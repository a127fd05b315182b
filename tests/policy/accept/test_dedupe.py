"""Was it asked before: same content, other content, and the edges of the window."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from posthouse.model.delivery import DeliveryState
from posthouse.model.mailbox import Mailbox
from posthouse.policy.accept.dedupe import DedupeVerdict, TemplateContent, fingerprint, is_freed, judge
from posthouse.policy.types import ALL

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SHOP, JANE, JOE = Mailbox("shop", "shop.example", "Shop"), Mailbox("jane", "example.com"), Mailbox("joe", "example.com")
S = DeliveryState


class Held(msgspec.Struct, frozen=True):
    fingerprint: bytes
    expires_at: datetime
    freed: bool = False


def order(**changed: Any) -> TemplateContent:
    given: dict[str, Any] = {
        "name": "order-confirmation",
        "version": 1,
        "locale": None,
        "variables": {"orderId": "1", "total": "$2"},
    }
    return TemplateContent(**(given | changed))


def test_names_order_and_roles_of_recipients_do_not_count() -> None:
    assert fingerprint(SHOP, [JANE, JOE, JANE], b"x") == fingerprint(Mailbox("shop", "shop.example"), [JOE, JANE], b"x")


@pytest.mark.parametrize(
    "other",
    [
        fingerprint(JANE, [JANE], b"x"),
        fingerprint(SHOP, [JOE], b"x"),
        fingerprint(SHOP, [JANE, JOE], b"x"),
        fingerprint(SHOP, [JANE], b"y"),
        fingerprint(SHOP, [JANE], order()),
    ],
)
def test_another_from_recipient_or_word_is_another_content(other: bytes) -> None:
    assert other != fingerprint(SHOP, [JANE], b"x")


def test_variables_are_compared_by_value_not_by_order_and_null_is_absent() -> None:
    swapped = order(variables={"total": "$2", "note": None, "orderId": "1"})
    assert fingerprint(SHOP, [JANE], swapped) == fingerprint(SHOP, [JANE], order())


@pytest.mark.parametrize(
    "changed",
    [{"name": "receipt"}, {"version": 2}, {"locale": "de"}, {"variables": {"orderId": "1", "total": "$3"}}, {"variables": {}}],
)
def test_template_version_locale_and_variables_are_all_content(changed: dict[str, Any]) -> None:
    assert fingerprint(SHOP, [JANE], order(**changed)) != fingerprint(SHOP, [JANE], order())


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (None, DedupeVerdict.NEW),
        (Held(b"x", NOW + timedelta(microseconds=1)), DedupeVerdict.SAME),
        (Held(b"y", NOW + timedelta(microseconds=1)), DedupeVerdict.CONFLICT),
        (Held(b"x", NOW), DedupeVerdict.NEW),
        (Held(b"y", NOW - timedelta(hours=1)), DedupeVerdict.NEW),
        (Held(b"x", NOW + timedelta(hours=1), freed=True), DedupeVerdict.NEW),
        (Held(b"y", NOW + timedelta(hours=1), freed=True), DedupeVerdict.NEW),
    ],
)
def test_the_key_decides_until_its_window_is_over(found: Held | None, verdict: DedupeVerdict) -> None:
    assert judge(found, b"x", NOW) is verdict


@pytest.mark.parametrize("window", sorted({known.dedupe_window for known in ALL}))
def test_every_window_ends_at_its_edge_and_not_before(window: timedelta) -> None:
    found = Held(b"x", NOW + window)
    assert judge(found, b"x", NOW + window - timedelta(seconds=1)) is DedupeVerdict.SAME
    assert judge(found, b"x", NOW + window) is DedupeVerdict.NEW


@pytest.mark.parametrize("state", list(S))
def test_a_key_is_free_again_when_every_delivery_failed(state: DeliveryState) -> None:
    nothing = state in {S.FAILED, S.EXPIRED, S.CANCELLED, S.BOUNCED}
    assert is_freed([S.BOUNCED, state]) is nothing
