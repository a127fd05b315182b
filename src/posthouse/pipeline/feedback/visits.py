"""A visit to a link of ours becomes news of the delivery whose mail carried it."""

from collections.abc import Awaitable, Callable

from posthouse.mail.link import Link
from posthouse.model.clock import Clock
from posthouse.model.feedback import Feedback
from posthouse.model.keys import DeliveryKey
from posthouse.net.entropy import Entropy
from posthouse.pipeline.feedback.take import FeedbackParts, FeedbackTaker
from posthouse.store.postgres.database import Database
from posthouse.store.recipients.suppression_lookup import load_key
from posthouse.store.seal import Sealer

SOURCE = "link"


def visit_recorder(
    database: Database, sealer: Sealer, clock: Clock, entropy: Entropy
) -> Callable[[Link, Feedback], Awaitable[None]]:
    """What the door of links tells; the key of the lists is loaded when first needed."""
    takings: list[FeedbackTaker] = []

    async def tell(link: Link, fact: Feedback) -> None:
        if not takings:
            key = await load_key(database, sealer, entropy.bytes)
            takings.append(FeedbackTaker(FeedbackParts(database=database, clock=clock, entropy=entropy, key=key)))
        await takings[0].take(DeliveryKey(link.tenant, link.environment, link.message, link.position), [fact], SOURCE)

    return tell
