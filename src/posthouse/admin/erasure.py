"""Erase an address: the request of a person, carried out at once and on record, without the address.

What is erased stands in ``store.recipients.erasure``; how a text may hold the address, in ``admin.address_pattern``. The address
itself stays on the suppression list as a hash with a legal block, so that it is never written to again.
"""

import msgspec

from posthouse.admin.address_pattern import core, pattern, spellings
from posthouse.admin.audit import record
from posthouse.admin.context import AdminContext
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.erasure import AddressToErase
from posthouse.model.mailbox import Mailbox
from posthouse.store.recipients import erasure as erasing
from posthouse.store.recipients.suppression_lookup import PREFIX


class Erased(msgspec.Struct, frozen=True, rename="camel"):
    """What was done. ``pending``: messages whose content stays because others of it still wait; erase again when they are
    sent.
    """

    entries: tuple[str, ...]
    messages: int
    stopped: int
    pending: int
    texts: int


class AddressInUse(msgspec.Struct, frozen=True):
    """Nothing was done: these settings of the tenant's own hold the address, and have to be changed first."""

    places: tuple[str, ...]


async def erase(context: AdminContext, actor: Actor, mailbox: Mailbox, reason: str) -> Erased | AddressInUse:
    """Erase an address from everything of the tenant's, live and test. Errors: what Postgres raises; running it again does the
    rest.
    """
    now, address = context.clock.now(), mailbox.address
    target = AddressToErase(
        tenant=actor.tenant,
        lookup=(await context.address_key(actor)).of(address),
        spellings=spellings(address),
        core=core(address),
        pattern=pattern(address),
        reason=reason,
        actor=actor.name,
    )
    async with context.database(actor).session() as session:
        if places := await erasing.in_use(session, target):
            return AddressInUse(tuple(places))
        # The legal block comes first and alone, so that nothing is sent to the address while the rest is erased.
        async with session.transaction():
            blocks = await erasing.block(session, target, now, context.new_id)
            entries = tuple(ids.text(PREFIX, each) for each in blocks)
            subject = f"suppression/{entries[-1]}"
            await record(context, session, actor, "address erasure begun", subject, {"entries": entries, "reason": reason})
        sent = await erasing.written_to(session, target)
        async with session.transaction():
            counts = msgspec.to_builtins(await erasing.forget(session, target, sent, now, context.new_id))
            data = {"entries": entries, **counts, "reason": reason}
            await record(context, session, actor, "address erased", subject, data)
        texts = await erasing.erase_from_texts(session, target)
    return Erased(entries=entries, texts=texts, **counts)
