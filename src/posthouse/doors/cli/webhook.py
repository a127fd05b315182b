"""``posthouse webhook``: where events are posted, tested, posted again, and the log of every attempt."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn, TypeVar
from uuid import UUID

import click
import msgspec

from posthouse.admin import webhooks
from posthouse.admin.context import AdminContext
from posthouse.admin.views.webhooks import attempt_page, attempt_view, new_webhook, webhook_page
from posthouse.admin.webhooks import (
    MOST_ENDPOINTS,
    PREFIX,
    AttemptQuery,
    EndpointRequest,
    ReplayRequest,
    check_filter,
)
from posthouse.doors.cli.shared.context import CliContext
from posthouse.doors.cli.shared.options import as_json, tenant_option
from posthouse.doors.cli.shared.output import answer, facts, moment, refuse, remark, table
from posthouse.doors.cli.shared.with_admin import with_admin
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.send_request import Rejection
from posthouse.model.views.webhooks import Replayed, Rotated, TryView, WebhookView
from posthouse.model.webhook_endpoint import EndpointChange, WebhookAttempt
from posthouse.model.webhook_event import PREFIX as EVENT_PREFIX

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
HEADINGS: Final = ("ID", "STATUS", "URL", "EVENTS", "STREAMS", "FAILING SINCE", "CREATED")
LOG_HEADINGS: Final = ("AT", "EVENT", "TYPE", "TRY", "OUTCOME", "ANSWER", "MS", "NEXT")
POLL_SECONDS: Final = 0.25
_TIME: Final = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])


class EndpointChoice(msgspec.Struct, frozen=True):
    """Which endpoint a command is about: its id as it was typed, whose it is, and of which environment."""

    id: str
    tenant: str | None
    test: bool


def _whose(function: F) -> F:
    """The options that say whose endpoints are meant."""
    function = tenant_option("endpoints")(function)
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
    context: CliContext,
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
        if fault := check_filter(event):
            raise click.BadParameter(f"{event!r} {fault}", param_hint="--event")
    request = EndpointRequest(url=url, events=list(events) or None, streams=list(streams) or None)
    created = with_admin(context, tenant, lambda admin, actor: webhooks.create(admin, actor, request), test=test)
    if isinstance(created, Rejection):
        _refuse_create(created, as_json=as_json)
    view = new_webhook(created)
    if as_json:
        answer(view)
        return
    facts((("id", view.id), ("secret", view.secret)))
    remark("The secret is shown this once; a Standard Webhooks library checks signatures with it.")


@webhook.command("list")
@_whose
@as_json
@click.pass_obj
def list_(context: CliContext, *, tenant: str | None, test: bool, as_json: bool) -> None:
    """Show the endpoints, the newest first; never their secrets."""
    stored = with_admin(
        context,
        tenant,
        lambda admin, actor: webhooks.list_endpoints(admin, actor, None, MOST_ENDPOINTS + 1),
        test=test,
    )
    page = webhook_page(stored, MOST_ENDPOINTS)
    if as_json:
        answer(page)
    else:
        table(HEADINGS, map(_cells, page.data))


@webhook.command()
@click.argument("id")
@_whose
@click.pass_obj
def remove(context: CliContext, *, id: str, tenant: str | None, test: bool) -> None:
    """Post nothing to the endpoint ID any more, and delete it."""
    _call(context, EndpointChoice(id, tenant, test), webhooks.remove)
    remark("Removed.")


@webhook.command()
@click.argument("id")
@click.option("--off", is_flag=True, help="Disable it instead.")
@_whose
@click.pass_obj
def enable(context: CliContext, *, id: str, off: bool, tenant: str | None, test: bool) -> None:
    """Enable the endpoint ID again; what waited for it goes on."""
    changed = EndpointChange(enabled=not off)
    choice = EndpointChoice(id, tenant, test)
    _call(context, choice, lambda admin, actor, endpoint: webhooks.change(admin, actor, endpoint, changed))
    remark("Switched off." if off else "Switched on.")


@webhook.command()
@click.argument("id")
@click.option(
    "--overlap", type=click.IntRange(0, 168), default=24, show_default=True, help="Hours for which earlier secrets sign too."
)
@_whose
@as_json
@click.pass_obj
def rotate(context: CliContext, *, id: str, overlap: int, tenant: str | None, test: bool, as_json: bool) -> None:
    """Create a new secret for the endpoint ID and show it, once."""
    choice, lasts = EndpointChoice(id, tenant, test), timedelta(hours=overlap)
    rotated = _call(context, choice, lambda admin, actor, endpoint: webhooks.rotate(admin, actor, endpoint, lasts))
    if as_json:
        answer(Rotated(id=id, secret=rotated.secret, overlap_until=rotated.overlap_until))
    else:
        facts((("id", id), ("secret", rotated.secret)))


@webhook.command("test")
@click.argument("id")
@click.option("--wait", type=click.FloatRange(0, 300), default=20, show_default=True, help="Seconds to wait for an answer.")
@_whose
@as_json
@click.pass_obj
def send_test(context: CliContext, *, id: str, wait: float, tenant: str | None, test: bool, as_json: bool) -> None:
    """Post an event of type webhook.test to the endpoint ID and show the answer; `posthouse serve` must run."""

    async def work(admin: AdminContext, actor: Actor, endpoint: UUID) -> WebhookAttempt | Rejection | None:
        event = await webhooks.send_test(admin, actor, endpoint)
        if isinstance(event, Rejection):
            return event
        for _ in range(int(wait / POLL_SECONDS) + 1):
            if attempts := await webhooks.list_attempts(admin, actor, endpoint, AttemptQuery(event=event, limit=1)):
                return attempts[0]
            await asyncio.sleep(POLL_SECONDS)
        return None

    attempt = _call(context, EndpointChoice(id, tenant, test), work)
    if attempt is None:
        remark(f"Nothing was posted within {wait:g} s. Is `posthouse serve` running, and the endpoint enabled?")
        sys.exit(1)
    view = attempt_view(attempt)
    if as_json:
        answer(view)
    else:
        table(LOG_HEADINGS, [_log_cells(view)])
    sys.exit(0 if view.outcome == "delivered" else 1)


@webhook.command()
@click.argument("id")
@click.option("--event", metavar="EVT", help="This event (evt_…).")
@click.option("--since", type=_TIME, help="What happened since then, such as 2026-11-22T06:00:00+00:00.")
@click.option("--until", type=_TIME, help="And before then; left out: now.")
@click.option("--failed", is_flag=True, help="All that failed and was not posted since.")
@_whose
@as_json
@click.pass_obj
def replay(
    context: CliContext,
    *,
    id: str,
    event: str | None,
    since: datetime | None,
    until: datetime | None,
    failed: bool,
    tenant: str | None,
    test: bool,
    as_json: bool,
) -> None:
    """Post events to the endpoint ID again: one, those of a window, or all that failed."""
    event_id = ids.parse(EVENT_PREFIX, event) if event else None
    if (
        sum((event is not None, since is not None, failed)) != 1
        or (event is not None and event_id is None)
        or (until and not since)
    ):
        raise click.UsageError("Give one of --event (evt_…), --since (with --until, if you like) and --failed.")
    request = ReplayRequest(event=event_id, since=since, until=until, failed=failed)
    choice = EndpointChoice(id, tenant, test)
    queued = _call(context, choice, lambda admin, actor, endpoint: webhooks.replay(admin, actor, endpoint, request))
    if as_json:
        answer(Replayed(queued=queued))
    else:
        remark(f"{queued} {'event is' if queued == 1 else 'events are'} posted again.")
    sys.exit(0 if queued else 1)


@webhook.command()
@click.argument("id")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many attempts.")
@click.option("--event", metavar="EVT", help="Only of this event (evt_…).")
@_whose
@as_json
@click.pass_obj
def log(context: CliContext, *, id: str, limit: int, event: str | None, tenant: str | None, test: bool, as_json: bool) -> None:
    """Show the attempts to post to the endpoint ID, the newest first."""
    event_id = ids.parse(EVENT_PREFIX, event) if event else None
    if event is not None and event_id is None:
        raise click.BadParameter("an event's id looks like evt_01j…", param_hint="--event")
    query = AttemptQuery(event=event_id, limit=limit + 1)

    async def work(admin: AdminContext, actor: Actor, endpoint: UUID) -> list[WebhookAttempt] | Rejection:
        if await webhooks.get_endpoint(admin, actor, endpoint) is None:
            return webhooks.NO_ENDPOINT
        return await webhooks.list_attempts(admin, actor, endpoint, query)

    page = attempt_page(_call(context, EndpointChoice(id, tenant, test), work), limit)
    if as_json:
        answer(page)
    else:
        table(LOG_HEADINGS, map(_log_cells, page.data))


def _call(
    context: CliContext,
    choice: EndpointChoice,
    work: Callable[[AdminContext, Actor, UUID], Awaitable[T | Rejection]],
) -> T:
    """Call a use case for an endpoint; exit code 1 where it is refused."""
    endpoint = ids.parse(PREFIX, choice.id)
    if endpoint is None:
        raise click.BadParameter(f"an id looks like {PREFIX}_01j…; `posthouse webhook list` shows them", param_hint="ID")
    result = with_admin(context, choice.tenant, lambda admin, actor: work(admin, actor, endpoint), test=choice.test)
    if isinstance(result, Rejection):
        refuse(result, as_json=False)
    return result


def _refuse_create(rejection: Rejection, *, as_json: bool) -> NoReturn:
    """A wrong address is a wrong argument; anything else is refused."""
    for error in rejection.errors:
        if error.path == "url":
            raise click.BadParameter(error.message, param_hint="URL")
    refuse(rejection, as_json=as_json)


def _cells(view: WebhookView) -> tuple[str, ...]:
    return (
        view.id,
        "enabled" if view.status == "enabled" else f"disabled: {view.disabled_reason}",
        view.url,
        " ".join(view.events or ["all"]),
        " ".join(view.streams or ["all"]),
        moment(view.failing_since),
        moment(view.created_at),
    )


def _log_cells(view: TryView) -> tuple[str, ...]:
    return (
        moment(view.at),
        view.event_id,
        view.type,
        str(view.number),
        view.outcome,
        f"{view.status or view.trouble or ''} {view.answer}".strip()[:60],
        f"{view.duration_ms:.0f}",
        moment(view.next_at),
    )
