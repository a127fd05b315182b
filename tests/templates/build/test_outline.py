"""The text part that is made from a template's HTML says what the HTML says, whatever is left out or repeated."""

from typing import Any

import pytest

from posthouse.templates.build.outline import outline, resolve_soft_breaks
from posthouse.templates.language.engine import CompiledPage

BLOCKS = (
    "<p>A</p>{% if x %}<p>{{ x }}</p>{% endif %}<p>B</p>",
    "<p>A</p>\n{%- if x %}\n<p>{{ x }}</p>\n{%- endif %}\n<p>B</p>",
)
ROWS = (
    "<p>A</p><table>{% if x %}<tr><td>x</td><td>{{ x }}</td></tr>{% endif %}{% if y %}<tr><td>y</td><td>{{ y }}</td></tr>{% "
    "endif %}<tr><td>sum</td></tr></table>"
)
LOOP = "<p>A</p><ul>{% for i in many %}<li>{{ i }}</li>{% endfor %}</ul><p>B</p>"
LINES = "<p>To<br>{% for i in many %}{{ i }}<br>{% endfor %}</p><p>B</p>"


def said(html: str, **context: Any) -> str:
    return resolve_soft_breaks(CompiledPage("text", outline(html)).fill({"x": None, "y": None, "many": [], **context}))


@pytest.mark.parametrize("html", BLOCKS)
def test_a_block_that_is_left_out_leaves_no_gap(html: str) -> None:
    assert said(html, x="X") == "A\n\nX\n\nB"
    assert said(html) == "A\n\nB"


@pytest.mark.parametrize(
    ("html", "context", "text"),
    [
        (ROWS, {}, "A\n\nsum"),
        (ROWS, {"y": 1}, "A\n\ny  1\nsum"),
        (ROWS, {"x": 1, "y": 2}, "A\n\nx  1\ny  2\nsum"),
        (LOOP, {}, "A\n\nB"),
        (LOOP, {"many": ["a", "b"]}, "A\n\n- a\n- b\n\nB"),
        (LINES, {"many": ["a", "b"]}, "To\na\nb\n\nB"),
        ("<p>Hi {% if x %}{{ x }}, {% endif %}there</p>", {"x": "Jo"}, "Hi Jo, there"),
        ("<p>Hi {% if x %}{{ x }}, {% endif %}there</p>", {}, "Hi there"),
        ("<p>{% if x %}A{% else %}B{% endif %} c</p>", {}, "B c"),
        ("<p>a {{- x -}} b</p>", {"x": 1}, "a1b"),
        ("{% if x %}<p>A</p>{% endif %}<p>B</p>", {}, "B"),
        ("<ol>{% for i in many %}<li>{{ i }}</li>{% endfor %}</ol>", {"many": [1, 2]}, "- 1\n- 2"),
        ("<ol><li>a</li><li>b</li></ol>", {}, "1. a\n2. b"),
        ("<ul><li>a<ul>{% for i in many %}<li>{{ i }}</li>{% endfor %}</ul></li></ul>", {"many": [1]}, "- a\n  - 1"),
        ('<a href="{{ x }}">Go</a>', {"x": "https://x.example/?a&b"}, "Go (https://x.example/?a&b)"),
        ('<a href="{{ x }}">{{ x }}</a>', {"x": "https://x.example"}, "https://x.example"),
        ('<a href="{% if x %}{{ x }}{% else %}https://y.example{% endif %}">Go</a>', {}, "Go (https://y.example)"),
        ('<a href="https://x.example/{{ x }}">Go</a>', {"x": 1}, "Go (https://x.example/1)"),
        ("<title>{{ x }}</title><style>{% if x %}a{% endif %}</style><p>A</p>", {}, "A"),
        ("<div style='display:none'>{{ x }}{% if y %}no{% endif %}</div>A", {"x": "no", "y": 1}, "A"),
        ("{% if x %}<div hidden>{% endif %}no</div>A", {}, "A"),
        ("<p class='{% if x %}a{% endif %}'>{{ x }} &amp; &lt;</p>", {"x": "<b>"}, "<b> & <"),
        ('<img src="x" alt="{{ x }}">', {"x": "Logo"}, "Logo"),
        ("<pre>a\n{% if x %}b\n{% endif %}c</pre>", {"x": 1}, "a\nb\nc"),
        ("{# note #}A{# note #}", {}, "A"),
    ],
)
def test_the_text_says_what_the_html_says(html: str, context: dict[str, Any], text: str) -> None:
    assert said(html, **context) == text


def test_private_letters_in_a_page_are_no_stand_ins() -> None:
    assert said("<p>\ue0000\ue001{{ x }}\ue0020\ue001</p>", x="X") == "0X0"


def test_a_text_that_somebody_wrote_is_left_as_it_is() -> None:
    assert resolve_soft_breaks("  a\n\n\n  b  \n") == "  a\n\n\n  b  \n"
