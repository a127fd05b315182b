"""How much of a stranger's HTTP server do we put up with? Time, bytes, and connections kept open."""

from datetime import timedelta

import msgspec


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """``total``: from the first look-up to the last byte read; ``connect``: TCP and TLS with one address.

    ``body``: octets of an answer that are read; ``head``: octets of its status line and fields. ``idle``: how long an unused connection is
    kept; ``per_origin`` and ``kept``: how many of them. ``requests``: over one connection.
    """

    total: timedelta = timedelta(seconds=15)
    connect: timedelta = timedelta(seconds=5)
    body: int = 64 * 1024
    head: int = 16 * 1024
    idle: timedelta = timedelta(seconds=20)
    per_origin: int = 16
    kept: int = 128
    requests: int = 1000
