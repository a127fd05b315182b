"""What a limited key asks for is counted before any work is done for it, in buckets that all processes share.

A message is counted once, however many recipients it has, and whether it is taken, refused, a duplicate or a dry run; what
could not be read is none. Authentication mail has a bucket of its own. A batch is taken whole or not at all.
A key without a limit is not looked up anywhere; those of limited keys that come meanwhile share a transaction.

Known sharp edges: a message counts although the store is away right after, or its batch is refused for another reason. Which
bucket it is decided by type, so a message of an unknown type, which is refused, comes out of the ordinary one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from posthouse.model import ids
from posthouse.model.clock import Clock
from posthouse.model.keys import BucketKey
from posthouse.model.message_type import MessageClass
from posthouse.model.send_request import Caller, FieldError, Rejection, SendRequest
from posthouse.pipeline.accept.accept import translated
from posthouse.pipeline.accept.message_type import type_of_stored
from posthouse.pipeline.accept.tenant_facts import TenantFacts
from posthouse.pipeline.batching import Batcher
from posthouse.policy import throttle, types
from posthouse.policy.accept import admit
from posthouse.policy.throttle import BucketState, BucketTaken, BucketWait
from posthouse.policy.types import OwnTypes
from posthouse.store.messages import resend
from posthouse.store.postgres.database import Database, is_unavailable
from posthouse.store.tenants import buckets
from posthouse.store.tenants.buckets import Buckets
from posthouse.telemetry import metrics

_ORDINARY: Final = False
_AUTHENTICATION: Final = True


class RateLimitResult(msgspec.Struct, frozen=True):
    """How a limited key stands after a request; ``rejection``: it was not allowed."""

    standing: BucketState
    rejection: Rejection | None = None


class RateRequest(msgspec.Struct, frozen=True):
    """How many messages of each bucket a key asks for at once."""

    rate: int
    counts: Mapping[BucketKey, int]


class KeyRateLimits:
    """One per process."""

    def __init__(self, database: Database, facts: TenantFacts, clock: Clock) -> None:
        """Nothing is counted yet."""
        self._database = database
        self._facts = facts
        self._clock = clock
        self._together: Batcher[RateRequest, RateLimitResult] = Batcher(self._count, fails_together=is_unavailable)

    async def ask(self, caller: Caller, asked: Sequence[SendRequest | Rejection]) -> RateLimitResult | None:
        """Count these messages; None for a key without a limit. Errors: StoreUnavailable."""
        if caller.rate is None:
            return None
        try:
            counts = await self._buckets(caller, [one for one in asked if isinstance(one, SendRequest)])
            return await self._allowed(caller, caller.rate, counts)
        except Exception as error:
            raise translated(error) from error

    async def ask_again(self, caller: Caller, message: UUID) -> RateLimitResult | None:
        """The same for a message that is to be sent once more; one that is not there counts nothing."""
        if caller.rate is None:
            return None
        try:
            async with self._database.session() as session:
                name = await resend.type_of(session, caller.tenant, int(caller.environment), message)
                known = None if name is None else await type_of_stored(session, caller.tenant, name)
            own = known is not None and known.message_class is MessageClass.AUTHENTICATION
            return await self._allowed(caller, caller.rate, {own: int(known is not None)})
        except Exception as error:
            raise translated(error) from error

    async def _allowed(self, caller: Caller, rate: int, counts: Mapping[bool, int]) -> RateLimitResult:
        credential = ids.parse("key", caller.credential)
        if credential is None:
            raise ValueError("only a credential of the store has a rate")
        keys = {
            BucketKey(caller.tenant, int(caller.environment), credential, own): count
            for own, count in (counts or {_ORDINARY: 0}).items()
        }
        allowance = await self._together.submit(RateRequest(rate, keys))
        if allowance.rejection is not None:
            metrics.REJECTED.labels(caller.door, allowance.rejection.code).inc()
        return allowance

    async def _buckets(self, caller: Caller, asked: Sequence[SendRequest]) -> Mapping[bool, int]:
        """How many go out of which bucket."""
        by_template: dict[tuple[str, int | None], str | None] = {}
        counts = Counter[bool]()
        for request in asked:
            named = None
            if request.template is not None and request.type is None:
                key = (request.template, request.template_version)
                if key not in by_template:
                    by_template[key] = await self._template_type(caller, *key)
                named = by_template[key]
            known = await self._own_types(caller, admit.wanted_type(request, caller, named))
            counts[admit.class_of(request, caller, named, known) is MessageClass.AUTHENTICATION] += 1
        return counts

    async def _own_types(self, caller: Caller, wanted: str) -> OwnTypes:
        """Those that the tenant made, where a type is none of the built-in ones."""
        return {} if wanted in types.BY_NAME else await self._facts.own_types(caller.tenant, wanted)

    async def _template_type(self, caller: Caller, name: str, version: int | None) -> str | None:
        found = await self._facts.templates.find(caller.tenant, name, version)
        return None if isinstance(found, Rejection) else found.type

    async def _count(self, waiting: list[RateRequest]) -> list[RateLimitResult]:
        """All that came meanwhile, in order, in one transaction."""
        answers: list[RateLimitResult] = []
        now = self._clock.now()

        def judge(found: Buckets) -> Buckets:
            left, changed = dict(found), dict[BucketKey, object]()
            for asked in waiting:
                judged = {key: throttle.take(left[key], asked.rate, count, now) for key, count in asked.counts.items()}
                answers.append(_allowance(asked, judged))
                if answers[-1].rejection is None:
                    taken = {
                        key: one.full_at for key, one in judged.items() if isinstance(one, BucketTaken) and asked.counts[key]
                    }
                    left.update(taken)
                    changed.update(taken)
            return {key: left[key] for key in changed}

        await buckets.change(self._database, (key for asked in waiting for key in asked.counts), now, judge)
        return answers


def _allowance(asked: RateRequest, judged: Mapping[BucketKey, BucketTaken | BucketWait]) -> RateLimitResult:
    """Whole or not at all: the longest wait decides, else the bucket with the least left is told of."""
    waits = [(key, one) for key, one in judged.items() if isinstance(one, BucketWait)]
    if not waits:
        return RateLimitResult(min((one.standing for one in judged.values()), key=lambda standing: standing.remaining))
    key, wait = max(waits, key=lambda each: each[1].seconds if each[1].seconds is not None else float("inf"))
    return RateLimitResult(wait.standing, _refused(asked.rate, asked.counts[key], key, wait))


def _refused(rate: int, count: int, key: BucketKey, wait: BucketWait) -> Rejection:
    limit = f"this key may ask for {rate:,} {'authentication ' if key.authentication else ''}message{'s' * (rate > 1)} a minute"
    if wait.seconds is None:
        fault = FieldError("messages", f"{count:,} at once never fit: {limit}; send fewer at once")
        return Rejection("too_large", f"{fault.message[0].upper()}{fault.message[1:]}.", (fault,))
    detail = f"{limit[0].upper()}{limit[1:]}; {count:,} more fit{'s' * (count == 1)} in {wait.seconds:,} seconds."
    return Rejection("rate_limited", detail, retry_after=wait.seconds)
