"""Webhook endpoints: created, changed, removed, tested, given a new secret, and events posted to them again.

The address is checked when it is given, so that a mistake is reported at once, and again at every connection, because what a name
stands for changes. It must be https, unless private networks are allowed: then http is taken too, for development.

Known sharp edges: a window is replayed in pieces, each with its own commit, so the row of the audit trail is written before the
first.
"""

import difflib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.admin.audit import difference, record_in_environment
from posthouse.admin.context import AdminContext
from posthouse.admin.streams import check_streams
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.event import EventType
from posthouse.model.http import UrlFault, parse_url
from posthouse.model.keys import EndpointKey
from posthouse.model.send_request import FieldError, Rejection, invalid
from posthouse.model.webhook_endpoint import EndpointChange, WebhookAttempt, WebhookEndpoint
from posthouse.model.webhook_event import PREFIX as EVENT_PREFIX
from posthouse.net.reach import is_public
from posthouse.sinks.standard_webhook import shown
from posthouse.store.postgres.database import Session
from posthouse.store.webhooks import endpoints
from posthouse.store.webhooks import replay as stored_replay

PREFIX: Final = "whk"
ATTEMPT_PREFIX: Final = "whd"
SECRET_BYTES: Final = 32
MOST_ENDPOINTS: Final = 100
MOST_REPLAYED: Final = 1_000_000
OVERLAP: Final = timedelta(hours=24)
LONGEST_OVERLAP: Final = timedelta(days=7)
OUTCOMES: Final = ("delivered", "later", "failed", "gone")
ALL: Final = "*"
EVENT_PATTERN: Final = r"^(\*|[a-z]+\.(\*|[a-z_]+))"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FILTER: Final = re.compile(EVENT_PATTERN)
_TYPES: Final = tuple(type.value for type in EventType)
# What a filter may be; the contract has domain events, though there are none yet.
FILTERS: Final = (ALL, "message.*", "alert.*", "domain.*", *_TYPES)
_LAST: Final = UUID(int=(1 << 128) - 1)
NO_ENDPOINT: Final = Rejection("not_found", "There is no such endpoint.")
_TOO_MANY: Final = invalid(FieldError("", f"is one too many; a tenant has at most {MOST_ENDPOINTS} endpoints in an environment"))
_DISABLED: Final = invalid(FieldError("", "the endpoint is disabled; enable it first"))


class EndpointRequest(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint to create. ``events`` and ``streams``: only these; None or empty: all."""

    url: str
    events: Sequence[str] | None = None
    streams: Sequence[str] | None = None


class CreatedEndpoint(msgspec.Struct, frozen=True):
    """An endpoint with its secret as a Standard Webhooks library takes it; it is shown once."""

    endpoint: WebhookEndpoint
    secret: str


class RotatedSecret(msgspec.Struct, frozen=True):
    """A new secret, shown once; those before sign too until ``overlap_until``."""

    secret: str
    overlap_until: datetime


class ReplayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which events to post again: one, those since a time (``until`` None: up to now), or all that ``failed``."""

    event: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    failed: bool = False


class AttemptQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which attempts of the log: of one event, of one outcome, before one of them."""

    event: UUID | None = None
    outcome: str | None = None
    before: UUID | None = None
    limit: int = 50


async def list_endpoints(context: AdminContext, actor: Actor, before: UUID | None, limit: int) -> list[WebhookEndpoint]:
    """At most ``limit`` endpoints of the actor's tenant and environment, newest first, older than ``before``."""
    return await endpoints.page(context.database(actor), actor.tenant, actor.environment, before or _LAST, limit)


async def get_endpoint(context: AdminContext, actor: Actor, endpoint: UUID) -> WebhookEndpoint | None:
    """One of them."""
    return await endpoints.one(context.database(actor), _key(actor, endpoint))


async def list_attempts(context: AdminContext, actor: Actor, endpoint: UUID, query: AttemptQuery) -> list[WebhookAttempt]:
    """Attempts to post to an endpoint, newest first."""
    return await endpoints.log(
        context.database(actor),
        _key(actor, endpoint),
        query.before or _LAST,
        query.limit,
        event=query.event,
        outcome=query.outcome,
    )


async def create(context: AdminContext, actor: Actor, request: EndpointRequest) -> CreatedEndpoint | Rejection:
    """Create an endpoint, which gets the events that happen from now on."""
    if errors := check_endpoint(context, request.url, request.events):
        return invalid(*errors)
    now, secret = context.clock.now(), context.random(SECRET_BYTES)
    key = _key(actor, context.new_id(now))
    async with context.database(actor).transaction() as session:
        if errors := await _check_streams(session, actor, request.streams):
            return invalid(*errors)
        endpoint = await endpoints.create(
            session,
            context.sealer,
            key,
            request.url,
            secret,
            now,
            events=_stored_filters(request.events),
            streams=request.streams,
            most=MOST_ENDPOINTS,
        )
        if endpoint is None:
            return _TOO_MANY
        await _record(context, session, actor, "webhook.created", key.id, _settings(endpoint))
    return CreatedEndpoint(endpoint, shown(secret))


async def change(context: AdminContext, actor: Actor, endpoint: UUID, changed: EndpointChange) -> WebhookEndpoint | Rejection:
    """Change an endpoint, disable it, or enable it again; what waited then goes on."""
    if errors := check_endpoint(context, changed.url, changed.events):
        return invalid(*errors)
    key, stored_change = _key(actor, endpoint), msgspec.structs.replace(changed, events=_stored_filters(changed.events))
    async with context.database(actor).transaction() as session:
        if errors := await _check_streams(session, actor, changed.streams):
            return invalid(*errors)
        before = await endpoints.get_in(session, key)
        stored = await endpoints.change(session, key, stored_change, context.clock.now())
        if before is None or stored is None:
            return NO_ENDPOINT
        data = difference(_settings(before), _settings(stored))
        await _record(context, session, actor, "webhook.changed", endpoint, data)
    return stored


async def _check_streams(session: Session, actor: Actor, named: Sequence[str] | None) -> tuple[FieldError, ...]:
    return await check_streams(session, actor.tenant, {f"streams[{at}]": name for at, name in enumerate(named or ())})


async def remove(context: AdminContext, actor: Actor, endpoint: UUID) -> Rejection | None:
    """Remove an endpoint; nothing is posted to it any more."""
    key = _key(actor, endpoint)
    async with context.database(actor).transaction() as session:
        before = await endpoints.get_in(session, key)
        if before is None or not await endpoints.remove(session, key, context.clock.now()):
            return NO_ENDPOINT
        await _record(context, session, actor, "webhook.removed", endpoint, _settings(before))
    return None


async def rotate(context: AdminContext, actor: Actor, endpoint: UUID, overlap: timedelta) -> RotatedSecret | Rejection:
    """Give an endpoint a new secret; those before sign too for ``overlap`` more."""
    now, secret = context.clock.now(), context.random(SECRET_BYTES)
    async with context.database(actor).transaction() as session:
        if not await endpoints.rotate(session, context.sealer, _key(actor, endpoint), secret, now, overlap):
            return NO_ENDPOINT
        data = {"overlapSeconds": overlap.total_seconds()}
        await _record(context, session, actor, "webhook.secret_rotated", endpoint, data)
    return RotatedSecret(shown(secret), now + overlap)


async def send_test(context: AdminContext, actor: Actor, endpoint: UUID) -> UUID | Rejection:
    """Have an event of type ``webhook.test`` posted; its id, by which the log shows what came back."""
    now, key = context.clock.now(), _key(actor, endpoint)
    event = context.new_id(now)
    async with context.database(actor).transaction() as session:
        stored = await endpoints.get_in(session, key)
        if stored is None:
            return NO_ENDPOINT
        if stored.disabled_at is not None:
            return _DISABLED
        await stored_replay.queue_test_event(session, key, event, now)
        await _record(context, session, actor, "webhook.tested", endpoint, {"event": ids.text(EVENT_PREFIX, event)})
    return event


async def replay(context: AdminContext, actor: Actor, endpoint: UUID, request: ReplayRequest) -> int | Rejection:
    """Post events to an endpoint again; how many. 0 for one event that is not known, or that the filters leave out."""
    now, key, database = context.clock.now(), _key(actor, endpoint), context.database(actor)
    async with database.transaction() as session:
        if await endpoints.get_in(session, key) is None:
            return NO_ENDPOINT
        if request.event is not None and not await stored_replay.replay_event(session, key, request.event, now):
            return 0
        await _record(context, session, actor, "webhook.replayed", endpoint, _replay_data(request))
    if request.event is not None:
        return 1
    if request.failed or request.since is None:
        return await stored_replay.replay_failed(database, key, now)
    # A time before 1970 has no id, and one far in the future none either.
    first, last = (min(max(each, _EPOCH), now + timedelta(days=1)) for each in (request.since, request.until or now))
    return await stored_replay.replay(
        database, key, ids.floor(first), ids.floor(last + timedelta(milliseconds=1)), now, MOST_REPLAYED
    )


def check_endpoint(context: AdminContext, url: str | None, events: Sequence[str] | None) -> tuple[FieldError, ...]:
    """What is wrong with an address and filters that are given."""
    errors = []
    if url is not None and (fault := check_url(url, allow_private=context.allow_private_networks)):
        errors.append(FieldError("url", fault))
    for index, event in enumerate(events or ()):
        if fault := check_filter(event):
            errors.append(FieldError(f"events[{index}]", fault))
    return tuple(errors)


def check_url(url: str, *, allow_private: bool) -> str | None:
    """Why events are not posted there; None where they may be."""
    parsed = parse_url(url)
    if isinstance(parsed, UrlFault):
        return parsed.message
    if allow_private:
        return None
    if not parsed.secured:
        return "must begin with https://"
    if parsed.host == "localhost" or parsed.host.endswith(".localhost") or (parsed.address and not is_public(parsed.address)):
        return "must not be a private, loopback or reserved address"
    return None


def check_filter(event: str) -> str | None:
    """Why a filter lets no event through; None where it may. ``message.*`` stands for all types that begin so."""
    if _FILTER.fullmatch(event) is None:
        return "must be an event type such as message.delivered, or message.*"
    if event not in FILTERS:
        return f"is no event type; the nearest known is '{difflib.get_close_matches(event[:64], FILTERS[1:], 1, 0.0)[0]}'"
    return None


def _stored_filters(events: Sequence[str] | None) -> list[str] | None:
    """The filters as they are stored: an empty list for all, None where none were given."""
    return None if events is None else [] if ALL in events else list(dict.fromkeys(events))


def _key(actor: Actor, endpoint: UUID) -> EndpointKey:
    return EndpointKey(actor.tenant, actor.environment, endpoint)


def _settings(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """What a person may set of an endpoint."""
    return {
        "url": endpoint.url,
        "events": endpoint.events or [],
        "streams": endpoint.streams or [],
        "enabled": endpoint.disabled_at is None,
    }


def _replay_data(request: ReplayRequest) -> dict[str, Any]:
    if request.event is not None:
        return {"event": ids.text(EVENT_PREFIX, request.event)}
    return {"failed": True} if request.since is None else {"since": request.since, "until": request.until}


def _masked(data: dict[str, Any]) -> dict[str, Any]:
    """The same without the path and query of addresses: receivers like Slack put a secret there."""
    masked = {name: _masked(value) if isinstance(value, dict) else value for name, value in data.items()}
    url = data.get("url")
    return masked if url is None else masked | {"url": _origin(url)}


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].partition("?")[0]
    return f"{scheme}://{host}/…"


async def _record(
    context: AdminContext, session: Session, actor: Actor, action: str, endpoint: UUID, data: dict[str, Any]
) -> None:
    subject = f"webhook/{ids.text(PREFIX, endpoint)}"
    await record_in_environment(context, session, actor, action, subject, _masked(data))
