"""How much may another HTTP server cost us? Time, bytes, and idle connections."""

from datetime import timedelta

import msgspec


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """``total``: from the look-up to the last byte read; ``connect``: TCP and TLS with one address.

    ``body``: octets of a response that are read; ``head``: octets of its status line and fields. ``idle``: how long an idle
    connection stays open; ``per_origin`` and ``max_idle``: how many of them. ``requests``: over one connection.
    """

    total: timedelta = timedelta(seconds=15)
    connect: timedelta = timedelta(seconds=5)
    body: int = 64 * 1024
    head: int = 16 * 1024
    idle: timedelta = timedelta(seconds=20)
    per_origin: int = 16
    max_idle: int = 128
    requests: int = 1000
