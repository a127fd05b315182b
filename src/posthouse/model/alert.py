"""An alert as it was raised, and which alerts are asked for."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec


class Alert(msgspec.Struct, frozen=True):
    """An alert as it was told. ``message``: the one that it is about, where it is about one. Order as in the statement."""

    id: UUID
    type: str
    at: datetime
    message: UUID | None
    data: dict[str, Any] | None


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts. ``before``: a page's place."""

    type: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: UUID | None = None
    limit: int = 50


AlertSeverity = Literal["critical", "warning"]


class RemedyStep(msgspec.Struct, frozen=True):
    """Something to do; ``command``: what to type for it, '' where there is nothing to type."""

    text: str
    command: str = ""


class AlertWords(msgspec.Struct, frozen=True, kw_only=True):
    """An alert in words. ``title``: a heading; ``summary``: what happened, in sentences; ``advice``: what to do, in order.

    Severity critical: people wait.
    """

    severity: AlertSeverity
    title: str
    summary: str
    advice: tuple[RemedyStep, ...]
