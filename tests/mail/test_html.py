"""Tags, attributes and links of HTML, as browsers read them (HTML 13.2.5), in linear time."""

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.html import attribute_list, attribute_value, attributes, links, replace_tags, tags
from tests.support.spent import within


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("?a=1&amp;b=2", "?a=1&b=2"),
        ("?a=1&b=2", "?a=1&b=2"),
        ("?copy=1&copy=2&region=3&section&notit;&timestamp=4", "?copy=1&copy=2&region=3&section&notit;&timestamp=4"),
        ("&copy;=1 &copy &reg&lt", "©=1 © ®<"),
        ("&#38;&#x26&#38x &#0; &", "&&&x \ufffd &"),
        ("&amp=1 &nosuch; &euro &euro;", "&amp=1 &nosuch; &euro €"),
        ("java&Tab;script&colon;x", "java\tscript:x"),
    ],
)
def test_references_are_resolved_as_browsers_do(written: str, meant: str) -> None:
    assert attribute_value(written) == meant


@given(st.text())
def test_what_was_escaped_comes_back(meant: str) -> None:
    assert attribute_value(escape(meant)) == meant


def test_an_attribute_comes_with_the_place_of_its_value() -> None:
    written = """ A=1 b="x&amp;y" c='' d a=2"""
    read = list(attribute_list(written, base=10))
    assert [(attribute.name, attribute.value, written[attribute.start - 10 : attribute.end - 10]) for attribute in read] == [
        ("a", "1", "1"),
        ("b", "x&y", "x&amp;y"),
        ("c", "", ""),
        ("d", "", ""),
        ("a", "2", "2"),
    ]
    assert attributes(written) == {"a": "1", "b": "x&y", "c": "", "d": ""}


@pytest.mark.parametrize(
    ("html", "names"),
    [
        ("<p class='a>b'>x</p >", ["p", "/p"]),
        ("<!-- <p> --><br/><!-- <p>", ["", "br", ""]),
        ("<!--><p>-->", ["", "p"]),  # an empty comment
        ("<!doctype html><?xml?>1 < 2", ["", ""]),
        ("<a href=x", ["a"]),
    ],
)
def test_tags_are_read_where_a_browser_reads_them(html: str, names: list[str]) -> None:
    assert [(tag["end"] or "") + (tag["name"] or "") for tag in tags(html)] == names


@pytest.mark.parametrize(
    ("html", "addresses"),
    [
        ("""<a class="b" href="https://x.test/?a=1&amp;b=2">""", ["https://x.test/?a=1&b=2"]),
        ("<AREA HREF='http://y.test'>", ["http://y.test"]),
        ("<!--[if mso]><a href='http://y.test'></a><![endif]-->", ["http://y.test"]),
        ("<!--[if mso]><!--[if mso]><a href='http://y.test'>", ["http://y.test"]),
        ("<!-- <a href='http://y.test'></a> -->", []),
        ("<a data-href='http://y.test'>", []),
        ("<a href=http://y.test>", []),
        ("<a href='http://y.test'", []),
        ("<abbr href='http://y.test'>", []),
    ],
)
def test_links_are_those_whose_address_can_be_replaced(html: str, addresses: list[str]) -> None:
    assert [link.href for link in links(html)] == addresses
    assert all(html[link.start : link.end].startswith("http") for link in links(html))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a<b>c</b>d<br>e</p>f</h2>g", "a c d\ne\nf\ng"),
        ("x<style>p > a {}</style>y<script>'<p>'</script>z", "x  y  z"),
        ("x<title>t", "x "),
        ("1 < 2 <3 &lt;", "1 < 2 <3 &lt;"),
        ("a <never closed", "a <never closed"),
    ],
)
def test_tags_are_replaced_by_separators(html: str, text: str) -> None:
    assert replace_tags(html, " ", "\n") == text


@pytest.mark.parametrize(
    "bomb",
    ["<a " * 100_000, "<a x='" * 50_000, "<!--[if mso]>" * 50_000, "<style>" * 50_000, "<a " + "b " * 200_000, "<!--" * 90_000],
)
def test_a_bomb_is_read_in_linear_time(bomb: str) -> None:
    with within(3):
        sum(1 for _ in tags(bomb))
        sum(1 for _ in links(bomb))
        replace_tags(bomb, " ", "\n")
