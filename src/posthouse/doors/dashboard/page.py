"""What is a page of the dashboard? A ``Page`` record: its path, its name in the navigation, and what it loads and shows.

A page is one file ``pages/<page>.py`` with its record and the template beside it. The frame (header, navigation, footer) is the
same on every page.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from starlette.requests import Request

from posthouse.model.clock import Clock
from posthouse.model.send_request import FieldError
from posthouse.model.tenant import Tenant
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer


class DashboardParts(msgspec.Struct, frozen=True, kw_only=True):
    """What pages read from. ``public_url``: where people reach this server, or None."""

    database: Database
    sealer: Sealer
    clock: Clock
    public_url: str | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What every page shows. ``tenant``: None before the first one was created; ``new_alerts``: how many alerts the last day
    had.
    """

    now: datetime
    tenant: Tenant | None = None
    new_alerts: int = 0


class PageContent(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows: the variables of its template, what is wrong with the request, and the address of the older items or
    ''.
    """

    context: dict[str, Any]
    faults: Sequence[FieldError] = ()
    older_url: str = ""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page. ``label``: its name in the navigation, in the order of the registry. ``shows_new_alerts``: beside the label."""

    path: str
    title: str
    label: str
    template: str
    load: Callable[[DashboardParts, Frame, Request], Awaitable[PageContent]]
    shows_new_alerts: bool = False
