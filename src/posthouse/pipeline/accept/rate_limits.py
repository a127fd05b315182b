"""The rate limit of a key is checked before any work is done for a request, in buckets that all processes share.

A message is counted once, however many recipients it has, and whether it is accepted, refused, a duplicate or a dry run; what
could not be parsed is not counted. Authentication mail has a bucket of its own. A batch is allowed whole or not at all.
A key without a limit is not looked up anywhere; requests of limited keys that arrive meanwhile share a transaction.

Known sharp edges: a message counts although the store is unavailable right after, or its batch is refused for another reason.
The bucket depends on the type, so a message of an unknown type, which is refused, is counted in the ordinary one. For limited
keys the type is resolved here and once more for the draft: what is cached of the tenant may change in between.
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
from posthouse.pipeline.accept.accept import translating
from posthouse.pipeline.accept.message_type import type_of_stored
from posthouse.pipeline.accept.tenant_facts import TenantFacts
from posthouse.pipeline.batching import Batcher
from posthouse.policy import throttle
from posthouse.policy.throttle import BucketState, BucketTaken, BucketWait
from posthouse.store.messages import resend
from posthouse.store.postgres.database import Database, is_unavailable
from posthouse.store.tenants import buckets
from posthouse.store.tenants.buckets import Buckets
from posthouse.telemetry import metrics

_ORDINARY: Final = False


class RateLimitResult(msgspec.Struct, frozen=True):
    """The state of a limited key's bucket after a request; ``rejection``: why it was not allowed."""

    standing: BucketState
    rejection: Rejection | None = None


class RateRequest(msgspec.Struct, frozen=True):
    """How many messages a key requests at once, by bucket; ``rate``: messages a minute."""

    rate: int
    counts: Mapping[BucketKey, int]


class KeyRateLimits:
    """One per process."""

    def __init__(self, database: Database, facts: TenantFacts, clock: Clock) -> None:
        self._database = database
        self._facts = facts
        self._clock = clock
        self._checks: Batcher[RateRequest, RateLimitResult] = Batcher(self._check_batch, fails_together=is_unavailable)

    async def check(self, caller: Caller, requests: Sequence[SendRequest | Rejection]) -> RateLimitResult | None:
        """Count these messages; None for a key without a limit. Errors: StoreUnavailable."""
        if caller.rate is None:
            return None
        readable = [request for request in requests if isinstance(request, SendRequest)]
        return await translating(self._check_requests(caller, caller.rate, readable))

    async def check_resend(self, caller: Caller, message: UUID) -> RateLimitResult | None:
        """The same for a message that is to be sent again; one that does not exist is not counted. Errors: StoreUnavailable."""
        if caller.rate is None:
            return None
        return await translating(self._check_resend(caller, caller.rate, message))

    async def _check_requests(self, caller: Caller, rate: int, requests: Sequence[SendRequest]) -> RateLimitResult:
        return await self._check(caller, rate, await self._count(caller, requests))

    async def _check_resend(self, caller: Caller, rate: int, message: UUID) -> RateLimitResult:
        async with self._database.session() as session:
            name = await resend.type_of(session, caller.tenant, int(caller.environment), message)
            type = None if name is None else await type_of_stored(session, caller.tenant, name)
        authentication = type is not None and type.message_class is MessageClass.AUTHENTICATION
        return await self._check(caller, rate, {authentication: int(type is not None)})

    async def _check(self, caller: Caller, rate: int, counts: Mapping[bool, int]) -> RateLimitResult:
        """``counts``: messages by whether they are authentication mail."""
        credential = ids.parse("key", caller.credential)
        if credential is None:
            raise ValueError("only a credential of the store has a rate")
        keys = {
            BucketKey(caller.tenant, int(caller.environment), credential, authentication): count
            for authentication, count in (counts or {_ORDINARY: 0}).items()
        }
        result = await self._checks.submit(RateRequest(rate, keys))
        if result.rejection is not None:
            metrics.REJECTED.labels(caller.door, result.rejection.code).inc()
        return result

    async def _count(self, caller: Caller, requests: Sequence[SendRequest]) -> Mapping[bool, int]:
        """Messages by whether they are authentication mail."""
        template_types: dict[tuple[str, int | None], str | None] = {}
        counts = Counter[bool]()
        for request in requests:
            template_type = None
            if request.template is not None and request.type is None:
                key = (request.template, request.template_version)
                if key not in template_types:
                    template_types[key] = await self._template_type(caller, *key)
                template_type = template_types[key]
            type_and_stream = await self._facts.type_and_stream(caller, request, template_type)
            counts[type_and_stream.message_class is MessageClass.AUTHENTICATION] += 1
        return counts

    async def _template_type(self, caller: Caller, name: str, version: int | None) -> str | None:
        template = await self._facts.templates.find(caller.tenant, caller.environment, name, version)
        return None if isinstance(template, Rejection) else template.type

    async def _check_batch(self, requests: list[RateRequest]) -> list[RateLimitResult]:
        """All that arrived meanwhile, in order, in one transaction."""
        results: list[RateLimitResult] = []
        now = self._clock.now()

        def decide(stored: Buckets) -> Buckets:
            # A request that is allowed leaves less for the next one of the same batch; one that is not leaves all.
            current, changed = dict(stored), dict[BucketKey, object]()
            for request in requests:
                outcomes = {key: throttle.take(current[key], request.rate, count, now) for key, count in request.counts.items()}
                results.append(_result(request, outcomes))
                if results[-1].rejection is None:
                    taken = {
                        key: outcome.full_at
                        for key, outcome in outcomes.items()
                        if isinstance(outcome, BucketTaken) and request.counts[key]
                    }
                    current.update(taken)
                    changed.update(taken)
            return {key: current[key] for key in changed}

        await buckets.change(self._database, (key for request in requests for key in request.counts), now, decide)
        return results


def _result(request: RateRequest, outcomes: Mapping[BucketKey, BucketTaken | BucketWait]) -> RateLimitResult:
    """Whole or not at all: the longest wait decides; without one, the bucket with the least left is reported."""
    waits = [(key, outcome) for key, outcome in outcomes.items() if isinstance(outcome, BucketWait)]
    if not waits:
        states = (outcome.standing for outcome in outcomes.values())
        return RateLimitResult(min(states, key=lambda state: state.remaining))
    key, wait = max(waits, key=lambda pair: pair[1].seconds if pair[1].seconds is not None else float("inf"))
    return RateLimitResult(wait.standing, _rejection(request.rate, request.counts[key], key, wait))


def _rejection(rate: int, count: int, key: BucketKey, wait: BucketWait) -> Rejection:
    limit = f"this key may ask for {rate:,} {'authentication ' if key.authentication else ''}message{'s' * (rate > 1)} a minute"
    if wait.seconds is None:
        error = FieldError("messages", f"{count:,} at once never fit: {limit}; send fewer at once")
        return Rejection("too_large", f"{error.message[0].upper()}{error.message[1:]}.", (error,))
    detail = f"{limit[0].upper()}{limit[1:]}; {count:,} more fit{'s' * (count == 1)} in {wait.seconds:,} seconds."
    return Rejection("rate_limited", detail, retry_after=wait.seconds)
