"""API keys and SMTP logins as the API and the command line show them."""

from datetime import datetime
from typing import Literal

import msgspec


class CredentialView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An API key or an SMTP login, without its secret. ``prefix``: how the key begins, or the login's user name.

    ``ratePerMinute``: messages a minute; null: no limit.
    """

    id: str
    kind: Literal["api", "smtp"]
    name: str
    environment: Literal["live", "test"]
    prefix: str
    type: str | None
    stream: str | None
    rate_per_minute: int | None
    created_at: datetime
    revoked_at: datetime | None


class NewApiKey(CredentialView, frozen=True, kw_only=True, rename="camel"):
    """An API key that was just created; its secret is shown once."""

    key: str


class NewSmtpLogin(CredentialView, frozen=True, kw_only=True, rename="camel"):
    """An SMTP login that was just created; its password is shown once."""

    username: str
    password: str


class CredentialPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """API keys and SMTP logins, newest first."""

    data: list[CredentialView]
    next_cursor: str | None
