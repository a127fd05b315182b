"""Every endpoint of the API: the tuples that the resource modules end in, joined.

A new resource is a module with handlers, Structs and ``ENDPOINTS``, and one line here. Routes, ``/openapi.json`` and
``docs/api.md`` follow.
"""

from typing import Final

from posthouse.doors.api.messages import events, inbox, messages
from posthouse.doors.api.sending import send
from posthouse.doors.api.settings import keys, streams, tenant, types
from posthouse.doors.api.suppressions import entries, feedback, window
from posthouse.doors.api.system import alerts, health
from posthouse.doors.api.templates import parts, rendering, versions
from posthouse.doors.api.webhooks import endpoints
from posthouse.doors.http.endpoint import Endpoint

HOT_PATH: Final = "/v1/send"
ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *send.ENDPOINTS,
    *messages.ENDPOINTS,
    *rendering.ENDPOINTS,
    *inbox.ENDPOINTS,
    *events.ENDPOINTS,
    *keys.ENDPOINTS,
    *window.ENDPOINTS,  # before entries: the router takes the first path that fits, and /v1/suppressions/{id} fits these too
    *entries.ENDPOINTS,
    *versions.ENDPOINTS,
    *parts.ENDPOINTS,
    *tenant.ENDPOINTS,
    *streams.ENDPOINTS,
    *types.ENDPOINTS,
    *endpoints.ENDPOINTS,
    *feedback.ENDPOINTS,
    *alerts.ENDPOINTS,
    *health.ENDPOINTS,
)
