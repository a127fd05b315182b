"""API keys and SMTP logins as the API and the command line show them."""

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


class CredentialView(KeyView, frozen=True, kw_only=True, rename="camel"):
    """An API key or an SMTP login, without its secret, as the operator sees it. ``prefix`` of a login is its user name."""

    kind: Literal["api", "smtp"]


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
