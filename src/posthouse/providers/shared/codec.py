"""What every provider's codec has: the check of a hook, its parser, and readers of JSON that may have any shape.

Must never know: how hooks arrive, where secrets are stored, what follows from feedback.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from posthouse.model.feedback import Feedback
from posthouse.model.hook import Hook, HookRejected, HookVerified, NeedsCertificate, SubscriptionToConfirm

HookCheck = HookVerified | HookRejected | NeedsCertificate
TOLERANCE_SECONDS: Final = 300
_EMPTY: Final[dict[str, Any]] = {}


class VerifyHook(Protocol):
    """Checks whether a hook is really the provider's."""

    def __call__(self, hook: Hook, secret: str, now: datetime, *, certificate: bytes | None = None) -> HookCheck:
        """``secret``: as configured; ``certificate``: PEM, where an earlier answer asked for one."""
        ...


class ProviderCodec(msgspec.Struct, frozen=True, kw_only=True):
    """One provider. ``parse_hook`` reads a verified hook: feedback, or a subscription to confirm; garbage is no feedback.

    ``secret_name``: what the provider's own settings call the secret. ``challenge``: for WWW-Authenticate (RFC 9110 11.6.1),
    where the
    provider authenticates by a scheme of HTTP and not by a signature.
    """

    name: str
    verify: VerifyHook
    parse_hook: Callable[[Hook], tuple[Feedback, ...] | SubscriptionToConfirm]
    secret_name: str
    challenge: str = ""


def parse_json(body: bytes) -> Any:
    """The JSON of a body, or None."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def object_at(value: Any, name: str) -> dict[str, Any]:
    """The object under ``name``, or an empty one: providers leave fields out and change their shapes."""
    nested = value.get(name) if isinstance(value, dict) else None
    return nested if isinstance(nested, dict) else _EMPTY


def list_at(value: Any, name: str) -> list[Any]:
    """The list under ``name``, or an empty one."""
    nested = value.get(name) if isinstance(value, dict) else None
    return nested if isinstance(nested, list) else []


def text_at(value: Any, name: str, limit: int = 1024) -> str:
    """The text under ``name``, at most ``limit`` characters, without NUL; '' where there is none."""
    plain = value.get(name) if isinstance(value, dict) else None
    if isinstance(plain, bool) or not isinstance(plain, str | int | float):
        return ""
    return str(plain)[:limit].replace("\0", "")


def parse_time(written: str) -> datetime | None:
    """An RFC 3339 time or seconds since 1970, aware; None for anything else."""
    try:
        return datetime.fromtimestamp(float(written), UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        parsed = datetime.fromisoformat(written)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
