"""An entry of the audit trail: who changed what, when, and how it was before."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class AuditEntry(msgspec.Struct, frozen=True):
    """One change. ``actor``: a credential's id, or ``cli:`` and a user of the machine."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    data: dict[str, Any] | None = None
