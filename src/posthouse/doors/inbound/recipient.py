"""Whose address is it? Answered at RCPT, before a message is taken: an address of nobody costs us a reply and nothing else.

A return path of ours (``b+…``) or an unsubscribe address (``u+…``), each proved by its signature alone: no database, so guessing
ten thousand of them is ten thousand HMACs. ``postmaster`` and ``abuse`` must be there (RFC 5321 section 4.5.1, RFC 2142), but
anybody may write to them, so they are rate-limited.
"""

import msgspec

from posthouse.doors.inbound.rate_limit import RateLimit
from posthouse.doors.inbound.sampled_log import SampledLog
from posthouse.mail.smtp.server import reply
from posthouse.model.mailbox import Mailbox
from posthouse.pipeline.feedback.receive import Destination, OperatorMailbox, find_destination
from posthouse.telemetry import metrics


class RecipientDirectory(msgspec.Struct, frozen=True):
    """``token_keys``: those of return paths, the new one first.

    ``rate_limit``: of operators' mail; ``forged_log``: of addresses of nobody.
    """

    token_keys: tuple[bytes, ...]
    rate_limit: RateLimit | None = None
    forged_log: SampledLog | None = None

    def find(self, local_part: str) -> Destination | None:
        """The delivery behind a local part, the operator's mailbox, or None."""
        return find_destination(self.token_keys, local_part)

    def check(self, mailbox: Mailbox) -> bytes | None:
        """None where it is ours and may be written to now, else the refusal."""
        destination = self.find(mailbox.local)
        if isinstance(destination, OperatorMailbox) and self.rate_limit is not None and not self.rate_limit.take():
            metrics.LETTERS.labels("operator", "rationed").inc()
            return reply.MAILBOX_RATE_LIMITED
        if destination is not None:
            return None
        if self.forged_log is not None:
            self.forged_log.count(mailbox.local)
        return reply.NO_SUCH_MAILBOX
