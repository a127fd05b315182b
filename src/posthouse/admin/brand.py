"""A tenant's brand: how its mail looks."""

import msgspec

from posthouse.admin.addresses import check_addresses
from posthouse.admin.audit import difference, record
from posthouse.admin.context import AdminContext
from posthouse.model.actor import Actor
from posthouse.model.brand import Brand
from posthouse.model.send_request import Rejection, invalid
from posthouse.store.tenants import brands


async def change_brand(context: AdminContext, actor: Actor, changed: dict[str, str]) -> Brand | Rejection:
    """Set the fields that are given; '' clears one."""
    if errors := check_addresses(changed):
        return invalid(*errors)
    async with context.database(actor).transaction() as session:
        before = await brands.get_for_update(session, actor.tenant)
        brand = msgspec.structs.replace(before, **changed)
        if brand != before:
            await brands.put(session, actor.tenant, brand, context.clock.now())
            await record(context, session, actor, "brand.changed", "brand", difference(before, brand))
    context.forget_settings(actor.tenant)
    return brand
