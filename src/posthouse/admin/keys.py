"""API keys and SMTP logins: created, given another rate limit, revoked; never beyond what the actor itself may do.

A test key knows of test keys and logins only, a live key of both. A key with a rate limit creates no keys
and changes none, or it could lift its own limit. The secret is in the result of the creation and nowhere else.
"""

from typing import Final, Literal
from uuid import UUID

import msgspec

from posthouse.admin.audit import record
from posthouse.admin.context import AdminContext
from posthouse.admin.streams import check_streams
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.credential import PREFIX, Credential
from posthouse.model.send_request import Environment, FieldError, Rejection, invalid
from posthouse.policy import types
from posthouse.store.postgres.database import Session
from posthouse.store.tenants import credentials, message_types

NO_KEY: Final = Rejection("not_found", "There is no such key, or it was revoked before.")
MOST_LIVE: Final = 500  # keys and logins of a tenant that were not revoked
_TOO_MANY: Final = Rejection(
    "conflict", f"This tenant has {MOST_LIVE} keys and logins, which is the most; revoke those that nothing uses any more."
)
_LIMITED: Final = Rejection(
    "forbidden", "A key with a rate limit makes no keys and changes none; use another, or the command line."
)
_TEST_ONLY: Final = Rejection("forbidden", "A test key can make test keys only.")


class KeyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A key to create. ``type`` and ``stream``: of messages that name none; ``rate``: messages a minute, None for no limit."""

    environment: Environment
    kind: Literal["api", "smtp"] = "api"
    name: str = ""
    type: str | None = None
    stream: str | None = None
    rate: int | None = None


class CreatedKey(msgspec.Struct, frozen=True):
    """A credential with its secret, which is shown once."""

    credential: Credential
    secret: str


async def list_keys(context: AdminContext, actor: Actor) -> list[Credential]:
    """The credentials that the actor may know of, newest first, revoked ones too."""
    stored = await credentials.list_credentials(context.database(actor), actor.tenant)
    return [each for each in stored if _is_visible(actor, each)]


async def find_key(context: AdminContext, actor: Actor, key: UUID) -> Credential | None:
    """One of them."""
    async with context.database(actor).session() as session:
        found = await credentials.get(session, actor.tenant, key)
    return found if found is not None and _is_visible(actor, found) else None


async def create(context: AdminContext, actor: Actor, request: KeyRequest) -> CreatedKey | Rejection:
    """Create a key or a login."""
    async with context.database(actor).transaction() as session:
        if (rejection := await _check(session, actor, request)) is not None:
            return rejection
        create_credential = credentials.create_smtp_login if request.kind == "smtp" else credentials.create_api_key
        credential, secret = await create_credential(
            session,
            actor.tenant,
            request.environment,
            now=context.clock.now(),
            random=context.random,
            name=request.name,
            default_type=request.type,
            default_stream=request.stream,
            rate=request.rate,
        )
        data = {
            "kind": request.kind,
            "environment": request.environment.name.lower(),
            "name": request.name,
            "type": request.type,
            "stream": request.stream,
            "ratePerMinute": request.rate,
        }
        await record(context, session, actor, "key.created", _subject(credential.id), data)
    return CreatedKey(credential, secret)


async def change_rate(context: AdminContext, actor: Actor, key: UUID, rate: int | None) -> Credential | Rejection:
    """Give a key another rate limit, or none; other processes go by the old one for some seconds more."""
    async with context.database(actor).transaction() as session:
        before = await credentials.get_for_update(session, actor.tenant, key)
        if before is None or not _is_visible(actor, before):
            return NO_KEY
        if not actor.may_change_keys:
            return _LIMITED
        changed = await credentials.limit(session, actor.tenant, key, rate)
        assert changed is not None  # noqa: S101 - its row is locked
        if changed != before:
            rates = {"before": {"ratePerMinute": before.rate}, "after": {"ratePerMinute": changed.rate}}
            data = {"environment": before.environment.name.lower(), **rates}
            await record(context, session, actor, "key.changed", _subject(key), data)
    return changed


async def revoke(context: AdminContext, actor: Actor, key: UUID) -> Rejection | None:
    """End a key; other processes accept it for some seconds more."""
    async with context.database(actor).transaction() as session:
        before = await credentials.get_for_update(session, actor.tenant, key)
        if before is None or not _is_visible(actor, before):
            return NO_KEY
        await credentials.revoke(session, actor.tenant, key, context.clock.now())
        await record(
            context,
            session,
            actor,
            "key.revoked",
            _subject(key),
            {"environment": before.environment.name.lower(), "name": before.name},
        )
    return None


def _is_visible(actor: Actor, credential: Credential) -> bool:
    return actor.is_operator or credential.environment <= actor.environment


async def _check(session: Session, actor: Actor, request: KeyRequest) -> Rejection | None:
    if request.type is not None and request.type not in types.BY_NAME:
        own = types.own_types(await message_types.current(session, actor.tenant))
        if request.type not in own:
            return invalid(FieldError("type", types.unknown(request.type, own)))
    if errors := await check_streams(session, actor.tenant, {"stream": request.stream}):
        return invalid(*errors)
    if not actor.may_change_keys:
        return _LIMITED
    if request.environment is Environment.LIVE and actor.environment is not Environment.LIVE:
        return _TEST_ONLY
    if await credentials.count_live(session, actor.tenant) >= MOST_LIVE:
        return _TOO_MANY
    return None


def _subject(key: UUID) -> str:
    return f"key/{ids.text(PREFIX, key)}"
