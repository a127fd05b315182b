"""A provider's call: whose hook it is, whether the call is the provider's, and then it is kept and answered at once.

Nothing of the body is read before its signature is judged, and a call that is not the provider's leaves nothing behind but
a count. What is in it is worked on later (``pipeline.feedback.loop``): a provider waits for nobody's parsing.

Known sharp edges: a call whose certificate must be fetched first waits for that, once per certificate.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.http.problem import not_found, refuse
from posthouse.model.clock import Clock
from posthouse.model.feedback import HookAddress
from posthouse.model.hook import Hook, HookRejected, HookVerified, NeedsCertificate
from posthouse.model.send_request import Rejection
from posthouse.pipeline.feedback.receive import FeedbackReceiver
from posthouse.providers.codec import ProviderCodec
from posthouse.providers.registry import BY_NAME
from posthouse.store.postgres.database import Database
from posthouse.store.recipients import hooks
from posthouse.telemetry import metrics

log = structlog.get_logger()

MOST_BYTES: Final = 5 << 20
_UNKNOWN: Final = not_found("There is no such hook. `posthouse hook add PROVIDER` makes one.")
_UNSET: Final = Rejection("forbidden", "No secret of this provider is configured, so its hooks are refused.")
_WRONG: Final = Rejection("unauthenticated", "This call is not signed by the provider.")
_STRANGER: Final = Rejection("unauthenticated", "The user name and password of this call are not those that are configured.")
_LARGE: Final = Rejection("too_large", f"A call may have {MOST_BYTES >> 20} MB.")


class HookParts(msgspec.Struct, frozen=True, kw_only=True):
    """``secrets``: by provider, as configured. ``certificate``: what stands at an address that was checked, or None."""

    database: Database
    receiver: FeedbackReceiver
    clock: Clock
    secrets: Mapping[str, str]
    certificate: Callable[[str], Awaitable[bytes | None]]


def called(parts: HookParts) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of all hooks."""

    async def endpoint(request: Request) -> Response:
        name, token = request.path_params["provider"], request.path_params["token"]
        codec = BY_NAME.get(name)
        address = None if codec is None else await hooks.find(parts.database, name, token)
        if codec is None or address is None:
            return refuse(_UNKNOWN)
        secret = parts.secrets.get(name)
        if secret is None:
            return refuse(_UNSET)
        body = await whole_body(request, MOST_BYTES)
        if body is None:
            return refuse(_LARGE)
        hook = Hook({key.lower(): value for key, value in reversed(request.headers.items())}, body)
        checked = await _checked(parts, codec, hook, secret)
        if isinstance(checked, HookRejected):
            metrics.FORGED.labels(name).inc()
            log.info("hook refused", provider=name, why=checked.why)
            return _unproven(codec)
        return await _kept(parts, address, hook, checked)

    return endpoint


def _unproven(codec: ProviderCodec) -> Response:
    """Told what it should have brought: a signature, or what the provider's scheme asks for."""
    if not codec.challenge:
        return refuse(_WRONG)
    response = refuse(_STRANGER)
    response.headers["WWW-Authenticate"] = codec.challenge
    return response


async def whole_body(request: Request, limit: int) -> bytes | None:
    """The whole body, or None where it is larger than ``limit`` octets."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return b"".join(parts)


async def _checked(parts: HookParts, codec: ProviderCodec, hook: Hook, secret: str) -> HookVerified | HookRejected:
    now = parts.clock.now()
    found = codec.verify(hook, secret, now)
    if not isinstance(found, NeedsCertificate):
        return found
    certificate = await parts.certificate(found.url)
    if certificate is None:
        return HookRejected("its certificate could not be fetched")
    again = codec.verify(hook, secret, now, certificate=certificate)
    return again if not isinstance(again, NeedsCertificate) else HookRejected("its certificate leads to another")


async def _kept(parts: HookParts, address: HookAddress, hook: Hook, checked: HookVerified) -> Response:
    taken = await parts.receiver.receive_hook(address, hook, checked.once)
    metrics.HOOKS.labels(address.provider, "taken" if taken else "repeated").inc()
    return Response(status_code=200)
