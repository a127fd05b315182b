"""The page: what it shows, and that all it shows is text."""

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from posthouse.doors.dashboard.page import Frame, PageContent
from posthouse.doors.dashboard.pages.messages import MESSAGES, STATES, MessagesFilter, messages_context
from posthouse.doors.dashboard.pages.registry import PAGES
from posthouse.doors.dashboard.render import POLICY, PageRenderer
from posthouse.model.send_request import FieldError
from posthouse.model.tenant import Tenant
from tests.support.payloads import PAYLOADS

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def message(**changed: Any) -> dict[str, Any]:
    """A message that was delivered at the second attempt."""
    at = NOW - timedelta(seconds=90)
    attempt = {
        "number": 1,
        "route": "mx",
        "adapter": "mx",
        "remoteId": "4f2A",
        "outcome": "delivered",
        "replyCode": 250,
        "enhancedCode": "2.0.0",
        "reply": "250 2.0.0 Ok",
        "tls": "TLSv1.3",
        "startedAt": at,
        "durationMs": 48.3,
    }
    delivery = {
        "recipient": "jane@example.com",
        "status": "delivered",
        "reason": None,
        "latencySeconds": 0.012,
        "nextAttemptAt": None,
        "attempts": [attempt],
    }
    return {
        "id": "msg_1",
        "environment": "live",
        "type": "password_reset",
        "stream": "transactional",
        "subject": "Reset",
        "from": "noreply@shop.example",
        "status": "delivered",
        "createdAt": at,
        "occurredAt": None,
        "deliverBy": None,
        "expiresAt": at,
        "dedupeKey": None,
        "tags": [],
        "metadata": {},
        "template": None,
        "deliveries": [delivery],
        "events": [{"id": "evt_1", "type": "message.queued", "at": at, "recipient": "jane@example.com", "data": {}}],
    } | changed


TENANT = Tenant(id=1, ref="ten_1", name="first", default_from=None, reply_to=None)
EVERYTHING = MessagesFilter()
RENDERER = PageRenderer(PAGES)


def shown(
    *messages: dict[str, Any],
    filters: MessagesFilter = EVERYTHING,
    tenant: Tenant | None = TENANT,
    faults: Sequence[FieldError] = (),
    older_url: str = "",
) -> str:
    context = messages_context(messages, filters, "http://127.0.0.1:8025")
    content = PageContent(context=context, faults=faults, older_url=older_url)
    return RENDERER.render(MESSAGES, Frame(now=NOW, tenant=tenant), content)


def names(html: str) -> set[str]:
    """Every element and attribute that a browser finds."""
    found: set[str] = set()
    for node in LexborHTMLParser(html).css("*"):
        found |= {str(node.tag), *(f"{node.tag} {name}" for name in node.attributes)}
    return found


def test_a_message_shows_its_deliveries_attempts_and_events() -> None:
    html = shown(message())
    for text in (
        "Reset",
        "jane@example.com",
        "password reset",
        "1 min ago",
        "250 2.0.0 Ok",
        "TLSv1.3",
        "48 ms",
        "after 12 ms",
        "2026-11-23 11:58:30",
    ):
        assert text in html
    assert html.count("<details>") == 1


def test_the_newest_states_are_counted() -> None:
    html = shown(message(), message(status="bounced"), message(status="bounced"))
    assert re.search(r'state bounced">bounced</span> <b>2</b>', html)


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_label(state: str) -> None:
    assert f'class="state {state}">{state.replace("_", " ")}' in shown(message(status=state))


def test_an_empty_page_says_how_to_send_the_first_mail() -> None:
    assert "curl http://127.0.0.1:8025/v1/send" in unescape(shown())
    assert "curl" not in shown(filters=MessagesFilter(status="bounced"))
    assert "posthouse init" in shown(tenant=None)


def test_the_filter_stays_in_the_form() -> None:
    html = shown(filters=MessagesFilter(environment="test", status="bounced", q="jane@example.com"))
    assert '<option value="test" selected>' in html
    assert '<option value="bounced" selected>' in html
    assert 'value="jane@example.com"' in html


def test_a_wrong_filter_is_named() -> None:
    assert "must be one of" in shown(faults=[FieldError("status", "must be one of queued, sent")])


def test_a_long_list_leads_on() -> None:
    assert 'href="/?before=abc&amp;status=sent"' in shown(message(), older_url="/?before=abc&status=sent").replace("&#x2f;", "/")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_whatever_others_wrote_is_text(payload: str) -> None:
    plain = message()
    delivery = plain["deliveries"][0]
    attempt = delivery["attempts"][0] | dict.fromkeys(("route", "remoteId", "reply", "tls"), payload)
    hostile = plain | {
        "subject": payload,
        "from": payload,
        "dedupeKey": payload,
        "stream": payload,
        "tags": [payload],
        "metadata": {payload: payload},
        "template": {"name": payload, "version": 1, "locale": payload},
        "deliveries": [delivery | {"recipient": payload, "reason": payload, "attempts": [attempt]}],
        "events": [
            {"id": "e", "type": "message.bounced", "at": NOW, "recipient": payload, "data": {"reply": payload, payload: payload}}
        ],
    }
    harmless = plain | {
        "dedupeKey": "k",
        "tags": ["t"],
        "metadata": {"a": "b"},
        "template": {"name": "t", "version": 1, "locale": "de"},
        "deliveries": [delivery | {"reason": "r"}],
    }
    assert names(shown(hostile, filters=MessagesFilter(q=payload))) == names(shown(harmless))


def test_the_policy_lets_only_this_stylesheet_in() -> None:
    style = re.search(r"<style>(.*?)</style>", shown(message()), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert "default-src 'none'" in POLICY
    assert " style=" not in shown(message())
    assert "<script" not in shown(message())


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (7200, "2 h ago"),
        (90000, "22 Nov 11:00"),
        (-5, "0 s ago"),
    ],
)
def test_times_are_shown_as_people_say_them(seconds: int, said: str) -> None:
    assert said in shown(message(createdAt=NOW - timedelta(seconds=seconds)))
