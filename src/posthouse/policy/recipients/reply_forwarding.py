"""Whether a person's reply may be forwarded to the address that a tenant named for replies: the closed list of reasons against
it.

What we send comes from our return path, and where that is in the author's own domain a receiver takes it for genuine (DMARC, RFC
7489 section 3.1.2: SPF in alignment). So a reply that claims to come from our own domains is reported and not forwarded: it could
be forged.

Must never know: how replies are read, stored or sent.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum

from posthouse.model.message_type import MessageClass
from posthouse.model.suppression import SuppressionAnswer, SuppressionFact
from posthouse.policy.recipients.bounce_brake import provider_of
from posthouse.policy.recipients.suppress import judge


class NotForwarded(StrEnum):
    """Why a reply is not forwarded; the ``reason`` of the event."""

    LIST = "list"
    LOOPED = "looped"
    NO_REPLY_ADDRESS = "no_reply_address"
    OWN_DOMAIN = "own_domain"
    SUPPRESSED = "suppressed"
    UNREADABLE = "unreadable"


def own_domain(author: str, own_domains: Collection[str]) -> bool:
    """Whether an author's address has the registrable domain of one of ours."""
    return provider_of(author.rpartition("@")[2]) in {provider_of(name) for name in own_domains if name}


def is_listed(entries: Sequence[SuppressionFact], stream: str) -> bool:
    """Whether the address to forward to is suppressed; to a provisional one the reply waits like any mail."""
    ruling = judge(entries, MessageClass.TRANSACTIONAL, stream)
    return ruling is not None and ruling[1].answer not in (SuppressionAnswer.PASS, SuppressionAnswer.DEFER)
