"""May a letter be handed on to whom a tenant named for answers? The closed list of what speaks against it.

What we send comes from our return path, and where that is in the author's own domain a receiver takes it for genuine (DMARC, RFC 7489
section 3.1.2: SPF in alignment). So a letter that says it is from our side is told of and not handed on: nobody could tell a forged one.

Must never know: how letters are read, stored or sent.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum

from posthouse.model.message_type import MessageClass
from posthouse.model.suppression import SuppressionAnswer, SuppressionFact
from posthouse.policy.recipients.bounce_brake import provider_of
from posthouse.policy.recipients.suppress import judge


class NotForwarded(StrEnum):
    """Why a letter is not handed on; the ``reason`` of the event."""

    LIST = "list"
    LOOPED = "looped"
    NO_REPLY_ADDRESS = "no_reply_address"
    OWN_DOMAIN = "own_domain"
    SUPPRESSED = "suppressed"
    UNREADABLE = "unreadable"


def own_domain(author: str, ours: Collection[str]) -> bool:
    """Whether an author's address has the registrable domain of one of ours."""
    return provider_of(author.rpartition("@")[2]) in {provider_of(name) for name in ours if name}


def is_listed(entries: Sequence[SuppressionFact], stream: str) -> bool:
    """Whether the address it would go to is not to be written to; one that is provisional waits like any mail."""
    judged = judge(entries, MessageClass.TRANSACTIONAL, stream)
    return judged is not None and judged[1].answer not in (SuppressionAnswer.PASS, SuppressionAnswer.DEFER)
