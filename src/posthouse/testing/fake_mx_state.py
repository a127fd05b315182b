"""What the sessions of one fake mail server share: how it behaves, the mail it received, the commands it read."""

import asyncio
import os
import re
import ssl
from collections import Counter, deque
from pathlib import Path
from typing import Final, Protocol

import msgspec

from posthouse.model.clock import Clock

_STRAY: Final = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class Behaviour(msgspec.Struct, frozen=True, kw_only=True):
    """How the whole server behaves.

    ``greet``: ``220``, ``421``, ``554``, ``tarpit:SECONDS``, ``junk``, ``http``, ``silent``, ``close``.

        ``starttls``: ``off``, ``offer``, ``454``, ``stall``, ``drop``, ``inject`` (a reply behind the 220). ``size``: 0 does not
        offer it. ``max_connections``: more are answered 421; 0: no bound. ``auth``: the passwords, by username.
    """

    greet: str = "220"
    hello: str = "250"
    pipelining: bool = True
    smtputf8: bool = True
    size: int = 50_000_000
    starttls: str = "off"
    auth: dict[str, str] = {}
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN")
    max_connections: int = 0

    def offers(self, *, encrypted: bool) -> list[str]:
        """What EHLO answers with; the host's name first."""
        offers = ["fake.mx", "ENHANCEDSTATUSCODES", "8BITMIME"]
        offers += ["PIPELINING"] * self.pipelining + ["SMTPUTF8"] * self.smtputf8
        offers += [f"SIZE {self.size}"] * bool(self.size)
        offers += ["STARTTLS"] * (self.starttls != "off" and not encrypted)
        return offers + ["AUTH " + " ".join(self.mechanisms)] * bool(self.auth)


class ReceivedMail(msgspec.Struct, frozen=True):
    """One message for one recipient, as it came.

    ``data`` is unstuffed; ``tls``: the version, or empty; ``at``: seconds since 1970.
    """

    sender: bytes
    recipient: bytes
    data: bytes
    tls: str
    at: float


class OpenSession(Protocol):
    """A session that can be closed."""

    closed: asyncio.Future[None]

    def cut(self) -> None:
        """Close at once."""
        ...


class FakeMxState:
    """What all sessions of one server share. ``clock`` is for greylisting; ``context`` for STARTTLS."""

    def __init__(self, behaviour: Behaviour, context: ssl.SSLContext | None, clock: Clock, ledger: Path | None) -> None:
        """``ledger``: also write it to this file."""
        self.behaviour = behaviour
        self.context = context
        self.clock = clock
        self.ledger: list[ReceivedMail] = []
        self.arrived = asyncio.Event()
        self.counts: Counter[str] = Counter()
        self.commands: deque[tuple[bool, bytes]] = deque(maxlen=100_000)
        self.first_tries: dict[tuple[bytes, bytes], float] = {}
        self.open: set[OpenSession] = set()
        self._file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if ledger else -1

    def record(self, entry: ReceivedMail) -> None:
        """Write it to the ledger, before the reply is sent."""
        self.ledger.append(entry)
        self.arrived.set()
        self.counts["messages"] += 1
        self.counts["stray_cr_or_lf"] += len(_STRAY.findall(entry.data))
        self.counts["nul"] += entry.data.count(0)
        if self._file >= 0:
            texts = {name: getattr(entry, name).decode("latin-1") for name in ("sender", "recipient", "data")}
            os.write(self._file, msgspec.json.encode({**texts, "tls": entry.tls, "at": entry.at}) + b"\n")

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
