"""Table T1, cell by cell."""

from datetime import timedelta
from pathlib import Path

import pytest

from posthouse.model.message_type import MessageType
from posthouse.policy.types import ALL, BY_NAME, DEFAULT, NAME, own, unknown

CODE_WAITS = "2s 5s 10s 20s 60s"
ORDER_WAITS = "10s 1m 5m 30m 1h 2h 4h"
SHIPPING_WAITS = "1m 5m 15m 1h 2h 4h"
NOTICE_WAITS = "1m 5m 30m 4h"
BULK_WAITS = "15m 1h 4h"

GOLDEN = f"""
two_factor_code    | authentication | instant | 10s | 30s | 1h  | 10m | {CODE_WAITS}           | never | again | brief    | auto
password_reset     | authentication | instant | 10s | 30s | 1h  | 60m | {CODE_WAITS}           | never | again | brief    | auto
magic_link         | authentication | instant | 10s | 30s | 1h  | 15m | {CODE_WAITS}           | never | again | brief    | auto
email_verification | authentication | instant | 30s | 2m  | 1h  | 24h | 5s 15s 60s 5m 15m 1h   | never | again | brief    | auto
security_alert     | security       | prompt  | 1m  | 5m  | 4h  | 72h | 5s 30s 2m 10m 30m 2h   | never | again | standard | auto
account_alert      | transactional  | prompt  | 1m  | 5m  | 4h  | 72h | 10s 1m 5m 30m 2h       | off   | again | standard | auto
transactional      | transactional  | prompt  | 1m  | 5m  | 72h | 72h | 10s 1m 5m 30m 2h       | off   | again | standard |
order_confirmation | transactional  | prompt  | 30s | 5m  | 24h | 72h | {ORDER_WAITS}          | may   | hold  | record   |
receipt            | transactional  | prompt  | 30s | 5m  | 72h | 72h | {ORDER_WAITS}          | may   | hold  | record   |
payment            | transactional  | prompt  | 30s | 5m  | 72h | 72h | {ORDER_WAITS}          | may   | hold  | record   |
refund             | transactional  | prompt  | 30s | 5m  | 72h | 72h | {ORDER_WAITS}          | may   | hold  | record   |
shipping_update    | transactional  | routine | 5m  | 30m | 7d  | 72h | {SHIPPING_WAITS}       | may   | hold  | standard |
delivery_update    | transactional  | routine | 5m  | 30m | 7d  | 72h | {SHIPPING_WAITS}       | may   | hold  | standard |
subscription       | transactional  | routine | 1h  | -   | 72h | 72h | {NOTICE_WAITS}         | may   | hold  | standard |
notification       | transactional  | routine | 1h  | -   | 72h | 72h | {NOTICE_WAITS}         | may   | hold  | standard |
digest             | transactional  | routine | 1h  | -   | 72h | 72h | {NOTICE_WAITS}         | may   | hold  | standard |
newsletter         | commercial     | bulk    | -   | -   | 72h | 72h | {BULK_WAITS}           | may   | hold  | standard |
promotion          | commercial     | bulk    | -   | -   | 72h | 72h | {BULK_WAITS}           | may   | hold  | standard |
onboarding         | commercial     | bulk    | -   | -   | 72h | 72h | {BULK_WAITS}           | may   | hold  | standard |
reengagement       | commercial     | bulk    | -   | -   | 72h | 72h | {BULK_WAITS}           | may   | hold  | standard |
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in GOLDEN.strip().splitlines()]
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def span(written: str) -> timedelta | None:
    return None if written == "-" else timedelta(seconds=int(written[:-1]) * UNITS[written[-1]])


def cells(known: MessageType) -> list[object]:
    return [
        known.name,
        known.message_class.value,
        known.lane.name.lower(),
        known.target,
        known.limit,
        known.dedupe_window,
        known.expires_after,
        known.waits,
        known.tracking.value,
        known.in_doubt.value,
        known.keep.name.lower(),
        "auto" if known.auto_submitted else "",
    ]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_cell_of_the_table_is_as_written(row: list[str]) -> None:
    name, klass, lane, target, limit, window, expiry, waits, tracking, doubt, keep, auto = row
    wanted = [
        name,
        klass,
        lane,
        *map(span, (target, limit, window, expiry)),
        tuple(map(span, waits.split())),
        tracking,
        doubt,
        keep,
        auto,
    ]
    assert cells(BY_NAME[name]) == wanted


def test_there_are_no_other_types_and_they_stand_in_the_order_of_the_table() -> None:
    assert [known.name for known in ALL] == [row[0] for row in ROWS]
    assert list(BY_NAME) == [row[0] for row in ROWS]


def test_what_comes_without_a_type_is_transactional() -> None:
    assert DEFAULT == "transactional"
    assert DEFAULT in BY_NAME


def test_no_wait_of_a_type_is_shorter_than_the_one_before() -> None:
    for known in ALL:
        assert list(known.waits) == sorted(known.waits)
        assert known.waits[0] > timedelta(0)


@pytest.mark.parametrize("parent", [row[0] for row in ROWS])
def test_a_type_of_ones_own_is_as_its_parent_in_every_cell_but_the_name(parent: str) -> None:
    made = own("my_mail", parent)
    assert cells(made)[1:] == cells(BY_NAME[parent])[1:]
    assert (made.name, made.parent, made.built_in) == ("my_mail", parent, parent)
    assert BY_NAME[parent].built_in == parent


def test_an_unknown_name_is_answered_with_the_nearest_also_of_ones_own() -> None:
    assert unknown("recept") == "'recept' is no message type. Did you mean 'receipt'?"
    assert unknown("order_updat", ["order_update"]) == "'order_updat' is no message type. Did you mean 'order_update'?"
    assert unknown("zzz", ["mine"]).endswith("reengagement, mine.")


@pytest.mark.parametrize("name", ["", "A", "1a", "a-b", "a__b", "_a", "a_", "a b", "a\n", "ä", "a" * 65])
def test_what_is_no_name_of_a_type_is_not_taken(name: str) -> None:
    assert not NAME.fullmatch(name)


def test_the_documents_table_says_of_every_type_its_class_and_lane() -> None:
    text = (Path(__file__).parents[2] / "docs" / "message-types.md").read_text(encoding="utf-8")
    told = [line.split(" | ")[:3] for line in text.splitlines() if line.startswith("| `")]
    assert told == [[f"| `{each.name}`", each.message_class.value, each.lane.name.lower()] for each in ALL]
