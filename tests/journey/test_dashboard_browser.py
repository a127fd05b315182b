"""The page at `/` in a real browser: recent messages and a timeline, hostile text shown as text, nothing fetched from elsewhere
(S-13).
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.journey.conftest import World
from tests.support.mailer import SENDER

pytestmark = pytest.mark.browser

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
HOSTILE = "<script>document.title='owned'</script><img src=http://evil.example/x onerror=alert(1)>{{7*7}}"
WIDTHS = (1280, 320)


class Seen(NamedTuple):
    """A page, and what it did: complaints on its console, and every address it asked for."""

    page: Page
    complaints: list[str]
    asked: list[str]
    home: str


@pytest.fixture(scope="module")
def letters(world: World) -> dict[str, str]:
    send = world.product.send
    ids = {
        "hostile": send(to="hostile@x.test", **{"from": SENDER}, subject=HOSTILE, text="t\n", tags=["<b>tag</b>"])["id"],
        "bounced": send(to="f+rcpt+550+5-1-1@x.test", **{"from": SENDER}, subject="Your receipt", text="t\n", type="receipt")[
            "id"
        ],
        "deferred": send(
            to="f+rcpt+451+4-3-0@x.test",
            **{"from": SENDER},
            subject="Ihre Bestellung ist unterwegs",
            text="t\n",
            type="shipping_update",
        )["id"],
        "reset": send(
            to="reset@x.test",
            **{"from": SENDER},
            template="password-reset",
            variables={"reset_link": "https://shop.example/r?t=1", "user_name": "Ann"},
        )["id"],
    }
    world.product.wait(ids["bounced"], "bounced")
    world.product.wait(ids["deferred"], "deferred")
    for name in ("hostile", "reset"):
        world.product.wait(ids[name], "delivered")
    return ids


@pytest.fixture
def seen(world: World, letters: dict[str, str], debian_tool: Callable[[str], Path], tmp_path: Path) -> Iterator[Seen]:
    home = "http://{}:{}/".format(*world.product.http)
    complaints: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=debian_tool("chromium"), args=FLAGS, headless=True
        )
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(home)
        yield Seen(page, complaints, asked, home)
        browser.close()


def test_it_shows_recent_messages_and_the_timeline_of_one(seen: Seen, letters: dict[str, str]) -> None:
    page = seen.page
    assert page.locator("ul.list > li").count() >= len(letters)
    bounced = page.locator("ul.list > li", has_text="f+rcpt+550+5-1-1@x.test").first
    assert not bounced.locator(".inside").is_visible()
    bounced.locator("summary").click()
    inside = bounced.locator(".inside").inner_text()
    for words in (letters["bounced"], "550 5.1.1", "No such user here", "bounced", "queued", "mx"):
        assert words in inside, words


def test_hostile_text_is_text_and_nothing_is_fetched_from_elsewhere(seen: Seen) -> None:
    page = seen.page
    hostile = page.locator("ul.list > li", has_text="hostile@x.test").first
    hostile.locator("summary").click()
    assert hostile.locator(".subject").inner_text() == HOSTILE
    assert "<b>tag</b>" in hostile.locator(".inside").inner_text()
    assert page.title() == "Posthouse · messages"
    assert page.locator("img, script, iframe").count() == 0
    assert seen.complaints == []
    assert {url for url in seen.asked if not url.startswith(seen.home)} == set()


def test_it_can_be_narrowed_to_a_recipient_and_a_status(seen: Seen) -> None:
    page = seen.page
    page.get_by_label("Recipient").fill("reset@x.test")
    page.get_by_role("button", name="Show").click()
    assert page.locator("ul.list > li").count() == 1
    assert "reset@x.test" in page.locator("ul.list").inner_text()
    page.get_by_label("Status").select_option("bounced")
    page.get_by_role("button", name="Show").click()
    assert "No message matches" in page.locator("main").inner_text()


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_every_screen(seen: Seen, width: int, tmp_path: Path) -> None:
    page = seen.page
    page.set_viewport_size({"width": width, "height": 900})
    page.screenshot(path=tmp_path / f"list-{width}.png")
    page.locator("ul.list > li", has_text="f+rcpt+451+4-3-0@x.test").first.locator("summary").click()
    page.screenshot(path=tmp_path / f"timeline-{width}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("getComputedStyle(document.body).fontSize") != "0px"


def test_the_keyboard_alone_reaches_a_timeline(seen: Seen) -> None:
    page = seen.page
    page.locator("ul.list > li summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("ul.list > li .inside").first.is_visible()
