"""A provider's call: which hook it is for and whether the provider made it; then it is stored and answered at once.

Nothing in the body is parsed before its signature is verified, and a call that is not the provider's leaves nothing behind but a
count. Its content is processed later (``pipeline.feedback.loop``), so that a provider never waits for parsing.

Known sharp edges: a call whose certificate must be fetched first waits for that, once per certificate.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from posthouse.doors.http.body import UnreadBody, receive
from posthouse.doors.http.endpoint import JSON, Endpoint, ResponseDoc, Schema
from posthouse.doors.http.limits import BODY_SECONDS
from posthouse.doors.http.problem import body_too_slow, not_found, refuse
from posthouse.model.clock import Clock
from posthouse.model.feedback import HookAddress
from posthouse.model.hook import Hook, HookRejected, HookVerified, NeedsCertificate
from posthouse.model.send_request import Rejection
from posthouse.pipeline.feedback.receive import FeedbackReceiver
from posthouse.providers.registry import BY_NAME
from posthouse.providers.shared.codec import ProviderCodec
from posthouse.store.postgres.database import Database
from posthouse.store.recipients import hooks
from posthouse.telemetry import metrics

log = structlog.get_logger()

MOST_BYTES: Final = 5 << 20
_UNKNOWN_HOOK: Final = not_found("There is no such hook. `posthouse hook add PROVIDER` makes one.")
_NO_SECRET: Final = Rejection("forbidden", "No secret of this provider is configured, so its hooks are refused.")
_WRONG_SIGNATURE: Final = Rejection("unauthenticated", "This call is not signed by the provider.")
_WRONG_PASSWORD: Final = Rejection(
    "unauthenticated", "The user name and password of this call are not those that are configured."
)
_TOO_LARGE: Final = Rejection("too_large", f"A call may have {MOST_BYTES >> 20} MB.")


class HookParts(msgspec.Struct, frozen=True, kw_only=True):
    """``secrets``: by provider, as configured. ``certificate``: the certificate at an address that was checked, or None."""

    database: Database
    receiver: FeedbackReceiver
    clock: Clock
    secrets: Mapping[str, str]
    certificate: Callable[[str], Awaitable[bytes | None]]
    body_seconds: float = BODY_SECONDS


async def receive_hook(parts: HookParts, request: Request) -> Response:
    """Verify one call and store it."""
    name, token = request.path_params["provider"], request.path_params["token"]
    codec = BY_NAME.get(name)
    address = None if codec is None else await hooks.find(parts.database, name, token)
    if codec is None or address is None:
        return refuse(_UNKNOWN_HOOK)
    secret = parts.secrets.get(name)
    if secret is None:
        return refuse(_NO_SECRET)
    body = await receive(request, MOST_BYTES, parts.body_seconds)
    if isinstance(body, UnreadBody):
        return refuse(_TOO_LARGE if body is UnreadBody.TOO_LARGE else body_too_slow(parts.body_seconds))
    # Reversed: of a repeated header the first one counts.
    hook = Hook({key.lower(): value for key, value in reversed(request.headers.items())}, body)
    verification = await _verify(parts, codec, hook, secret)
    if isinstance(verification, HookRejected):
        metrics.FORGED.labels(name).inc()
        log.info("hook refused", provider=name, why=verification.why)
        return _refuse_unverified(codec)
    return await _store(parts, address, hook, verification)


def _refuse_unverified(codec: ProviderCodec) -> Response:
    """The refusal names what the call lacks: a signature, or the credentials of the provider's HTTP scheme."""
    if not codec.challenge:
        return refuse(_WRONG_SIGNATURE)
    response = refuse(_WRONG_PASSWORD)
    response.headers["WWW-Authenticate"] = codec.challenge
    return response


async def _verify(parts: HookParts, codec: ProviderCodec, hook: Hook, secret: str) -> HookVerified | HookRejected:
    now = parts.clock.now()
    verification = codec.verify(hook, secret, now)
    if not isinstance(verification, NeedsCertificate):
        return verification
    certificate = await parts.certificate(verification.url)
    if certificate is None:
        return HookRejected("its certificate could not be fetched")
    second = codec.verify(hook, secret, now, certificate=certificate)
    return second if not isinstance(second, NeedsCertificate) else HookRejected("its certificate leads to another")


async def _store(parts: HookParts, address: HookAddress, hook: Hook, verified: HookVerified) -> Response:
    # A provider repeats a call that it got no response to: the same event is stored once.
    is_new = await parts.receiver.receive_hook(address, hook, verified.once)
    metrics.HOOKS.labels(address.provider, "taken" if is_new else "repeated").inc()
    return Response(status_code=200)


_IN_PATH: Final[dict[str, Schema]] = {
    "provider": {"type": "string", "enum": sorted(BY_NAME)},
    "token": {"type": "string", "description": "The last part of the address that `posthouse hook add` printed.", "minLength": 1},
}
ENDPOINTS: Final = (
    Endpoint(
        method="POST", path="/hooks/{provider}/{token}", handler=receive_hook, operation_id="hook", summary="What a provider tells, signed its own way",
        tag="Feedback", needs_key=False, path_parameters=_IN_PATH, media_types={JSON: {}},
        responses={200: ResponseDoc("Kept, or kept before; read and acted on after this answer.")}, refusals=("unauthenticated", "forbidden", "too_large"),
    ),
)  # fmt: skip
