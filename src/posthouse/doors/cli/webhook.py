"""``posthouse webhook``: where events are posted, tried out, told again, and the log of every try."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

import click

from posthouse.admin import webhooks as rules
from posthouse.admin.webhooks import MOST_ENDPOINTS, PREFIX, SECRET_BYTES, TRY_PREFIX
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.output import answer, as_json, facts, moment, remark, table
from posthouse.doors.cli.shared.session import CliSession, with_store
from posthouse.model import ids
from posthouse.model.keys import EndpointKey
from posthouse.model.send_request import Environment
from posthouse.model.webhook_endpoint import EndpointChange, WebhookAttempt, WebhookEndpoint
from posthouse.sinks.standard_webhook import shown
from posthouse.store.webhooks import endpoints, settle

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
HEADINGS: Final = ("ID", "STATUS", "URL", "EVENTS", "STREAMS", "FAILING SINCE", "CREATED")
LOG_HEADINGS: Final = ("AT", "EVENT", "TYPE", "TRY", "OUTCOME", "ANSWER", "MS", "NEXT")
LOOK: Final = 0.25
_LAST: Final = UUID(int=(1 << 128) - 1)
_TIME: Final = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])


def _whose(function: F) -> F:
    """The options that say whose endpoints are meant."""
    function = click.option("--tenant", metavar="REF", help="Whose; left out: the first tenant's.")(function)
    return click.option("--test", is_flag=True, help="Of the sandbox, instead of live mail.")(function)


@click.group()
def webhook() -> None:
    """Endpoints that events are posted to."""


@webhook.command()
@click.argument("url")
@click.option(
    "--event", "events", multiple=True, metavar="TYPE", help="Only these, such as message.bounced or message.*; repeatable."
)
@click.option("--stream", "streams", multiple=True, metavar="S", help="Only messages of these streams; repeatable.")
@_whose
@as_json
@click.pass_obj
def add(
    handed: CliContext,
    *,
    url: str,
    events: tuple[str, ...],
    streams: tuple[str, ...],
    tenant: str | None,
    test: bool,
    as_json: bool,
) -> None:
    """Have events posted to URL, and show its secret, once."""
    for event in events:
        if fault := rules.filter_fault(event):
            raise click.BadParameter(f"{event!r} {fault}", param_hint="--event")
    secret = handed.random(SECRET_BYTES)

    async def work(session: CliSession) -> WebhookEndpoint | None:
        if fault := rules.url_fault(url, allow_private=session.settings.allow_private_networks):
            raise click.BadParameter(fault, param_hint="URL")
        owner, now = await session.tenant(tenant), handed.now()
        place = EndpointKey(owner.id, _environment(test=test), new_id(handed, now))
        return await endpoints.create(
            session.store.database, session.store.sealer, place, url, secret, now, events=rules.filters(list(events) or None),
            streams=list(streams) or None, most=MOST_ENDPOINTS,
        )  # fmt: skip

    made = with_store(handed, work)
    if made is None:
        raise click.ClickException(f"There are {MOST_ENDPOINTS} endpoints already; remove one first.")
    if as_json:
        answer(_json(made) | {"secret": shown(secret)})
        return
    facts([("id", ids.text(PREFIX, made.id)), ("secret", shown(secret))])
    remark("The secret is shown this once; a Standard Webhooks library checks signatures with it.")


@webhook.command("list")
@_whose
@as_json
@click.pass_obj
def list_(handed: CliContext, *, tenant: str | None, test: bool, as_json: bool) -> None:
    """Show the endpoints, the newest first; never their secrets."""

    async def work(session: CliSession) -> list[WebhookEndpoint]:
        owner = await session.tenant(tenant)
        return await endpoints.page(session.store.database, owner.id, _environment(test=test), _LAST, MOST_ENDPOINTS)

    found = with_store(handed, work)
    if as_json:
        answer({"data": [_json(each) for each in found]})
    else:
        table(HEADINGS, map(_cells, found))


@webhook.command()
@click.argument("id")
@_whose
@click.pass_obj
def remove(handed: CliContext, *, id: str, tenant: str | None, test: bool) -> None:
    """Post nothing to the endpoint ID any more, and forget it."""

    async def work(session: CliSession, place: EndpointKey) -> bool:
        return await endpoints.remove(session.store.database, place, handed.now())

    _at(handed, id, work, tenant=tenant, test=test)
    remark("Removed.")


@webhook.command()
@click.argument("id")
@click.option("--off", is_flag=True, help="Switch it off instead.")
@_whose
@click.pass_obj
def enable(handed: CliContext, *, id: str, off: bool, tenant: str | None, test: bool) -> None:
    """Switch the endpoint ID on again; what waited for it goes on."""

    async def work(session: CliSession, place: EndpointKey) -> WebhookEndpoint | None:
        return await endpoints.change(session.store.database, place, EndpointChange(enabled=not off), handed.now())

    _at(handed, id, work, tenant=tenant, test=test)
    remark("Switched off." if off else "Switched on.")


@webhook.command()
@click.argument("id")
@click.option(
    "--overlap", type=click.IntRange(0, 168), default=24, show_default=True, help="Hours for which the secrets before sign too."
)
@_whose
@as_json
@click.pass_obj
def rotate(handed: CliContext, *, id: str, overlap: int, tenant: str | None, test: bool, as_json: bool) -> None:
    """Make a new secret for the endpoint ID and show it, once."""
    secret = handed.random(SECRET_BYTES)

    async def work(session: CliSession, place: EndpointKey) -> bool:
        store = session.store
        return await endpoints.rotate(store.database, store.sealer, place, secret, handed.now(), timedelta(hours=overlap))

    _at(handed, id, work, tenant=tenant, test=test)
    if as_json:
        answer({"id": id, "secret": shown(secret)})
    else:
        facts([("id", id), ("secret", shown(secret))])


@webhook.command("test")
@click.argument("id")
@click.option("--wait", type=click.FloatRange(0, 300), default=20, show_default=True, help="Seconds to wait for what comes back.")
@_whose
@as_json
@click.pass_obj
def try_out(handed: CliContext, *, id: str, wait: float, tenant: str | None, test: bool, as_json: bool) -> None:
    """Post an event of type webhook.test to the endpoint ID and show what came back; `posthouse serve` must run."""

    async def work(session: CliSession, place: EndpointKey) -> WebhookAttempt | None:
        database, now = session.store.database, handed.now()
        event = await rules.send_test(database, place, lambda at: new_id(handed, at), now)
        for _ in range(int(wait / LOOK) + 1):
            if found := await endpoints.log(database, place, _LAST, 1, event=event):
                return found[0]
            await asyncio.sleep(LOOK)
        return None

    tried = _at(handed, id, work, tenant=tenant, test=test)
    if tried is None:
        remark(f"Nothing was posted within {wait:g} s. Is `posthouse serve` running, and the endpoint enabled?")
        sys.exit(1)
    if as_json:
        answer(_line(tried))
    else:
        table(LOG_HEADINGS, [_log_cells(tried)])
    sys.exit(0 if tried.outcome == "delivered" else 1)


@webhook.command()
@click.argument("id")
@click.option("--event", metavar="EVT", help="This event (evt_…).")
@click.option("--since", type=_TIME, help="What happened since then, such as 2026-11-22T06:00:00+00:00.")
@click.option("--until", type=_TIME, help="And before then; left out: now.")
@click.option("--failed", is_flag=True, help="All that failed and was not told since.")
@_whose
@as_json
@click.pass_obj
def replay(
    handed: CliContext, *, id: str, event: str | None, since: datetime | None, until: datetime | None, failed: bool, tenant: str | None,
    test: bool, as_json: bool,
) -> None:  # fmt: skip
    """Tell events to the endpoint ID again: one, those of a window, or all that failed."""
    wanted = ids.parse("evt", event) if event else None
    if (
        sum((event is not None, since is not None, failed)) != 1
        or (event is not None and wanted is None)
        or (until and not since)
    ):
        raise click.UsageError("Give one of --event (evt_…), --since (with --until, if you like) and --failed.")

    async def work(session: CliSession, place: EndpointKey) -> int:
        database, now = session.store.database, handed.now()
        if failed:
            return await settle.replay_failed(database, place, now)
        if since is not None:
            return await rules.replay_window(database, place, since, until or now, now)
        assert wanted is not None  # noqa: S101 - one of the three was given
        return await rules.replay_event(database, place, wanted, now)

    queued = _at(handed, id, work, tenant=tenant, test=test)
    if as_json:
        answer({"queued": queued})
    else:
        remark(f"{queued} {'event is' if queued == 1 else 'events are'} told again.")
    sys.exit(0 if queued else 1)


@webhook.command()
@click.argument("id")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many tries.")
@click.option("--event", metavar="EVT", help="Only of this event (evt_…).")
@_whose
@as_json
@click.pass_obj
def log(handed: CliContext, *, id: str, limit: int, event: str | None, tenant: str | None, test: bool, as_json: bool) -> None:
    """Show the tries to post to the endpoint ID, the newest first."""
    wanted = ids.parse("evt", event) if event else None
    if event is not None and wanted is None:
        raise click.BadParameter("an event's id looks like evt_01j…", param_hint="--event")

    async def work(session: CliSession, place: EndpointKey) -> list[WebhookAttempt]:
        return await endpoints.log(session.store.database, place, _LAST, limit, event=wanted)

    found = _at(handed, id, work, tenant=tenant, test=test)
    if as_json:
        answer({"data": [_line(each) for each in found]})
    else:
        table(LOG_HEADINGS, map(_log_cells, found))


def new_id(handed: CliContext, now: datetime) -> UUID:
    """A time-ordered id from the chance that was handed in."""
    return ids.new(int(now.timestamp() * 1000), int.from_bytes(handed.random(10), "big") >> 6)


def _at(
    handed: CliContext, id: str, work: Callable[[CliSession, EndpointKey], Awaitable[T]], *, tenant: str | None, test: bool
) -> T:
    """Do it at an endpoint; exit code 1 where there is none."""
    wanted = ids.parse(PREFIX, id)
    if wanted is None:
        raise click.BadParameter(f"an id looks like {PREFIX}_01j…; `posthouse webhook list` shows them", param_hint="ID")

    async def at(session: CliSession) -> tuple[T] | None:
        place = EndpointKey((await session.tenant(tenant)).id, _environment(test=test), wanted)
        return None if await endpoints.one(session.store.database, place) is None else (await work(session, place),)

    found = with_store(handed, at)
    if found is None:
        remark("There is no such endpoint.")
        sys.exit(1)
    return found[0]


def _environment(*, test: bool) -> int:
    return Environment.TEST if test else Environment.LIVE


def _json(one: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": ids.text(PREFIX, one.id), "url": one.url, "events": one.events or [], "streams": one.streams or [],
        "status": "disabled" if one.disabled_at else "enabled", "disabledReason": one.disabled_why, "failingSince": one.failing_since,
        "createdAt": one.created_at,
    }  # fmt: skip


def _cells(one: WebhookEndpoint) -> tuple[str, ...]:
    status = f"disabled: {one.disabled_why}" if one.disabled_at else "enabled"
    return (
        ids.text(PREFIX, one.id), status, one.url, " ".join(one.events or ["all"]), " ".join(one.streams or ["all"]),
        moment(one.failing_since), moment(one.created_at),
    )  # fmt: skip


def _line(tried: WebhookAttempt) -> dict[str, Any]:
    return {
        "id": ids.text(TRY_PREFIX, tried.id), "eventId": ids.text("evt", tried.event), "type": tried.type, "number": tried.number,
        "at": tried.at, "durationMs": round(tried.duration_ms, 1), "outcome": tried.outcome, "status": tried.status,
        "trouble": tried.trouble, "answer": tried.answer, "nextAt": tried.next_at,
    }  # fmt: skip


def _log_cells(tried: WebhookAttempt) -> tuple[str, ...]:
    said = f"{tried.status or tried.trouble or ''} {tried.answer}".strip()[:60]
    return (
        moment(tried.at), ids.text("evt", tried.event), tried.type, str(tried.number), tried.outcome, said, f"{tried.duration_ms:.0f}",
        moment(tried.next_at),
    )  # fmt: skip
