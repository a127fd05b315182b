"""A visit to a link of ours becomes feedback on the delivery whose mail carried it."""

from collections.abc import Awaitable, Callable

from posthouse.mail.link import Link
from posthouse.model.clock import Clock
from posthouse.model.feedback import Feedback
from posthouse.model.keys import DeliveryKey
from posthouse.net.entropy import Entropy
from posthouse.pipeline.feedback.take import LINK_SOURCE, FeedbackParts, FeedbackTaker
from posthouse.store.postgres.database import Database
from posthouse.store.recipients.suppression_lookup import load_key
from posthouse.store.seal import Sealer


def visit_recorder(
    database: Database, sealer: Sealer, clock: Clock, entropy: Entropy
) -> Callable[[Link, Feedback], Awaitable[None]]:
    """What the link endpoints call; the key of addresses is loaded at the first visit."""
    loaded: list[FeedbackTaker] = []

    async def record(link: Link, fact: Feedback) -> None:
        if not loaded:
            key = await load_key(database, sealer, entropy.bytes)
            loaded.append(FeedbackTaker(FeedbackParts(database=database, clock=clock, entropy=entropy, key=key)))
        await loaded[0].take(DeliveryKey(link.tenant, link.environment, link.message, link.position), [fact], LINK_SOURCE)

    return record
