"""What a value of an attribute says, as browsers read it (HTML 13.2.5.73)."""

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.html_attribute import attribute_value


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
