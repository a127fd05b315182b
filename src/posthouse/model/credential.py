"""A credential: what a caller proves itself with, without its secret."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from posthouse.model.send_request import Environment

PREFIX: Final = "key"


class Credential(msgspec.Struct, frozen=True):
    """An API key or an SMTP login, without its secret.

    ``kind``: api or smtp. ``lookup``: the key's beginning, or the SMTP user name; no secret. ``rate``: messages a minute.
    """

    tenant: int
    environment: Environment
    id: UUID
    kind: str
    lookup: str
    name: str
    default_type: str | None
    default_stream: str | None
    rate: int | None
    created_at: datetime
    revoked_at: datetime | None = None
