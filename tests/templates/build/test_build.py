"""What an author wrote becomes what is stored: complete, checked, with its tags where they stood."""

import hashlib
from typing import Any, Final

import pytest

from posthouse.model.template import CompiledTemplate, RenderedTemplate, TemplateSource, TemplateVersion, Variable, VariableType
from posthouse.templates.build.build import SourceFault, build
from posthouse.templates.render import render

MJML: Final = """<mjml><mj-head><mj-title>{{ order }}</mj-title><mj-preview>{{ order }}</mj-preview></mj-head><mj-body><mj-section><mj-column>
<mj-text>Hello {{ name }}{% if vip %}, dear{% endif %}</mj-text>
{% for item in items %}<mj-text>{{ item.name }}</mj-text>{% endfor %}
<mj-table>{% for item in items %}<tr><td class="{{ item.name }}">{{ item.price }}</td></tr>{% endfor %}</mj-table>
{% if link %}<mj-button href="{{ link }}" background-color="{{ colour }}">Go {{ "{{" }}</mj-button>{% endif %}
<mj-raw>{% if vip %}</mj-raw><mj-divider /><mj-raw>{% endif %}</mj-raw>
</mj-column></mj-section></mj-body></mjml>"""


def built(library: dict[str, str] | None = None, **parts: str) -> CompiledTemplate:
    made = build(TemplateSource(**({"subject": "s"} | parts)), library or {})
    assert isinstance(made, CompiledTemplate), made
    return made


def faults(library: dict[str, str] | None = None, **parts: str) -> tuple[SourceFault, ...]:
    made = build(TemplateSource(**({"subject": "s"} | parts)), library or {})
    assert isinstance(made, tuple), made
    return made


def shown(wording: CompiledTemplate, **variables: Any) -> RenderedTemplate:
    version = TemplateVersion(name="n", version=1, type=None, variables=(), compiled_templates={"default": wording})
    found = render(version, variables, None)
    assert isinstance(found, RenderedTemplate), found
    return found


def test_html_without_rules_for_elements_is_left_to_the_byte() -> None:
    html = '<P CLASS=a>{{ x }}&nbsp;<style>:root{color-scheme:light dark}@media (x){.a{b:c}}/* .b{} */@import "x";</style><td>'
    assert built(html=html).html == html


def test_rules_go_to_the_elements_and_stay_in_the_style_for_dark_mode() -> None:
    style = "<style>.a{color:red}@media (prefers-color-scheme:dark){.a{color:blue!important}}</style>"
    made = built(html=f'<head>{style}</head><body><p class="a">{{{{ x }}}}</p></body>').html
    assert style in made
    assert '<p class="a" style="color: red;">{{ x }}</p>' in made


@pytest.mark.parametrize(
    "body",
    [
        '<table>{% for i in many %}<tr><td class="{{ i }}">{{ i }}</td></tr>{% endfor %}</table>',
        '<a href="{{ x }}?a=1&amp;b={{ y }}" title="{{ x|default("q") }}">x</a>',
        '<p class="a" {% if x %}title="t" lang="{{ x }}"{% endif %}>{{ x }}</p><p class="{% if x %}a{% else %}b{% endif %}">{{ x }}</p>',
        "<!--[if mso]><p>{{ x }}{% if y %}{% endif %}</p><![endif]--><p>{{- y -}}</p>",
        "<select>{% for i in many %}<option>{{ i }}</option>{% endfor %}</select>",
        '<p>{{ "<b>" }} {{ x if x > y else "}}" }}</p>',
    ],
)
def test_tags_survive_the_inliner_byte_for_byte(body: str) -> None:
    assert body in built(html=f"<style>p{{margin:0}}.z{{color:red}}</style><body>{body}</body>").html.replace(
        ' style="margin: 0;"', ""
    )


def test_a_variable_may_stand_in_a_rule_that_is_put_on_elements() -> None:
    made = built(html="<style>.a{color:{{ brand.colour }}}</style><p class=a>x</p>")
    assert 'style="color: {{ brand.colour }};"' in made.html
    assert "#ff0000" in (shown(made, brand={"colour": "#ff0000"}).html or "")


@pytest.mark.parametrize(
    ("html", "word"),
    [
        ("<style>.a{b:c}</style><table>{% for x in y %}{{ x }}<tr><td></td></tr>{% endfor %}</table>", "cannot stay"),
        ("<style>.a{b:c}</style><p {% if x %}class='a'{% else %}class='b'{% endif %}>{{ x }}</p>", "only sometimes"),
        ("<style>.a{b:c}</style>{% if x %}<div>{% else %}<div class=a>{% endif %}</div>", "<div> is not opened"),
        ("<style>.a{b:c}</style>" + "<i>" * 6_000, "at most"),
    ],
)
def test_what_the_inliner_would_move_or_lose_is_told(html: str, word: str) -> None:
    made = build(TemplateSource(subject="s", html=html), {})
    assert isinstance(made, tuple)
    assert word in made[0].message


def test_a_sign_that_begins_no_tag_is_text_in_mjml_too() -> None:
    made = built(mjml=MJML.replace("</mj-text>", " 3 < 4, <3</mj-text>", 1))
    assert "3 &lt; 4, &lt;3" in made.html
    assert "3 < 4, <3" in made.text


def test_mjml_becomes_html_with_its_tags() -> None:
    made = built(mjml=MJML)
    found = shown(
        made,
        order="A1",
        name="Jo",
        vip=True,
        items=[{"name": "mug", "price": "9"}],
        link="https://x.example/?a=1&b",
        colour="#123456",
    )
    html = found.html or ""
    assert "mj-" not in html.replace("mj-column", "").replace("mj-outlook", "")
    assert '<td class="mug">9</td>' in html
    assert 'href="https://x.example/?a=1&amp;b"' in html
    assert "fonts.googleapis" not in html
    assert "Hello Jo, dear" in found.text
    assert "Go {{ (https://x.example/?a=1&b)" in found.text


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"subject": " ", "text": "x"}, ("subject", 1)),
        ({}, ("html", 1)),
        ({"html": "x", "mjml": "<mjml></mjml>"}, ("mjml", 1)),
        ({"text": "a\n{{ b ~ c }}"}, ("text", 2)),
        ({"text": "a\n{% if b %}"}, ("text", 2)),
        ({"html": "a\n\n<a href={{ b }}>"}, ("html", 3)),
        ({"html": "a\n{% include 'bad' %}"}, ("html: bad", 2)),
        ({"html": "a\n{% include 'nobody' %}"}, ("html", 2)),
        ({"mjml": "<mjml>\n<mj-body>\n<mj-foo/></mj-body></mjml>"}, ("mjml", 3)),
        ({"mjml": "<mjml>\n<mj-body>\n</mj-section></mj-body></mjml>"}, ("mjml", 3)),
        ({"mjml": "<mjml><mj-body>"}, ("mjml", 1)),
        ({"mjml": MJML.replace("</mj-text>", "\n<p>a\n<b>b</p></mj-text>", 1)}, ("mjml", 4)),
        ({"mjml": MJML.replace("</mj-text>", "é" * 200 + "\n<a href=https://x.example/>b</a></mj-text>", 1)}, ("mjml", 3)),
        ({"mjml": "nothing"}, ("mjml", 0)),
        ({"mjml": "<mjml><mj-body>\n{{ a ~ b }}</mj-body></mjml>"}, ("mjml", 2)),
        ({"mjml": "<mjml><mj-body>" + "<mj-wrapper>" * 200}, ("mjml", 1)),
    ],
)
def test_a_fault_has_its_part_and_line(parts: dict[str, str], fault: tuple[str, int]) -> None:
    found = faults({"bad": "x\n{{ a ~ b }}"}, **parts)
    assert (found[0].part, found[0].line) == fault, found
    assert found[0].message


def test_the_faults_of_all_parts_come_at_once() -> None:
    found = faults(subject="{{ a ~ b }}", html="<a href={{ b }}>", text="{% set a = 1 %}")
    assert [fault.part for fault in found] == ["subject", "html", "text"]


def test_a_wording_needs_nothing_any_more() -> None:
    library = {"base": "<h1>{% block title %}{% endblock %}</h1>{% include 'footer' %}", "footer": "<p>{{ company }}</p>"}
    source = {"html": "{% extends 'base' %}{% block title %}{{ a }}{% endblock %}"}
    before = built(library, **source)
    library["footer"] = "changed"
    assert shown(before, a="A", company="C").text == "A\n\nC"
    assert built(library, **source) != before


def test_the_same_source_always_gives_the_same_wording() -> None:
    assert built(mjml=MJML) == built(mjml=MJML)


RECEIPT: Final = TemplateSource(
    subject="Beleg {{ number }}: {{ total }}",
    html="""<!doctype html><html lang="de"><head><style>:root{color-scheme:light dark}.n{text-align:right}
@media (prefers-color-scheme:dark){.n{color:#fff}}</style></head><body>
<p>Danke{% if name %}, {{ name }}{% endif %}. Bezahlt am {{ paid_at|datetime("Europe/Berlin") }}.</p>
<table>{% for item in items %}<tr><td>{{ item.name }} &times; {{ item.quantity|number }}</td><td class="n">{{ item.price }}</td></tr>{% endfor %}
<tr><td>{{ items|length|plural("Posten", "Posten") }}, Summe</td><td class="n">{{ total|money }}</td></tr></table>
<p><a href="{{ link }}">Rechnung vom {{ paid_at|date("short") }}</a></p></body></html>""",
)


def test_a_receipt_has_the_bytes_it_always_had() -> None:
    """Guards what is sent against a new release of the engine, the inliner or CLDR: a receipt must render again to its digest."""
    row = Variable(type=VariableType.OBJECT, properties=(Variable(name="price", type=VariableType.MONEY),))
    variables = (
        Variable(name="total", type=VariableType.MONEY, required=True),
        Variable(name="items", type=VariableType.ARRAY, items=row),
    )
    wording = build(RECEIPT, {}, "de")
    assert isinstance(wording, CompiledTemplate)
    version = TemplateVersion(
        name="n", version=1, type=None, variables=variables, compiled_templates={"de": wording}, fallback="de"
    )
    given = {
        "number": "R-2026-17",
        "total": "EUR 1234.50",
        "name": "Jörg & Söhne <x>",
        "paid_at": "2026-11-25T10:00:00Z",
        "items": [
            {"name": "Hemd 'grün'", "quantity": 2, "price": "EUR 1000"},
            {"name": "Hut", "quantity": 1.5, "price": "EUR 234.50"},
        ],
        "link": "https://x.example/r?a=1&b=2",
    }
    found = render(version, given, "de-AT")
    assert isinstance(found, RenderedTemplate)
    assert found.subject == "Beleg R-2026-17: 1.234,50 €"
    assert found.text == (
        "Danke, Jörg & Söhne <x>. Bezahlt am 25. November 2026, 11:00 MEZ.\n\nHemd 'grün' × 2  1.000,00\xa0€\nHut × 1,5  "
        "234,50\xa0€\n"
        "Posten, Summe  1.234,50\xa0€\n\nRechnung vom 25.11.26 (https://x.example/r?a=1&b=2)"
    )
    told = "\0".join((found.subject, found.html or "", found.text))
    assert hashlib.sha256(told.encode()).hexdigest() == "95e5fe77eb354bf31abac17172b7d7b0fd19417922cc90a073a9b77234b07895"
