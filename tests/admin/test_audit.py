"""One way into the audit trail: every change leaves one row in its own transaction, without secrets."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from posthouse.admin import (
    approval,
    brand,
    domains,
    hooks,
    inbox,
    keys,
    message_types,
    streams,
    suppressions,
    template_parts,
    tenants,
    webhooks,
)
from posthouse.admin.audit import record
from posthouse.admin.keys import CreatedKey, KeyRequest
from posthouse.admin.suppression_csv import SuppressionToAdd
from posthouse.admin.webhooks import CreatedEndpoint, EndpointRequest, ReplayRequest, RotatedSecret
from posthouse.model.inbox import NewInboxItem
from posthouse.model.send_request import Environment, Rejection
from posthouse.model.webhook_endpoint import EndpointChange
from posthouse.store.messages import inbox as stored_inbox
from posthouse.store.postgres.database import Session
from tests.admin.conftest import Admin
from tests.support.postgres import NOW

URL = "https://hooks.app.example/services/T00/secret-path?token=secret-query"


async def test_every_change_of_settings_leaves_its_row(admin: Admin) -> None:
    context, actor = admin.context, admin.operator
    await tenants.change_tenant(context, actor, {"sender": "Shop <a@shop.example>"})
    await brand.change_brand(context, actor, {"company": "Shop"})
    await streams.create_stream(context, actor, "orders", {"unsubscribe": True})
    await streams.change_stream(context, actor, "orders", {"unsubscribe": False})
    await message_types.add_type(context, actor, "order_update", "shipping_update", "")
    await message_types.remove_type(context, actor, "order_update")
    await template_parts.put_part(context, actor, "layout", "base.html", "<p></p>")
    await approval.require(context, actor, required=True)
    assert await admin.actions() == [
        "tenant.changed",
        "brand.changed",
        "stream.created",
        "stream.changed",
        "type.created",
        "type.removed",
        "template_part.created",
        "approval.changed",
    ]
    assert {entry.actor for entry in await admin.trail()} == {actor.name}


async def test_what_changes_nothing_leaves_no_row(admin: Admin) -> None:
    context, actor = admin.context, admin.operator
    await tenants.change_tenant(context, actor, {})
    await brand.change_brand(context, actor, {"company": ""})
    await approval.require(context, actor, required=False)
    assert await inbox.empty(context, actor) == 0
    assert await admin.trail() == []


async def test_a_key_is_created_limited_and_revoked_with_a_row_each_and_no_secret_in_them(admin: Admin) -> None:
    context, actor = admin.context, admin.operator
    created = await keys.create(context, actor, KeyRequest(environment=Environment.LIVE, name="shop"))
    login = await keys.create(context, actor, KeyRequest(environment=Environment.LIVE, kind="smtp"))
    assert isinstance(created, CreatedKey)
    assert isinstance(login, CreatedKey)
    await keys.change_rate(context, actor, created.credential.id, 60)
    await keys.revoke(context, actor, created.credential.id)
    assert await admin.actions() == ["key.created", "key.created", "key.changed", "key.revoked"]
    trail = await admin.trail()
    assert trail[1].data == {"environment": "live", "before": {"ratePerMinute": None}, "after": {"ratePerMinute": 60}}
    assert {entry.subject.partition("_")[0] for entry in trail} == {"key/key"}
    for secret in (created.secret, login.secret, login.credential.lookup):
        assert secret not in text(trail)


async def test_an_endpoint_is_changed_with_a_row_each_and_neither_secret_nor_path_in_them(admin: Admin) -> None:
    context, actor = admin.context, admin.operator
    created = await webhooks.create(context, actor, EndpointRequest(url=URL, events=["message.*"]))
    assert isinstance(created, CreatedEndpoint)
    id = created.endpoint.id
    await webhooks.change(context, actor, id, EndpointChange(enabled=False))
    await webhooks.change(context, actor, id, EndpointChange(enabled=True, url=URL + "2"))
    rotated = await webhooks.rotate(context, actor, id, timedelta(hours=1))
    assert isinstance(rotated, RotatedSecret)
    await webhooks.send_test(context, actor, id)
    await webhooks.replay(context, actor, id, ReplayRequest(failed=True))
    assert await webhooks.replay(context, actor, id, ReplayRequest(event=context.new_id(NOW))) == 0
    await webhooks.remove(context, actor, id)
    assert await admin.actions() == [
        "webhook.created",
        "webhook.changed",
        "webhook.changed",
        "webhook.secret_rotated",
        "webhook.tested",
        "webhook.replayed",
        "webhook.removed",
    ]
    trail = await admin.trail()
    assert trail[-2].data == {"environment": "live", "before": {"enabled": True}, "after": {"enabled": False}}
    assert trail[-1].data is not None
    assert trail[-1].data["url"] == "https://hooks.app.example/…"
    for secret in (created.secret, rotated.secret, "secret-path", "secret-query"):
        assert secret not in text(trail)


async def test_a_domain_and_a_hook_leave_a_row_for_each_step(admin: Admin) -> None:
    context, actor = admin.context, admin.operator
    await domains.add(context, actor, "shop.example", trust=False)
    await domains.add(context, actor, "shop.example", trust=True)
    await domains.add(context, actor, "shop.example", trust=True)
    token = await hooks.create(context, actor, "resend")
    [hook] = await hooks.list_hooks(context, actor)
    assert await hooks.revoke(context, actor, hook.id) is None
    assert isinstance(await hooks.revoke(context, actor, hook.id), Rejection)
    assert await admin.actions() == ["domain.added", "domain.trusted", "hook.created", "hook.revoked"]
    assert token not in text(await admin.trail())


async def test_a_new_tenant_begins_its_own_trail(admin: Admin) -> None:
    created = await tenants.create(admin.context, admin.operator, "third", sender="Third <a@third.example>")
    number = await admin.count("select id from tenant where ref = $1", created.tenant)
    owner = msgspec.structs.replace(admin.operator, tenant=number)
    [entry] = await admin.trail(owner)
    assert (entry.action, entry.actor) == ("tenant.created", admin.operator.name)
    assert await admin.trail() == []
    for secret in (created.live_key, created.test_key, created.smtp.password):
        assert secret not in text([entry])


async def test_an_emptied_inbox_is_on_record_with_the_recipient_as_a_hash(admin: Admin) -> None:
    item = NewInboxItem(
        id=admin.context.new_id(NOW),
        tenant=admin.test.tenant,
        environment=int(admin.test.environment),
        message=admin.context.new_id(NOW),
        position=0,
        recipient="jane@x.test",
        type="receipt",
        data=b"Subject: x\r\n\r\n",
    )
    async with admin.context.database(admin.test).session() as session:
        await stored_inbox.insert_many(session, admin.context.sealer, [item], NOW)
    assert await inbox.empty(admin.context, admin.test, "jane@x.test") == 1
    [entry] = await admin.trail()
    lookup = (await admin.context.address_key(admin.test)).of("jane@x.test").hex()
    assert (entry.action, entry.data) == ("inbox.emptied", {"environment": "test", "lookup": lookup, "mails": 1})


async def test_a_change_whose_row_cannot_be_written_is_not_made(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("the trail is broken")

    monkeypatch.setattr("posthouse.store.tenants.audit.write", broken)
    context, actor = admin.context, admin.operator
    with pytest.raises(RuntimeError):
        await keys.create(context, actor, KeyRequest(environment=Environment.LIVE))
    with pytest.raises(RuntimeError):
        await webhooks.create(context, actor, EndpointRequest(url=URL))
    with pytest.raises(RuntimeError):
        await domains.add(context, actor, "shop.example", trust=True)
    with pytest.raises(RuntimeError):
        await tenants.create(context, actor, "third")
    with pytest.raises(RuntimeError):
        await suppressions.add(context, actor, [SuppressionToAdd(address="jane@x.test")])
    for table in ("credential", "webhook_endpoint", "domain", "suppression"):
        assert await admin.count(f"select count(*) from {table}") == 0, table
    assert await admin.count("select count(*) from tenant") == 2


async def test_a_row_is_rolled_back_with_its_change(admin: Admin) -> None:
    async def change(session: Session) -> None:
        await record(admin.context, session, admin.operator, "something.changed", "something", {})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        async with admin.context.database(admin.operator).transaction() as session:
            await change(session)
    assert await admin.trail() == []


def text(trail: list[Any]) -> str:
    return msgspec.json.encode(trail).decode()
