"""The addresses that providers call, as the command line shows them."""

from datetime import datetime
from typing import Literal

from msgspec import Struct


class HookView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A hook without its token."""

    id: str
    provider: str
    environment: Literal["live", "test"]
    created_at: datetime


class HookPage(Struct, frozen=True, kw_only=True, rename="camel"):
    """Hooks, newest first."""

    data: list[HookView]
    next_cursor: str | None


class NewHook(Struct, frozen=True):
    """The address to give to the provider; it holds the token and is shown once."""

    url: str
