"""What sends a parcel: the one protocol of every transport, and what those that speak SMTP are made of."""

from datetime import timedelta
from pathlib import Path
from typing import Protocol

import msgspec

from posthouse.model.attempt import Attempt
from posthouse.model.clock import Clock
from posthouse.model.content import Parcel
from posthouse.net.smtp.classifier import OutcomeClassifier
from posthouse.net.smtp.limits import TransportLimits


class Transport(Protocol):
    """``send`` never raises for what a peer or the network does: that is an outcome."""

    @property
    def name(self) -> str:
        """As it stands in attempts: ``mx``, ``smtp://host:port``, ``inbox``; never a secret."""
        ...

    async def send(self, parcel: Parcel) -> Attempt:
        """One attempt. ``parcel.gate.open()`` is called at most once, just before the body is written."""
        ...

    def capacity(self, domain: str) -> int:
        """How many more deliveries to that domain may start now; 0: saturated or paused."""
        ...

    async def close(self, grace: timedelta) -> None:
        """Start nothing more; what is under way has ``grace`` to finish, then it is cut off."""
        ...


class SmtpParts(msgspec.Struct, frozen=True, kw_only=True):
    """What an SMTP transport needs. ``hostname``: our name in EHLO.

    ``authorities``: certificate authorities to trust beside the machine's, where certificates are checked (PEM).
    """

    hostname: str
    clock: Clock
    classifier: OutcomeClassifier
    limits: TransportLimits
    authorities: Path | None = None
