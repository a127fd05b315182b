"""A stream: a separated sending identity of a tenant, and what it set for it."""

import re
from typing import Final

import msgspec

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


class Stream(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A stream's settings.

    ``content_policy``: off, flag or refuse. ``unsubscribe``: mail carries List-Unsubscribe. Tracking: where a type may be
    tracked. ``tracking_domain``: the host of tracked links, by https; '' for that of the installation. ``sender``: the From
    address of mail that has none; '' for the tenant's own.
    """

    name: str
    content_policy: str = "flag"
    unsubscribe: bool = False
    reply_to: str = ""
    postal_address: str = ""
    track_opens: bool = False
    track_clicks: bool = False
    tracking_domain: str = ""
    sender: str = msgspec.field(default="", name="from")


def default(name: str) -> Stream:
    """A stream as it is while nothing was set; ``marketing`` is commercial, so its mail can be unsubscribed from."""
    return Stream(name=name, unsubscribe=name == "marketing")
