"""Which kinds of receiver there are: a literal table, one line each."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from posthouse.model.http import HttpRequest, HttpResponse, NoAnswer
from posthouse.model.webhook_event import WebhookEvent
from posthouse.policy.webhooks import DecodedAnswer
from posthouse.sinks import standard_webhook


class Sink(msgspec.Struct, frozen=True):
    """A codec: an event, where to, secrets and now → request; what came back → what it means."""

    encode: Callable[[WebhookEvent, str, Sequence[bytes], datetime], HttpRequest]
    decode: Callable[[HttpResponse | NoAnswer, datetime], DecodedAnswer]


SINKS: Final[dict[str, Sink]] = {
    "standard": Sink(standard_webhook.encode, standard_webhook.decode),
}
