"""The JSON of webhook endpoints: what is asked and what is answered."""

from typing import Annotated

from msgspec import Meta, Struct

from posthouse.admin.webhooks import EVENT_PATTERN, FILTERS
from posthouse.doors.api.shared.fields import Instant, StreamName
from posthouse.model.http import LONGEST_URL

Address = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=LONGEST_URL,
        description="https, unless private networks are allowed.",
        examples=["https://app.example.com/hooks/mail"],
    ),
]
EventFilter = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=EVENT_PATTERN + r"$(?!\n)",
        extra={"form": "an event type such as message.delivered, or message.*"},
        examples=["message.delivered", "message.*"],
        extra_json_schema={"enum": list(FILTERS)},
    ),
]
EventFilters = Annotated[list[EventFilter], Meta(max_length=50, description="Only these; empty or `*`: all.")]
StreamFilters = Annotated[list[StreamName], Meta(max_length=50, description="Only messages of these streams; empty: all.")]


class WebhookBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An endpoint to be made."""

    url: Address
    events: EventFilters | None = None
    streams: StreamFilters | None = None


class WebhookChange(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to be otherwise. ``enabled`` true: switch on again what failed or was switched off; what waited goes on."""

    url: Address | None = None
    events: EventFilters | None = None
    streams: StreamFilters | None = None
    enabled: bool | None = None


class ReplayBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to be posted again: one event, a window of time, or all that failed and was not posted since."""

    event: Annotated[str, Meta(pattern=r"^evt_[0-9a-z]{26}$(?!\n)", extra={"form": "an id such as evt_…"})] | None = None
    since: Instant | None = None
    until: Annotated[Instant, Meta(description="Left out: now.")] | None = None
    failed: bool | None = None
