"""Accepted messages as rows, for tests that need one in the database and do not care how it came."""

import os
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from posthouse.model import ids
from posthouse.model.message_row import DeliveryRow, MessageRow
from posthouse.store.messages.accept import accept
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer

SEALER = Sealer(("a secret of the tests",), os.urandom)


def new_id(moment: datetime) -> UUID:
    """An id of that moment."""
    return ids.new(int(moment.timestamp() * 1000), int.from_bytes(os.urandom(10), "big"))


def message_row(now: datetime, *recipients: str, **changed: Any) -> MessageRow:
    """A transactional live message of tenant 1 from shop.example, to each recipient, with any field changed."""
    identifier = changed.pop("id", None) or new_id(now)
    subject, sealed = changed.pop("subject", "Hello"), changed.pop("content", b"content")
    fields: dict[str, Any] = {
        "tenant": 1,
        "environment": 1,
        "id": identifier,
        "type": "transactional",
        "stream": "transactional",
        "keep": 1,
        "header_from": "noreply@shop.example",
        "header_domain": "shop.example",
        "created_at": now,
        "occurred_at": None,
        "send_at": None,
        "deliver_by": now + timedelta(minutes=1),
        "expires_at": now + timedelta(hours=72),
        "dedupe_key": None,
        "fingerprint": b"",
        "dedupe_until": now + timedelta(hours=72),
        "supersedes": None,
        "template": None,
        "template_version": None,
        "locale": None,
        "tags": (),
        "metadata": None,
        "tracking": 0,
        "credential": "key_test",
        "door": "http",
        "reply": {},
        "key_id": SEALER.key_id,
        "subject": SEALER.seal(subject.encode(), identifier.bytes),
        "sealed": SEALER.seal(SEALER.pack(sealed), identifier.bytes),
        "variables": None,
        "lane": 1,
        "flow": 1,
        "deadline": now + timedelta(minutes=1),
        "due": None,
        "since": now,
        "deliveries": tuple(_delivery_row(*each, now) for each in enumerate(recipients or ("jane@example.com",))),
        **changed,
    }
    return MessageRow(**fields)


def _delivery_row(position: int, recipient: str, now: datetime) -> DeliveryRow:
    site = recipient.rpartition("@")[2]
    return DeliveryRow(position=position, recipient=recipient, role=0, site=site, flags=0, reason=None, event_id=new_id(now))


async def put(database: Database, *rows: MessageRow) -> list[UUID]:
    """Accept them; their ids."""
    async with database.session() as connection:
        await accept(connection, rows, rows[0].created_at, new_id)
    return [row.id for row in rows]
