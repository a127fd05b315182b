"""A provider's hook: the raw bytes of a request that says what became of mails, and what its check came to.

The signature is judged over the bytes as they came in, before anything reads them.
"""

from collections.abc import Mapping

import msgspec


class Hook(msgspec.Struct, frozen=True):
    """A request as it came in. ``headers``: names in lower case, the first of each; ``body`` undecoded."""

    headers: Mapping[str, str]
    body: bytes


class HookVerified(msgspec.Struct, frozen=True):
    """It is from the provider. ``once``: what may be accepted only once, '' where the signature itself covers the body."""

    once: str = ""


class HookRejected(msgspec.Struct, frozen=True):
    """It is not, or cannot be shown to be; ``why`` goes to the log and to nobody else."""

    why: str


class NeedsCertificate(msgspec.Struct, frozen=True):
    """Whether it is can be said only with the certificate at ``url`` (of a host that was checked)."""

    url: str


class SubscriptionToConfirm(msgspec.Struct, frozen=True):
    """A subscription waits for our yes: ``url`` of a host that was checked, asked with GET."""

    url: str
