"""A brand: how a tenant's mail looks."""

import msgspec


class Brand(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """'' where nothing is set. ``color``: ``#rrggbb``; ``logo_url`` and ``support_url``: https addresses."""

    company: str = ""
    logo_url: str = ""
    color: str = ""
    support_email: str = ""
    support_url: str = ""
    postal_address: str = ""
