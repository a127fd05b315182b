"""``/``: recent messages and their timelines, for the operator on this machine.

Shows the first tenant's two environments together, newest first. Read only: nothing on the page changes anything.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request

from posthouse.doors.dashboard.page import DashboardParts, Frame, Page, PageContent
from posthouse.doors.http.query import Query
from posthouse.model import ids
from posthouse.model.delivery import DeliveryState
from posthouse.model.send_request import Environment
from posthouse.model.stored_message import MessageFilter
from posthouse.model.tenant import Tenant
from posthouse.model.timeline import MessagePage, MessageView, cursor, read_cursor
from posthouse.store.messages import timeline

PAGE_LENGTH: Final = 50
ENVIRONMENTS: Final = ("live", "test")
STATES: Final = tuple(state.value for state in DeliveryState)


class MessagesFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader filtered by; all empty for everything."""

    environment: str = ""
    status: str = ""
    q: str = ""
    before: str = ""


async def load_messages(parts: DashboardParts, frame: Frame, request: Request) -> PageContent:
    """A page of messages of both environments."""
    base_url = str(request.base_url).rstrip("/")
    # A form sends its empty fields too.
    parameters = QueryParams([(name, value) for name, value in request.query_params.multi_items() if value])
    query = Query(parameters, ("environment", "status", "q", "before"))
    filter_ = MessagesFilter(
        environment=query.choice("environment", ENVIRONMENTS) or "",
        status=query.choice("status", STATES) or "",
        q=query.address("q") or "",
        before=query.text("before") or "",
    )
    if filter_.before and read_cursor(filter_.before) is None:
        query.fault("before", "is none that this page gave")
    if query.faults or frame.tenant is None:
        return PageContent(context=messages_context((), filter_, base_url), faults=query.faults)
    messages, older_url = await _list_messages(parts, frame.tenant, filter_)
    return PageContent(context=messages_context(messages, filter_, base_url), older_url=older_url)


def messages_context(messages: Sequence[dict[str, Any]], filter_: MessagesFilter, base_url: str) -> dict[str, Any]:
    """The template's variables. ``messages``: timelines in the contract's names, with their environment, newest first."""
    counts = Counter(message["status"] for message in messages)
    return {
        "base_url": base_url,
        "filters": msgspec.to_builtins(filter_),
        "is_filtered": filter_ != MessagesFilter(),
        "environments": ENVIRONMENTS,
        "states": STATES,
        "messages": list(messages),
        "tally": [(state, counts[state]) for state in STATES if counts[state]],
    }


async def _list_messages(parts: DashboardParts, tenant: Tenant, filter_: MessagesFilter) -> tuple[list[dict[str, Any]], str]:
    """The newest messages of the filter's environments, and the address of the next page."""
    names = [filter_.environment] if filter_.environment else ENVIRONMENTS
    pages = await asyncio.gather(*(_list_environment(parts, tenant, name, filter_) for name in names))
    messages = [_template_value(view, name) for name, page in zip(names, pages, strict=True) for view in page.data]
    messages.sort(key=lambda message: message["id"], reverse=True)
    has_more = len(messages) > PAGE_LENGTH or any(page.next_cursor for page in pages)
    newest = messages[:PAGE_LENGTH]
    return newest, _next_url(filter_, newest, pages) if has_more else ""


async def _list_environment(parts: DashboardParts, tenant: Tenant, environment: str, filter_: MessagesFilter) -> MessagePage:
    stored_filter = MessageFilter(
        status=filter_.status or None,
        recipient=filter_.q or None,
        before=read_cursor(filter_.before) if filter_.before else None,
        limit=PAGE_LENGTH,
    )
    return await timeline.list_messages(parts.database, parts.sealer, tenant.id, Environment[environment.upper()], stored_filter)


def _template_value(view: MessageView, environment: str) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(view, builtin_types=(datetime,))
    return value | {"environment": environment}


def _next_url(filter_: MessagesFilter, newest: list[dict[str, Any]], pages: list[MessagePage]) -> str:
    """The page after the last message on this one; where a filter matched too few, after the position where its search
    stopped.
    """
    last = ids.parse("msg", newest[-1]["id"]) if newest else None
    stopped_at = [page.next_cursor for page in pages if page.next_cursor]
    if last is not None and len(newest) == PAGE_LENGTH:
        before = cursor(last)
    else:
        # The newest of the positions where the searches stopped, so that no environment is skipped.
        before = max(stopped_at, default="", key=lambda text: str(read_cursor(text)))
    parameters = msgspec.to_builtins(filter_) | {"before": before}
    return "/?" + urlencode({name: value for name, value in parameters.items() if value})


MESSAGES: Final = Page(path="/", title="messages", label="Messages", template="messages.html", load=load_messages)
