"""What the HTTP door is made of: everything it needs, given by the composition root and by tests."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from posthouse.admin.context import AdminContext
from posthouse.doors.hooks.hook_endpoint import HookParts
from posthouse.doors.http.limits import BODY_SECONDS
from posthouse.doors.tracking.link_endpoints import VisitParts
from posthouse.mail.dkim import SigningKey
from posthouse.model.clock import Clock
from posthouse.model.explanation import Explanation
from posthouse.model.limits import CONTRACT, Limits
from posthouse.model.send_request import Accepted, Caller, Rejection, SendRequest
from posthouse.pipeline.accept.rate_limits import KeyRateLimits
from posthouse.policy.types import OwnTypes
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.tenants.credentials import Credentials


class SendIntake(Protocol):
    """Intake as this door sees it (``pipeline.accept.accept.Intake``). Errors: StoreUnavailable."""

    async def accept(self, caller: Caller, request: SendRequest) -> Accepted | Rejection:
        """Take one message, durably."""
        ...

    async def explain(self, caller: Caller, request: SendRequest) -> tuple[Accepted, Explanation] | Rejection:
        """Everything but the send."""
        ...

    async def accept_many(self, caller: Caller, requests: Sequence[SendRequest | Rejection]) -> list[Accepted | Rejection]:
        """Take many, each for itself, answers in order."""
        ...

    async def give_way(self) -> None:
        """Let those who send one message go first."""
        ...


class ApiParts(msgspec.Struct, frozen=True, kw_only=True):
    """``admin``: what every use case of ``admin`` works with.

    ``new_id`` makes a time-ordered id for a moment, ``random`` so many bytes. ``signing_keys``: those of tenant, domain
    and keyset, to rebuild what was handed over. ``readiness`` answers with the reasons why mail cannot be taken or sent
    just now, none when all is well. ``public_url`` is where people reach this server, or None; ``loopback`` says that
    the listener itself is bound to loopback.
    ``own_types``: the types that a tenant made, asked for anew where none of the wanted name is remembered.
    """

    intake: SendIntake
    throttle: KeyRateLimits
    database: Database
    sealer: Sealer
    credentials: Credentials
    clock: Clock
    new_id: Callable[[datetime], UUID]
    random: Callable[[int], bytes]
    signing_keys: Callable[[int, str, int], Awaitable[Sequence[SigningKey]]]
    readiness: Callable[[], Awaitable[Sequence[str]]]
    exposition: Callable[[], bytes]
    admin: AdminContext
    own_types: Callable[[int, str], Awaitable[OwnTypes]]
    public_url: str | None = None
    allow_private_networks: bool = False
    loopback: bool = True
    hooks: HookParts | None = None
    visits: VisitParts | None = None
    limits: Limits = CONTRACT
    body_seconds: float = BODY_SECONDS
