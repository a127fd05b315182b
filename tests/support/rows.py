"""Rows for tests of the store: a message ready to be accepted, with every field overridable."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from posthouse.model import ids
from posthouse.model.message_row import DeliveryRow, MessageRow
from posthouse.model.message_type import Lane
from posthouse.model.queue import LeasedDelivery

_count = count(1)


def new_id(now: datetime) -> UUID:
    """Ids in order, without chance."""
    return ids.new(int(now.timestamp() * 1000), next(_count))


def delivery(now: datetime, position: int = 0, recipient: str = "user@example.com", **changes: Any) -> DeliveryRow:
    """One recipient."""
    fields: dict[str, Any] = {
        "position": position,
        "recipient": recipient,
        "role": 0,
        "site": recipient.rpartition("@")[2],
        "flags": 0,
        "reason": None,
        "event_id": new_id(now),
    }
    return DeliveryRow(**(fields | changes))


def message(
    now: datetime,
    *,
    flow: int = 1,
    lane: Lane = Lane.INSTANT,
    recipients: tuple[str, ...] = ("user@example.com",),
    **changes: Any,
) -> MessageRow:
    """A password reset that is ready now."""
    fields: dict[str, Any] = {
        "tenant": 1,
        "environment": 1,
        "id": new_id(now),
        "type": "password_reset",
        "stream": "transactional",
        "keep": 0,
        "header_from": "shop@shop.example",
        "header_domain": "shop.example",
        "created_at": now,
        "occurred_at": None,
        "send_at": None,
        "deliver_by": now + timedelta(seconds=10),
        "expires_at": now + timedelta(hours=1),
        "dedupe_key": None,
        "fingerprint": b"f",
        "dedupe_until": now + timedelta(hours=1),
        "supersedes": None,
        "template": None,
        "template_version": None,
        "locale": None,
        "tags": ("a",),
        "metadata": {"k": "v"},
        "tracking": 0,
        "credential": "c",
        "door": "http",
        "reply": {"id": "x"},
        "key_id": 1,
        "subject": b"s",
        "sealed": b"sealed",
        "variables": None,
        "lane": lane,
        "flow": flow,
        "deadline": now + timedelta(seconds=10),
        "due": None,
        "since": now,
        "deliveries": tuple(delivery(now, position, to) for position, to in enumerate(recipients)),
    }
    return MessageRow(**(fields | changes))


def claimed(now: datetime, **changes: Any) -> LeasedDelivery:
    """A delivery as a worker holds it."""
    fields: dict[str, Any] = {
        "tenant": 1,
        "environment": 1,
        "message": new_id(now),
        "position": 0,
        "lane": int(Lane.INSTANT),
        "flow": 1,
        "deadline": now,
        "expires_at": now + timedelta(hours=1),
        "since": now,
        "site": "a.example",
        "recipient": "u@a.example",
        "header_domain": "shop.example",
        "type": "password_reset",
        "keep": 0,
        "flags": 0,
        "size": 1,
        "route": 0,
        "tries": 0,
        "refusals": 0,
        "number": 1,
        "first_attempt_at": now,
        "keyset": 1,
    }
    return LeasedDelivery(**(fields | changes))
