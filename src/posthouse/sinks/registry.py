"""Which kinds of receiver there are: a literal table, one line each."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from posthouse.model.http import HttpRequest, HttpResponse, NotReached
from posthouse.model.told import ToldEvent
from posthouse.sinks import standard_webhook
from posthouse.sinks.standard_webhook import Answer


class Sink(msgspec.Struct, frozen=True):
    """A codec: an event, where to, secrets and now → request; what came back → what it means."""

    encode: Callable[[ToldEvent, str, Sequence[bytes], datetime], HttpRequest]
    decode: Callable[[HttpResponse | NotReached, datetime], Answer]


SINKS: Final[dict[str, Sink]] = {
    "standard": Sink(standard_webhook.encode, standard_webhook.decode),
}
