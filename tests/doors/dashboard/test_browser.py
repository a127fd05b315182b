"""S-16 in a real browser: hostile mail on the page runs nothing, fetches nothing, and breaks no layout."""

import http.client
import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from posthouse.net.entropy import Entropy
from posthouse.store.messages import events
from posthouse.store.postgres.database import connect
from tests.support.http_server import Served, served
from tests.support.payloads import PAYLOADS
from tests.support.postgres import NOW, complete

WIDTHS = (320, 1280)
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = (
    "<script>document.title='owned'</script>",
    "<img src=http://evil.example/x onerror=alert(1)>",
    "\u202etxt.exe " + "x" * 200,
)
ALERTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("alert.suppression_growth", {"added": 412, "usual": 9.3, "hours": 24}),
    ("alert.webhook_disabled", {"endpointId": "whk_01k9p2m4x7c8v5b3n6q1w0e9rt", "host": "app.example.com", "reason": "every attempt of five days failed"}),
    ("alert.suppression_lockout", {"messageType": "password_reset", "stream": "transactional", "reason": "complaint", "suppression": "sup_01k9p2m4x7c8v5b3n6q1w0e9rt", "blocked": True, "why": "they said that our mail is spam"}),
    ("alert.delivery_failed", {"messageType": "password_reset", "route": "mx", "reason": "policy_blocked", "reply": "550 5.7.1 Our system has detected an unusual rate of unsolicited mail"}),
    ("alert.suppression_brake", {"provider": "google.com", "attempts": 60, "hard": 58, "base": 0.004, "provisional": 31, "until": "2026-11-24T18:00:00.000Z"}),
)  # fmt: skip

pytestmark = pytest.mark.browser


@pytest.fixture
def door(database_dsn: str) -> Iterator[Served]:
    """A server with hostile mail in it."""
    with served(database_dsn) as door:
        for payload in PAYLOADS:
            if payload.isprintable():
                _send(door, subject=payload, dedupeKey=payload, tags=[payload[:128]], metadata={payload: payload})
        _send(door, subject="x" * 900, to=f"{'l' * 64}@{'d' * 60}.example")
        yield door


@pytest.fixture
def alerted(database_dsn: str) -> Iterator[Served]:
    """A server that tells of alerts."""
    with served(database_dsn) as door:
        complete(_alerts(database_dsn))
        yield door


@pytest.fixture
def browser(debian_tool: Any) -> Iterator[Browser]:
    """A Chromium of the machine's own."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or str(debian_tool("chromium"))
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_mail_is_harmless_and_readable(door: Served, browser: Browser, scheme: Any, tmp_path: Path) -> None:
    page = browser.new_context(color_scheme=scheme).new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{door.url}/")
    for summary in page.locator("summary").all():
        summary.click()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.screenshot(path=tmp_path / f"{scheme}-{width}.png", full_page=True)
        widest = page.evaluate("document.documentElement.scrollWidth")
        assert widest <= width, f"{widest} at {width}"
    assert said == []
    assert {url for url in asked if not url.startswith(door.url)} == set()


def test_the_filters_work_without_a_script(door: Served, browser: Browser) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{door.url}/")
    everything = page.locator("summary").count()
    page.get_by_label("Recipient").fill("nobody@example.com")
    page.get_by_role("button", name="Show").click()
    assert (everything > 0, page.locator("summary").count()) == (True, 0)
    assert page.get_by_label("Recipient").input_value() == "nobody@example.com"
    page.get_by_role("link", name="Show everything").click()
    assert page.locator("summary").count() == everything


def _send(door: Served, **changed: Any) -> None:
    host, _, port = door.url.removeprefix("http://").partition(":")
    body = {"to": "jane@example.com", "from": "noreply@shop.example", "text": "x"} | changed
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request(
        "POST", "/v1/send", json.dumps(body), {"Authorization": f"Bearer {door.test}", "Content-Type": "application/json"}
    )
    answer = connection.getresponse()
    assert answer.status == 202, answer.read()
    connection.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_alerts_are_readable_and_harmless_at_every_width(alerted: Served, browser: Browser, scheme: Any, tmp_path: Path) -> None:
    page = browser.new_context(color_scheme=scheme, java_script_enabled=False).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{alerted.url}/")
    page.get_by_role("link", name="Alerts").click()
    assert page.locator(".alert").count() == len(ALERTS) + len(HOSTILE)
    assert page.locator(".alert.critical h2", has_text="google.com").is_visible()
    for summary in page.locator("summary").all()[:3]:
        summary.click()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=tmp_path / f"alerts-{scheme}-{width}.png", full_page=True)
        wide = [each.bounding_box() for each in page.locator(".alert, .command, h2").all()]
        assert all(box is not None and box["x"] + box["width"] <= width for box in wide), width
    assert {url for url in asked if not url.startswith(alerted.url)} == set()


async def _alerts(dsn: str) -> None:
    """One of each type, and some whose data a hostile server wrote."""
    database = await connect(dsn, size=1, application="test")
    entropy = Entropy()
    hostile: list[tuple[str, dict[str, Any]]] = [
        ("alert.delivery_failed", {"reply": text, "messageType": text, "route": text * 40}) for text in HOSTILE
    ]
    async with database.session() as connection:
        for number, (type, data) in enumerate([*hostile, *ALERTS]):
            at = NOW - timedelta(minutes=137 - 17 * number)
            await events.append(connection, 1, number % 4 != 3, entropy.new_id(at), type, at, data)
    await database.close()
