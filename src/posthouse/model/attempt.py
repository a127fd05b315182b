"""One attempt over one route, and its outcome."""

from datetime import datetime

import msgspec

from posthouse.model.outcome import Outcome, Withheld


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try over one route. ``adapter`` is the transport's name; ``remote_id`` the queue id that the peer gave it.

    ``tls``: version and cipher, such as ``TLSv1.3 TLS_AES_256_GCM_SHA384``, or ''.
    """

    outcome: Outcome | Withheld
    adapter: str
    started_at: datetime
    duration_ms: float
    host: str = ""
    remote_id: str = ""
    tls: str = ""
