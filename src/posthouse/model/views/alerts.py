"""Alerts as the API and the command line show them."""

from datetime import datetime
from typing import Any

import msgspec

from posthouse.model.alert import AlertSeverity, RemedyStep


class AlertView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An alert. ``summary``: what happened; ``advice``: what to do, each with a command where one helps; ``data``: the event's.
    ``severity`` critical: people wait.
    """

    id: str
    type: str
    at: datetime
    severity: AlertSeverity
    title: str
    summary: str
    advice: tuple[RemedyStep, ...]
    message_id: str | None
    data: dict[str, Any]


class AlertPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of alerts, newest first."""

    data: list[AlertView]
    next_cursor: str | None
