"""One limit for many processes: what all of them take together is what one may take."""

import asyncio
import os
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from posthouse.mail.address import parse_mailbox
from posthouse.model.mailbox import Mailbox
from posthouse.model.message_type import OwnType
from posthouse.model.send_request import Caller, Environment, SendRequest
from posthouse.pipeline.accept.accept import StoreUnavailable
from posthouse.pipeline.accept.rate_limits import KeyRateLimits
from posthouse.pipeline.accept.tenant_facts import TenantFacts
from posthouse.store.postgres.database import Database, connect
from posthouse.store.tenants import message_types, tenants
from posthouse.store.tenants.credentials import Credentials, create_api_key
from posthouse.store.tenants.domains import Domains
from posthouse.testing.clock import FakeClock
from tests.support.http_door import SEALER
from tests.support.postgres import NOW

JANE = parse_mailbox("jane@example.com")
assert isinstance(JANE, Mailbox)
LETTER = SendRequest(to=(JANE,), text="Hello")
CODE = SendRequest(to=(JANE,), text="123456", type="two_factor_code")


def throttle_over(database: Database, clock: FakeClock) -> KeyRateLimits:
    return KeyRateLimits(database, TenantFacts(database, Domains(database, SEALER), clock), clock)


async def limited(database: Database, rate: int | None, environment: Environment = Environment.LIVE) -> Caller:
    tenant = await tenants.create(database, f"tenant {os.urandom(4).hex()}", NOW)
    _, secret = await create_api_key(database, tenant.id, environment, now=NOW, random=os.urandom, rate=rate)
    caller = await Credentials(database, FakeClock(NOW)).by_key(secret)
    assert caller is not None
    assert caller.rate == rate
    return caller


async def taken(throttle: KeyRateLimits, caller: Caller, request: SendRequest = LETTER) -> bool:
    allowance = await throttle.check(caller, (request,))
    assert allowance is not None
    return allowance.rejection is None


async def test_concurrent_processes_share_one_limit(database: Database, database_dsn: str) -> None:
    clock, caller = FakeClock(NOW), await limited(database, 100)
    others = [await connect(database_dsn, size=2, application=f"door {number}") for number in range(3)]
    try:
        doors = [throttle_over(one, clock) for one in (database, *others)]
        answers = await asyncio.gather(*(taken(door, caller) for _ in range(60) for door in doors))
        assert sum(answers) == 100
        clock.advance(timedelta(seconds=6))
        assert sum(await asyncio.gather(*(taken(door, caller) for _ in range(10) for door in doors))) == 10
    finally:
        for one in others:
            await one.close()


async def test_requests_for_two_buckets_in_any_order_do_not_deadlock(database: Database, database_dsn: str) -> None:
    clock, keys = FakeClock(NOW), [await limited(database, 50) for _ in range(4)]
    other = await connect(database_dsn, size=2, application="door 2")
    try:
        doors = [throttle_over(database, clock), throttle_over(other, clock)]
        orders = [(key, request) for key in keys for request in (LETTER, CODE)]
        asked = [
            taken(door, *each)
            for _ in range(30)
            for door, order in zip(doors, (orders, orders[::-1]), strict=True)
            for each in order
        ]
        async with asyncio.timeout(30):
            answers = await asyncio.gather(*asked)
        assert sum(answers) == 50 * len(orders)
    finally:
        await other.close()


async def test_a_code_of_a_tenants_own_type_counts_as_authentication(database: Database) -> None:
    caller, throttle = await limited(database, 2), throttle_over(database, FakeClock(NOW))
    async with database.session() as connection:
        await message_types.add(connection, caller.tenant, OwnType(uuid4(), "door_code", "two_factor_code", "", NOW))
    code = msgspec.structs.replace(CODE, type="door_code")
    assert [await taken(throttle, caller, code) for _ in range(3)] == [True, True, False]
    assert not await taken(throttle, caller, CODE)
    assert await taken(throttle, caller)


async def test_a_key_without_a_limit_needs_no_query(database: Database) -> None:
    caller, throttle = await limited(database, None), throttle_over(database, FakeClock(NOW))
    await database.close()
    assert await throttle.check(caller, (LETTER,)) is None


async def test_an_unavailable_database_is_reported_as_such(database: Database) -> None:
    caller, throttle = await limited(database, 5), throttle_over(database, FakeClock(NOW))
    await database.close()
    with pytest.raises(StoreUnavailable):
        await throttle.check(caller, (LETTER,))
