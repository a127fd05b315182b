"""Standard Webhooks 1.0: an event as a signed POST, and what the answer to it means.

The signature is HMAC-SHA256 over ``id.timestamp.body`` under the secret behind ``whsec_`` (base64), one per secret while they
rotate, separated by a space. The same three headers are sent under their ``svix-`` names too, which older verifiers
look for. Id and body are the same on every try; timestamp and signature are of the moment.

Known sharp edges: any 2xx is a yes, whatever the body says; a redirect is a failure.
"""

import base64
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec

from posthouse.model.http import HttpRequest, HttpResponse, NoAnswer
from posthouse.model.time_format import with_iso_times
from posthouse.model.webhook_event import WebhookEvent
from posthouse.policy.webhooks import DecodedAnswer, WebhookAnswer

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
_LATER: Final = frozenset({429, 503})


def shown(secret: bytes) -> str:
    """The secret as a receiver's library wants it: ``whsec_…``."""
    return PREFIX + base64.b64encode(secret).decode()


def encode(event: WebhookEvent, url: str, secrets: Sequence[bytes], now: datetime) -> HttpRequest:
    """The request that tells ``event``, signed with every one of ``secrets``."""
    body = msgspec.json.encode(with_iso_times(msgspec.to_builtins(event, builtin_types=(datetime,))))
    stamp = str(int(now.timestamp()))
    signed = b".".join((event.id.encode(), stamp.encode(), body))
    signatures = " ".join(f"v1,{base64.b64encode(hmac.digest(secret, signed, 'sha256')).decode()}" for secret in secrets)
    triple = (("id", event.id), ("timestamp", stamp), ("signature", signatures))
    names = tuple((f"{scheme}-{name}", value) for scheme in ("webhook", "svix") for name, value in triple)
    return HttpRequest(method="POST", url=url, headers=(("content-type", "application/json"), *names), body=body, repeatable=True)


def decode(answer: HttpResponse | NoAnswer, now: datetime) -> DecodedAnswer:
    """What an answer, or none, means for the event."""
    if isinstance(answer, NoAnswer):
        return DecodedAnswer(WebhookAnswer.FAILED)
    if 200 <= answer.status < 300:
        return DecodedAnswer(WebhookAnswer.DELIVERED)
    if answer.status == 410:
        return DecodedAnswer(WebhookAnswer.GONE)
    if answer.status in _LATER:
        return DecodedAnswer(WebhookAnswer.LATER, _retry_after(answer.header("retry-after"), now))
    return DecodedAnswer(WebhookAnswer.FAILED)


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Retry-After in seconds or as a date (RFC 9110 10.2.3); None for anything else."""
    if value is None:
        return None
    if value.isascii() and value.isdigit():
        return timedelta(seconds=int(value[:9]))
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta(0))
