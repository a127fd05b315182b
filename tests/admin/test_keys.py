"""What an actor may do with keys: never more than it may do itself."""

import msgspec

from posthouse.admin import keys
from posthouse.admin.keys import CreatedKey, KeyRequest
from posthouse.model.credential import Credential
from posthouse.model.send_request import Environment, Rejection
from tests.admin.conftest import Admin

LIVE, TEST = KeyRequest(environment=Environment.LIVE), KeyRequest(environment=Environment.TEST)


async def created(admin: Admin, request: KeyRequest) -> Credential:
    made = await keys.create(admin.context, admin.operator, request)
    assert isinstance(made, CreatedKey)
    return made.credential


async def test_a_test_key_knows_of_test_keys_only_and_creates_no_live_one(admin: Admin) -> None:
    live, test = await created(admin, LIVE), await created(admin, TEST)
    assert [key.id for key in await keys.list_keys(admin.context, admin.test)] == [test.id]
    refused = await keys.create(admin.context, admin.test, LIVE)
    assert isinstance(refused, Rejection)
    assert refused.code == "forbidden"
    assert await keys.revoke(admin.context, admin.test, live.id) == keys.NO_KEY
    assert await keys.revoke(admin.context, admin.live, live.id) is None


async def test_a_live_key_knows_of_smtp_logins_and_a_test_key_only_of_those_of_the_sandbox(admin: Admin) -> None:
    login = await created(admin, KeyRequest(environment=Environment.LIVE, kind="smtp"))
    assert [key.id for key in await keys.list_keys(admin.context, admin.live)] == [login.id]
    assert await keys.list_keys(admin.context, admin.test) == []
    assert await keys.revoke(admin.context, admin.test, login.id) == keys.NO_KEY
    assert await keys.revoke(admin.context, admin.live, login.id) is None


async def test_an_old_key_is_listed_and_revoked_however_many_newer_ones_there_are(admin: Admin) -> None:
    old = await created(admin, LIVE)
    async with admin.context.database(admin.live).session() as session:
        await session.execute(
            "insert into credential (tenant, environment, id, kind, lookup, digest, name, created_at, revoked_at)"
            " select tenant, environment, gen_random_uuid() , kind, 'x' || n, digest, '', created_at, now()"
            " from credential, generate_series(1, 1500) n where id = $1",
            old.id,
        )
    listed = await keys.list_keys(admin.context, admin.live)
    assert (old.id in {key.id for key in listed}, len(listed)) == (True, 1001)
    assert await keys.find_key(admin.context, admin.live, old.id) == old
    assert await keys.revoke(admin.context, admin.live, old.id) is None


async def test_a_tenant_has_at_most_five_hundred_keys_that_work(admin: Admin) -> None:
    old = await created(admin, LIVE)
    async with admin.context.database(admin.live).session() as session:
        await session.execute(
            "insert into credential (tenant, environment, id, kind, lookup, digest, name, created_at)"
            " select tenant, environment, gen_random_uuid(), kind, 'x' || n, digest, '', created_at"
            " from credential, generate_series(1, 499) n where id = $1",
            old.id,
        )
    refused = await keys.create(admin.context, admin.live, LIVE)
    assert isinstance(refused, Rejection)
    assert refused.code == "conflict"
    assert await keys.revoke(admin.context, admin.live, old.id) is None
    await created(admin, LIVE)


async def test_a_key_with_a_rate_limit_cannot_lift_its_own(admin: Admin) -> None:
    limited = msgspec.structs.replace(admin.live, may_change_keys=False)
    key = await created(admin, LIVE)
    for refused in (
        await keys.create(admin.context, limited, LIVE),
        await keys.change_rate(admin.context, limited, key.id, None),
    ):
        assert isinstance(refused, Rejection)
        assert refused.code == "forbidden"


async def test_another_tenants_key_is_not_found(admin: Admin) -> None:
    key = await created(admin, LIVE)
    assert await keys.find_key(admin.context, admin.stranger, key.id) is None
    assert await keys.change_rate(admin.context, admin.stranger, key.id, 5) == keys.NO_KEY
    assert await keys.revoke(admin.context, admin.stranger, key.id) == keys.NO_KEY


async def test_a_type_that_nobody_knows_is_refused_with_the_nearest(admin: Admin) -> None:
    refused = await keys.create(admin.context, admin.live, msgspec.structs.replace(LIVE, type="pasword_reset"))
    assert isinstance(refused, Rejection)
    assert (refused.code, refused.errors[0].path) == ("validation_failed", "type")
    assert "password_reset" in refused.detail
