"""Which message type was a stored message accepted as? A built-in one, or one that its tenant made."""

from posthouse.model.message_type import MessageType
from posthouse.policy import types
from posthouse.store.postgres.database import Session
from posthouse.store.tenants import message_types


async def type_of_stored(session: Session, tenant: int, name: str) -> MessageType:
    """The type by its name, also where the tenant removed it since: its row stays. Errors: KeyError where there never was one."""
    built_in = types.BY_NAME.get(name)
    if built_in is not None:
        return built_in
    parent = await message_types.parent_of(session, tenant, name)
    if parent is None:
        raise KeyError(name)
    return types.own(name, parent)
