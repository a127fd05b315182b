"""The exact bytes handed over, rebuilt from what is stored: content, first attempt, keys.

Nothing is stored twice. What varies was fixed by the first attempt and stands in its row, so the same bytes
come out; the digest recorded with the attempt says whether they did.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from posthouse.mail.dkim import SigningKey
from posthouse.pipeline.deliver import sign
from posthouse.store.messages.contents import open_content
from posthouse.store.seal import Sealer
from posthouse.telemetry import metrics

Keys = Callable[[int, str, int], Awaitable[Sequence[SigningKey]]]


class HandedOver(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of a delivery's attempts that its bytes depend on. ``keyset`` None: it was not signed."""

    tenant: int
    message: UUID
    header_domain: str
    key_id: int
    sealed: bytes
    first_attempt_at: datetime
    keyset: int | None
    digest: bytes | None


async def rebuild(sealer: Sealer, keys: Keys, facts: HandedOver) -> bytes:
    """The bytes. Errors: the sealer's, when the key is wrong."""
    content = open_content(sealer, facts.sealed, facts.key_id, facts.message.bytes)
    signers = await keys(facts.tenant, facts.header_domain, facts.keyset) if facts.keyset is not None else ()
    data = sign.signed_bytes(content, sign.message_id(facts.message, facts.header_domain), facts.first_attempt_at, signers)
    if facts.digest is not None and sign.digest(data) != facts.digest:
        metrics.DIGEST_MISMATCHES.inc()
    return data
