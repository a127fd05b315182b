"""Whose is this address? Said at RCPT, before a message is taken: what is nobody's costs us a reply and nothing else.

A return path of ours (``b+…``) or a way out of a list (``u+…``), each proved by its signature alone: no look into the database, so
guessing ten thousand of them is ten thousand HMACs. ``postmaster`` and ``abuse`` must be there (RFC 5321 section 4.5.1, RFC 2142), but
anybody may write to them, so they are rationed.
"""

from typing import Final

import msgspec

from posthouse.doors.inbound.rate_limit import RateLimit
from posthouse.doors.inbound.sampled_log import SampledLog
from posthouse.mail import link, return_path
from posthouse.mail.link import Link
from posthouse.mail.return_path import ReturnPath
from posthouse.mail.smtp.server import reply
from posthouse.model.mailbox import Mailbox
from posthouse.telemetry import metrics

OPERATOR: Final = frozenset({"postmaster", "abuse"})


class RecipientDirectory(msgspec.Struct, frozen=True):
    """``token_keys``: those of return paths, the new one first. ``ration``: of the operator's mailboxes; ``sample``: of what is forged."""

    token_keys: tuple[bytes, ...]
    ration: RateLimit | None = None
    sample: SampledLog | None = None

    def whose(self, local: str) -> ReturnPath | Link | str | None:
        """The delivery behind a local part, the operator's mailbox by its name, or None."""
        if local.lower() in OPERATOR:
            return local.lower()
        for key in self.token_keys:
            found = return_path.read(key, local)
            if found is not None:
                return found
        return link.read_address(tuple(link.link_key(key) for key in self.token_keys), local)

    def receives(self, mailbox: Mailbox) -> bytes | None:
        """None where it is ours, else the refusal."""
        whose = self.whose(mailbox.local)
        if isinstance(whose, str) and self.ration is not None and not self.ration.takes():
            metrics.LETTERS.labels("operator", "rationed").inc()
            return reply.MAILBOX_RATE_LIMITED
        if whose is not None:
            return None
        if self.sample is not None:
            self.sample.count(mailbox.local)
        return reply.NO_SUCH_MAILBOX
