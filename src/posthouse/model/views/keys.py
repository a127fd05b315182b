"""API keys as the API shows them."""

from datetime import datetime
from typing import Literal

import msgspec


class KeyView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A key without its secret; ``prefix`` is how it begins. ``ratePerMinute``: messages a minute; null: no limit."""

    id: str
    name: str
    environment: Literal["live", "test"]
    prefix: str
    type: str | None
    stream: str | None
    rate_per_minute: int | None
    created_at: datetime
    revoked_at: datetime | None


class NewKey(KeyView, frozen=True, kw_only=True, rename="camel"):
    """A key just made. ``key`` is the secret; it is not shown again."""

    key: str


class KeyPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of keys, newest first."""

    data: list[KeyView]
    next_cursor: str | None
