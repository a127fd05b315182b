"""Links are led over our door whole and unchanged, and nothing else is touched."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.templates.html.links import with_tracking


def led(html: str) -> tuple[str, list[str]]:
    targets: list[str] = []

    def redirect(target: str) -> str:
        targets.append(target)
        return f"https://t.test/{len(targets)}"

    return with_tracking(html, redirect, None), targets


def test_a_link_is_led_with_its_entities_resolved() -> None:
    html, targets = led('<p><a class="b" href="https://x.test/?a=1&amp;b=2">go</a></p>')
    assert html == '<p><a class="b" href="https://t.test/1">go</a></p>'
    assert targets == ["https://x.test/?a=1&b=2"]


def test_a_link_is_led_where_a_browser_would_go() -> None:
    """HTML 13.2.5.73: without its semicolon, and before a letter or an equals sign, it is no character reference."""
    _, targets = led('<a href="https://x.test/?a=1&copy=2&region=3&amp;section=4&timestamp=5">go</a>')
    assert targets == ["https://x.test/?a=1&copy=2&region=3&section=4&timestamp=5"]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="mailto:a@x.test">m</a>',
        '<a href="#top">t</a>',
        "<a name=x>n</a>",
        '<a href="javascript:x">j</a>',
        '<a data-track="off" href="https://x.test/">o</a>',
        '<link href="https://x.test/a.css">',
        '<img src="https://x.test/a.png">',
        '<a href="https://münchen.test/">idn</a>',
        "no tags at all",
        '<a href="https://x.test/',
    ],
)
def test_what_is_no_web_link_stays(html: str) -> None:
    assert led(html) == (html, [])


def test_the_dot_stands_at_the_end_of_the_body() -> None:
    html = with_tracking("<html><body>x</body></html>", None, "https://t.test/o?a=1&b=2")
    assert html.startswith('<html><body>x<img src="https://t.test/o?a=1&amp;b=2"')
    assert html.endswith("></body></html>")


@given(st.text(alphabet=st.sampled_from("abc/?&=%#+;:~.-_"), max_size=60))
def test_the_target_is_the_authors_byte_for_byte(rest: str) -> None:
    target = f"https://x.test/{rest}"
    escaped = target.replace("&", "&amp;")
    html, targets = led(f"<a href='{escaped}'>x</a>")
    assert targets == [target]
    assert [unescape(found) for found in re.findall(r"href='([^']*)'", html)] == ["https://t.test/1"]


@pytest.mark.timeout(5)
@pytest.mark.parametrize("bomb", ["<a " * 100_000, "<a x='" * 50_000, '<a href="https://x' * 20_000, "<a " + "b " * 200_000])
def test_a_bomb_is_read_in_bounded_time(bomb: str) -> None:
    led(bomb)
