"""What the API is made of: everything its handlers need, given by the composition root and by tests."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from posthouse.admin.context import AdminContext
from posthouse.doors.http.limits import BODY_SECONDS
from posthouse.mail.dkim import SigningKey
from posthouse.model.clock import Clock
from posthouse.model.explanation import Explanation
from posthouse.model.limits import CONTRACT, Limits
from posthouse.model.send_request import Accepted, Caller, Rejection, SendRequest
from posthouse.pipeline.accept.rate_limits import KeyRateLimits
from posthouse.policy.types import OwnTypes
from posthouse.store.cells import Cells
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.tenants.credentials import Credentials


class SendIntake(Protocol):
    """Intake as the API uses it (``pipeline.accept.accept.Intake``). Errors: StoreUnavailable."""

    async def accept(self, caller: Caller, request: SendRequest) -> Accepted | Rejection:
        """Accept one message, durably."""
        ...

    async def explain(self, caller: Caller, request: SendRequest) -> tuple[Accepted, Explanation] | Rejection:
        """Everything but the send."""
        ...

    async def accept_many(self, caller: Caller, requests: Sequence[SendRequest | Rejection]) -> list[Accepted | Rejection]:
        """Accept many, each for itself; results in order."""
        ...

    async def give_way(self) -> None:
        """Let those who send one message go first."""
        ...


class ReadinessCheck(Protocol):
    """Readiness as the API asks for it (``ops.readiness.Readiness``)."""

    async def reasons(self, *, for_sending: bool) -> Sequence[str]:
        """Why mail cannot be accepted now, or, ``for_sending``, not sent; none when all is well."""
        ...


class ApiParts(msgspec.Struct, frozen=True, kw_only=True):
    """The API's dependencies.

    ``cells``: the stores. ``admin``: what every use case of ``admin`` works with. ``new_id``: a time-ordered id of a time.
    ``random``: so many random bytes. ``signing_keys``: those of tenant, domain and keyset, to rebuild the bytes that were sent.
    ``exposition``: the metrics of all processes; ``metrics_token``: who may read them from elsewhere. ``own_types``: the types
    that a tenant made, loaded again where a type of that name is not cached. ``body_seconds``: how long a body may take to
    arrive. ``stopping``: set when the process is told to end; who waits for something to happen answers then.
    """

    intake: SendIntake
    throttle: KeyRateLimits
    cells: Cells
    sealer: Sealer
    credentials: Credentials
    clock: Clock
    new_id: Callable[[datetime], UUID]
    random: Callable[[int], bytes]
    signing_keys: Callable[[int, str, int], Awaitable[Sequence[SigningKey]]]
    readiness: ReadinessCheck
    exposition: Callable[[], Awaitable[bytes]]
    admin: AdminContext
    own_types: Callable[[int, str], Awaitable[OwnTypes]]
    stopping: asyncio.Event
    allow_private_networks: bool = False
    limits: Limits = CONTRACT
    metrics_token: str | None = None
    body_seconds: float = BODY_SECONDS

    def database_of(self, caller: Caller) -> Database:
        """The store that holds the caller's tenant."""
        return self.cells.of(caller.tenant)

    @property
    def database(self) -> Database:
        """The only store, while there is one cell."""
        return self.cells.all[0]
