"""How much, and how long? What a transport may use of others' hosts and of this machine.

Time-outs are the floor of RFC 5321 section 4.5.3.2; ``session`` bounds what one delivery may cost in all before its
body leaves, because a host that answers each command after four minutes keeps every rule and still is a tarpit.
"""

from datetime import timedelta
from typing import Final

import msgspec

from posthouse.model.outcome import AttemptStage


class TransportLimits(msgspec.Struct, frozen=True, kw_only=True):
    """``connections``: open at once to one destination; ``total``: of one transport; ``messages``: over one connection.

    ``depth``: deliveries that ``capacity`` lets in for each connection. ``idle``: how long an unused connection is kept. The
    time-outs run from our command to the end of its reply; ``body`` from one sign of progress to the next.
    """

    connections: int = 20
    total: int = 500
    messages: int = 1000
    depth: int = 4
    idle: timedelta = timedelta(seconds=30)
    connect: timedelta = timedelta(seconds=30)
    greeting: timedelta = timedelta(minutes=5)
    hello: timedelta = timedelta(minutes=5)
    tls: timedelta = timedelta(minutes=1)
    auth: timedelta = timedelta(minutes=5)
    mail: timedelta = timedelta(minutes=5)
    rcpt: timedelta = timedelta(minutes=5)
    data: timedelta = timedelta(minutes=2)
    body: timedelta = timedelta(minutes=3)
    dot: timedelta = timedelta(minutes=10)
    quit: timedelta = timedelta(seconds=5)
    session: timedelta = timedelta(minutes=15)

    def seconds(self) -> dict[AttemptStage, float]:
        """The time-out of each stage."""
        stages = (
            AttemptStage.CONNECT,
            AttemptStage.GREETING,
            AttemptStage.HELLO,
            AttemptStage.TLS,
            AttemptStage.AUTH,
            AttemptStage.MAIL,
            AttemptStage.RCPT,
            AttemptStage.DATA,
        )
        return {stage: getattr(self, stage.value).total_seconds() for stage in (*stages, AttemptStage.BODY, AttemptStage.DOT)}


RELAY: Final = TransportLimits()
MX: Final = TransportLimits(connections=10, idle=timedelta(seconds=15))
