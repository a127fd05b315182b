"""A mailbox as this product keeps it: the wire form, and the name people see."""

import msgspec


class Mailbox(msgspec.Struct, frozen=True):
    """An address and the name people see. ``local`` is exactly what stands on the wire (quoted if it must be); ``domain`` an
    A-label.

    Made only by ``mail.address``; two mailboxes are the same address when local and domain are.
    """

    local: str
    domain: str
    name: str = ""

    @property
    def address(self) -> str:
        """The path between ``<`` and ``>`` on the wire, byte for byte."""
        return f"{self.local}@{self.domain}"
