"""A variable can only be what may stand where it stands."""

from typing import Any

import pytest

from posthouse.templates.language.engine import CompiledPage, TemplateFault

HTTPS = "https://x.example/a?b=1&c=2"


def fill(source: str, **context: Any) -> str:
    return CompiledPage("html", source).fill(context)


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "/path",
        "x",
        "",
        "https://",
        "https://x.example/\r\nBcc: y",
        'https://x.example/" onclick="x',
        None,
        5,
        True,
        ["https://x.example"],
    ],
)
@pytest.mark.parametrize(
    "page",
    [
        '<a href="{{ a }}">x</a>',
        "<a HREF = '{{ a }}'>x</a>",
        '<img src="{{ a }}">',
        '<a href="  {{ a }}/x">',
        '<td background="{{ a }}">',
        '<!--[if mso]><v:roundrect href="{{ a }}"><![endif]-->',
        '<a href="{% if b %}{{ a }}{% else %}https://x.example{% endif %}">',
        '<a {% if b %}href="{{ a }}"{% endif %}>',
        '<a title="{{ b }}" href="{{ a }}">',
        '<a href="{{- a -}}">',
        '<a href="{{ a if b else c }}">',
    ],
)
def test_a_link_that_a_variable_begins_is_http_or_mailto(page: str, link: Any) -> None:
    with pytest.raises(TemplateFault) as told:
        fill(page, a=link, b=1, c="y")
    assert "'a" in told.value.message
    assert "line 1" in told.value.message
    assert HTTPS.replace("&", "&amp;") in fill(page, a=HTTPS, b=1, c="y")


@pytest.mark.parametrize(
    ("page", "value"),
    [
        ('<a href="https://x.example/{{ a }}">', "javascript:x"),
        ('<a href="https://x.example?u={{ a|urlencode }}">', "a b&c"),
        ('<a href="mailto:{{ a }}">', "a+b@x.example"),
        ('<a href="mailto:a@x.example?subject={{ a }}">', "x&y"),
        ('<a href="tel:{{ a }}">', "+49 123"),
        ('<a href="#{{ a }}">', "x"),
        ('<img src="cid:{{ a }}">', "logo"),
        ('<img src="data:image/png;base64,{{ a }}">', "AAAA"),
        ('<a href="{{ b }}{{ a }}">', "?x=1"),
        ('<a title="{{ a }}">', "javascript:x"),
        ("<p>{{ a }}</p>", "javascript:x"),
        ("<title>{{ a }}</title>", "x"),
        ("<!-- {{ a }} -->", "--> <script>"),
        ('<p style="color: {{ a }}">', "#ff0000"),
        ('<p style="color: {{ a }}">', "rgb(1, 2, 3)"),
        ("<style>.a { color: {{ a }} }</style>", "red"),
        ('<p style="background: url({{ a }})">', "https://x.example/a.png"),
        ("<!--[if !mso]><!--><p>{{ a }}</p><!--<![endif]-->", "x"),
        ('{% if b %}<div class="x">{% else %}<div>{% endif %}{{ a }}</div>', "x"),
        ('<table>{% for b in c %}<tr><td class="{{ b }}">{{ a }}</td></tr>{% endfor %}</table>', "x"),
    ],
)
def test_elsewhere_a_value_is_escaped_and_no_more(page: str, value: str) -> None:
    made = fill(page, a=value, b=HTTPS, c=["1"])
    assert "{" not in made.replace(".a {", "")
    assert "--> <script>" not in made


@pytest.mark.parametrize(
    ("page", "value"),
    [
        ('<a href="mailto:{{ a }}">', "a@x.example?bcc=b@y.example"),
        ('<a href="mailto:{{ a }}">', "a@x.example&cc=b"),
        ('<a href="mailto:{{ a }}">', "a%0abcc:b@y.example"),
        ('<p style="color: {{ a }}">', "red; background: url(https://t.example)"),
        ('<p style="color: {{ a }}">', "expression(alert(1));x:y"),
        ('<p style="{{ a }}">', "color:red"),
        ("<style>.a { color: {{ a }} }</style>", "red } body { display: none"),
        ("<style>.a { color: {{ a }} }</style>", "red</style><script>"),
        ('<p style="background: url({{ a }})">', "javascript:x"),
        ('<p style="background: url({{ a }})">', "https://x.example/);x:y"),
        ('<p style="background: url(&quot;{{ a }}&quot;)">', "data:x"),
    ],
)
def test_a_value_cannot_leave_its_place(page: str, value: str) -> None:
    with pytest.raises(TemplateFault, match="must be"):
        fill(page, a=value)


@pytest.mark.parametrize(
    ("page", "word"),
    [
        ("<a href={{ a }}>", "quotes"),
        ("<a href= {{ a }}>", "quotes"),
        ("<a title=x{{ a }}>", "quotes"),
        ("<a {{ a }}>", "not a name"),
        ("<a {{ a }}='x'>", "not a name"),
        ("<a{{ a }}>", "not a name"),
        ("<{{ a }}>", "'<' stands right before"),
        ("</{{ a }}>", "'<' stands right before"),
        ("<{# x #}a href='{{ a }}'>", "'<' stands right before"),
        ("<script>{{ a }}</script>", "<script>"),
        ("<SCRIPT type='x'>var a = '{{ a }}'</script>", "<script>"),
        ("<iframe>{{ a }}</iframe>", "<iframe>"),
        ("<a onclick='{{ a }}'>", "onclick"),
        ("<iframe srcdoc='{{ a }}'></iframe>", "srcdoc"),
        ("<svg><a><set attributeName='href' to='{{ a }}'/></a></svg>", "'to'"),
        ("<meta http-equiv='refresh' content='0; URL={{ a }}'>", "goes on to"),
        ("<a href='java{{ a }}'>", "letters"),
        ("<a href='javascript:{{ a }}'>", "'javascript:'"),
        ("<a href='&#106;avascript:{{ a }}'>", "'javascript:'"),
        ("<a href='data:text/html,{{ a }}'>", "'data:'"),
        ("{% if a %}<a href='{% else %}<a href=\"{% endif %}{{ a }}", "branches"),
        ("{% if a %}<a {% endif %}href='x'>", "branches"),
        ("{% for a in b %}<a href='{% endfor %}", "branches"),
        ("{% if a %}<!-- {% endif %}", "branches"),
        ("\n\n<a href='{% if a %}java{% else %}vb{% endif %}{{ b }}'>", "line 3"),
    ],
)
def test_where_no_value_could_be_safe_the_page_is_refused(page: str, word: str) -> None:
    with pytest.raises(TemplateFault) as told:
        CompiledPage("html", page)
    assert word in told.value.message


def test_a_fault_in_a_link_names_the_variable_and_never_its_value() -> None:
    with pytest.raises(TemplateFault) as told:
        fill("<p>\n<a href='{{ reset_link|trim }}'>", reset_link="javascript:secret")
    assert "'reset_link|trim'" in told.value.message
    assert "line 2" in told.value.message
    assert "secret" not in told.value.message


def test_text_and_subject_are_literal() -> None:
    assert CompiledPage("text", "<a href={{ a }}>").fill({"a": "javascript:x"}) == "<a href=javascript:x>"


@pytest.mark.parametrize(
    "page",
    [
        "<a " + "=" * 200_000 + "{{ a }}",
        "<" * 200_000 + " {{ a }}",
        "<a " + "b " * 100_000 + ">{{ a }}",
        "<!--" * 60_000 + "{{ a }}",
        "<a b='" * 40_000 + "{{ a }}",
        "<style>" + "</styl" * 40_000 + "{{ a }}",
        "{% if a %}<a b='x" * 40 + " " * 100_000,
        "&" * 200_000 + "<a href='&" + "&" * 10_000 + "{{ a }}'>",
        "<a href='{{ a }}'>" * 8_000,
    ],
)
@pytest.mark.timeout(10)
def test_no_page_is_read_slowly(page: str) -> None:
    try:
        CompiledPage("html", page)
    except TemplateFault:
        return
