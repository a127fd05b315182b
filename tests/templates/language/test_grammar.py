"""What a template may say, and that the reading here sees what the engine sees."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minijinja import Environment, TemplateError

from posthouse.templates.language import grammar


@pytest.mark.parametrize(
    "page",
    [
        "plain { text } with 100 % and # and }} and %}",
        "{{ name }}",
        "{{- name -}} {{+ name }}",
        "{{ order.lines[0].name }}{{ order['total'] }}",
        '{{ name|default("}} {{ nobody")|upper }}',
        "{{ 'it\\'s' }}",
        "{# a comment with {{ tags }} and {% set x %} #}x",
        "{% if a and not (b or c) %}x{% elif a is defined %}y{% elif a is not none %}z{% else %}w{% endif %}",
        "{% for item in items or () %}{{ loop.index }}{{ item.name if item.name else '-' }}{% endfor %}",
        "{% for key, value in order|items %}{{ key }}{% endfor %}",
        "{{ price|round(2) }}{{ names|join(', ') }}{% if n is divisibleby(2) %}{% endif %}",
        "{% if a == 1 and b != 'x' and c <= 2.5 and d in e %}{% endif %}",
    ],
)
def test_this_may_be_said(page: str) -> None:
    assert grammar.check_page(page).fuel == grammar.MOST_STEPS


@pytest.mark.parametrize(
    ("page", "word"),
    [
        ("{% set a = 'x' %}", "'set'"),
        ("{% macro m() %}{% endmacro %}", "'macro'"),
        ("{% include 'x' %}", "'include'"),
        ("{% import 'x' as y %}", "'import'"),
        ("{% extends 'x' %}", "'extends'"),
        ("{% block x %}{% endblock %}", "'block'"),
        ("{% filter upper %}{% endfilter %}", "'filter'"),
        ("{% call m() %}{% endcall %}", "'call'"),
        ("{% with a = 1 %}{% endwith %}", "'with'"),
        ("{% do x.append(1) %}", "'do'"),
        ("{% autoescape false %}{% endautoescape %}", "'autoescape'"),
        ("{% raw %}{% endraw %}", "'raw'"),
        ("{%- set a = 1 -%}", "'set'"),
        ("{{ a ~ a }}", "~"),
        ("{{ a + a }}", "+"),
        ("{{ 'a' * 1000000000 }}", "*"),
        ("{{ a - 1 }}", "-"),
        ("{{ a / 1 }}", "/"),
        ("{{ a % 1 }}", "%"),
        ("{{ [a, a] }}", "list"),
        ("{{ [] }}", "list"),
        ("{{ a[1:2] }}", "not understood"),
        ("{{ a[b] }}", "list"),
        ("{{ {'a': 1} }}", "{"),
        ("{{ range(10) }}", "'range'"),
        ("{{ namespace() }}", "'namespace'"),
        ("{{ items.append(1) }}", "'append'"),
        ("{{ a.b['c'](1) }}", "']'"),
        ("{{ (a)(1) }}", "')'"),
        ("{{ loop(items) }}", "'loop'"),
        ("{% for a in b recursive %}{% endfor %}", "recursive"),
        ("{{ a|format(1) }}", "filter 'format'"),
        ("{{ a|safe }}", "filter 'safe'"),
        ("{{ a|tojson }}", "filter 'tojson'"),
        ("{{ a|center(1000000000) }}", "filter 'center'"),
        ("{{ }}", "empty"),
        ("{{ a", "not understood"),
        ("{{ a %}", "not understood"),
        ("{{ 'a }}", "not understood"),
        ("{# a", "comment"),
        ("{{ ä }}", "not understood"),
        ("{{ a; b }}", "not understood"),
        ("x\n\n{{ a ~ b }}", "line 3"),
    ],
)
def test_this_may_not_be_said_and_the_line_is_named(page: str, word: str) -> None:
    with pytest.raises(grammar.TemplateSyntaxError) as told:
        grammar.check_page(page)
    assert word in str(told.value)
    assert "line " in str(told.value)


def test_a_page_may_have_256_kilobytes() -> None:
    grammar.check_page("x" * grammar.MOST_CHARACTERS)
    with pytest.raises(grammar.TemplateSyntaxError):
        grammar.check_page("x" * (grammar.MOST_CHARACTERS + 1))


def test_the_more_a_loop_repeats_the_fewer_steps_there_are() -> None:
    once, repeated = "x" * 200_000, "{% for a in b %}" + "x" * 200_000 + "{% endfor %}"
    assert grammar.check_page(once + "{{ a }}").fuel == grammar.MOST_STEPS
    assert grammar.check_page(repeated).fuel == grammar.REPEATED_BYTES // 200_000


PIECES = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "-",
    "'",
    '"',
    " ",
    "a",
    "~",
    "if",
    "for",
    "in",
    "set",
    "endif",
    "endfor",
    "|",
    "upper",
    "(",
    ")",
    "\n",
]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=24).map("".join))
def test_no_operator_hides_from_the_reading(page: str) -> None:
    """In a page that was let through, the engine takes a tilde for text: a letter in its place changes nothing else."""
    environment = Environment(pycompat=False, undefined_behavior="chainable")
    try:
        grammar.check_page(page)
        made = environment.render_str(page, a="A")
    except (grammar.TemplateSyntaxError, TemplateError):
        return
    assert made.replace("~", "Z") == environment.render_str(page.replace("~", "Z"), a="A")
