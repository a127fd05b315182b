"""What a provider's codec is: how its hooks are checked and read. The shape every module of this room has.

Must never know: where hooks come in, how secrets are kept, what is done about the feedback.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from posthouse.model.feedback import Feedback
from posthouse.model.hook import Hook, HookRejected, HookVerified, NeedsCertificate, SubscriptionToConfirm

Check = HookVerified | HookRejected | NeedsCertificate
TOLERANCE_SECONDS: Final = 300
_NOTHING: Final[dict[str, Any]] = {}


class Verify(Protocol):
    """Whether a hook is the provider's."""

    def __call__(self, hook: Hook, secret: str, now: datetime, *, certificate: bytes | None = None) -> Check:
        """``secret``: as configured; ``certificate``: PEM, where an earlier answer asked for one."""
        ...


class ProviderCodec(msgspec.Struct, frozen=True, kw_only=True):
    """One provider. ``parse_hook`` reads what was verified: feedback, or a subscription to confirm; garbage is no feedback.

    ``secret_name``: what the secret is called in the provider's settings, for a person. ``challenge``: what a call that is not
    the provider's is asked for (RFC 9110 11.6.1), where it proves itself by a scheme of HTTP and not by a signature.
    """

    name: str
    verify: Verify
    parse_hook: Callable[[Hook], tuple[Feedback, ...] | SubscriptionToConfirm]
    secret_name: str
    challenge: str = ""


def document(body: bytes) -> Any:
    """The JSON of a body, or None."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def part(value: Any, name: str) -> dict[str, Any]:
    """The object under ``name``, or an empty one; providers leave out and change shapes."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else _NOTHING


def items(value: Any, name: str) -> list[Any]:
    """The list under ``name``, or an empty one."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def text(value: Any, name: str, most: int = 1024) -> str:
    """The text under ``name``, at most so long, without NUL; '' where there is none."""
    found = value.get(name) if isinstance(value, dict) else None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return ""
    return str(found)[:most].replace("\0", "")


def moment(written: str) -> datetime | None:
    """An RFC 3339 time or seconds since 1970, aware; None for anything else."""
    try:
        return datetime.fromtimestamp(float(written), UTC)
    except (ValueError, OverflowError, OSError):
        pass
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
