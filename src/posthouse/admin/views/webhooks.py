"""Webhook endpoints and the log of attempts, shown."""

from collections.abc import Sequence
from typing import Any

from posthouse.admin.webhooks import ATTEMPT_PREFIX, PREFIX, CreatedEndpoint
from posthouse.model import ids
from posthouse.model.timeline import cursor
from posthouse.model.views.webhooks import NewWebhook, TryPage, TryView, WebhookPage, WebhookView
from posthouse.model.webhook_endpoint import WebhookAttempt, WebhookEndpoint
from posthouse.model.webhook_event import PREFIX as EVENT_PREFIX


def webhook_view(endpoint: WebhookEndpoint) -> WebhookView:
    """An endpoint."""
    return WebhookView(**_fields(endpoint))


def new_webhook(created: CreatedEndpoint) -> NewWebhook:
    """An endpoint that was just created, with its secret."""
    return NewWebhook(secret=created.secret, **_fields(created.endpoint))


def webhook_page(endpoints: Sequence[WebhookEndpoint], limit: int) -> WebhookPage:
    """At most ``limit`` of them, and where to go on if there are more."""
    page = endpoints[:limit]
    return WebhookPage(
        data=[webhook_view(each) for each in page], next_cursor=cursor(page[-1].id) if len(endpoints) > limit else None
    )


def attempt_view(attempt: WebhookAttempt) -> TryView:
    """One attempt."""
    return TryView(
        id=ids.text(ATTEMPT_PREFIX, attempt.id),
        event_id=ids.text(EVENT_PREFIX, attempt.event),
        type=attempt.type,
        number=attempt.number,
        at=attempt.at,
        duration_ms=round(attempt.duration_ms, 1),
        outcome=attempt.outcome,  # type: ignore[arg-type]  # one of the words of policy.webhooks
        status=attempt.status,
        trouble=attempt.trouble,
        answer=attempt.answer,
        next_at=attempt.next_at,
    )


def attempt_page(attempts: Sequence[WebhookAttempt], limit: int) -> TryPage:
    """At most ``limit`` of them, and where to go on if there are more."""
    page = attempts[:limit]
    return TryPage(data=[attempt_view(each) for each in page], next_cursor=cursor(page[-1].id) if len(attempts) > limit else None)


def _fields(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": ids.text(PREFIX, endpoint.id),
        "url": endpoint.url,
        "events": endpoint.events or [],
        "streams": endpoint.streams or [],
        "status": "enabled" if endpoint.disabled_at is None else "disabled",
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_why,
        "failing_since": endpoint.failing_since,
        "created_at": endpoint.created_at,
    }
