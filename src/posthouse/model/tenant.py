"""A tenant: the owner of keys, domains and messages."""

import msgspec


class Tenant(msgspec.Struct, frozen=True):
    """An owner of keys, domains and messages. ``ref`` is the public name of ``id``; the defaults fill a message's From and
    Reply-To.
    """

    id: int
    ref: str
    name: str
    default_from: str | None
    reply_to: str | None

    @property
    def settings(self) -> dict[str, str]:
        """What it may change of itself; '' where nothing is set."""
        return {"from": self.default_from or "", "replyTo": self.reply_to or ""}
