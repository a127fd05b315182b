"""What every provider's codec has: the check of a hook and its parser.

Must never know: how hooks arrive, where secrets are stored, what follows from feedback.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

import msgspec

from posthouse.model.feedback import Feedback
from posthouse.model.hook import Hook, HookRejected, HookVerified, NeedsCertificate, SubscriptionToConfirm

HookCheck = HookVerified | HookRejected | NeedsCertificate
TOLERANCE_SECONDS: Final = 300
# What our message id is called where a provider keeps a value of ours with the mail: a tag, metadata, a variable, an argument.
MESSAGE_FIELD: Final = "posthouse_message"


class VerifyHook(Protocol):
    """Checks whether a hook is really the provider's."""

    def __call__(self, hook: Hook, secret: str, now: datetime, *, certificate: bytes | None = None) -> HookCheck:
        """``secret``: as configured; ``certificate``: PEM, where an earlier answer asked for one."""
        ...


class ProviderCodec(msgspec.Struct, frozen=True, kw_only=True):
    """One provider. ``parse_hook`` reads a verified hook: feedback, or a subscription to confirm; garbage is no feedback.

    ``secret_name``: what the provider's own settings call the secret. ``challenge``: for WWW-Authenticate (RFC 9110 11.6.1),
    where the provider authenticates by a scheme of HTTP and not by a signature.
    """

    name: str
    verify: VerifyHook
    parse_hook: Callable[[Hook], tuple[Feedback, ...] | SubscriptionToConfirm]
    secret_name: str
    challenge: str = ""
