"""What a template may do to a value."""

import pytest

from posthouse.templates.language.engine import CompiledPage, TemplateFault


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("{{ name|upper }} {{ name|lower }} {{ name|title }} {{ name|capitalize }}", "JANE DOE jane doe Jane Doe Jane doe"),
        ("{{ '  x '|trim }}|", "x|"),
        ("{{ names|join }} {{ names|join('/') }}", "a, b a/b"),
        ("{{ name|replace('Doe', 'Roe') }}", "Jane Roe"),
        ("{{ name|truncate(5) }} {{ name|truncate(20) }} {{ name|truncate(6, '..') }}", "Jane… Jane Doe Jane.."),
        ("{{ 'a b&c/d'|urlencode }}", "a%20b%26c%2Fd"),
        ("{% for line in 'a\nb'|lines %}<{{ line }}>{% endfor %}", "<a><b>"),
        ("{{ day|date }} {{ moment|date }}", "25 November 2026 1 December 2026"),
        ("{{ names|length }} {{ names|first }} {{ names|last }} {{ 2.345|round(1) }} {{ nobody|default('-') }}", "2 a b 2.3 -"),
        ("{{ 5|upper }}", "5"),
        ("Hi {{ left_out|default('there') }}, {{ left_out|d('there') }}", "Hi there, there"),
        (
            "[{{ empty|default('-') }}] [{{ empty|default('-', true) }}] {{ 0|default(5) }} {{ nested.x|default('-') }}",
            "[] [-] 0 -",
        ),
    ],
)
def test_filters_do_what_they_say(source: str, made: str) -> None:
    context: dict[str, object] = {
        "name": "Jane Doe",
        "names": ["a", "b"],
        "day": "2026-11-25",
        "moment": "2026-12-01T10:00:00+01:00",
    }
    context |= {"left_out": None, "empty": "", "nested": {}}
    assert CompiledPage("text", source).fill(context) == made


@pytest.mark.parametrize(
    "source",
    [
        "{{ names|upper }}",
        "{{ 'x'|upper(1) }}",
        "{{ 'x'|replace('x') }}",
        "{{ 'x'|replace(1, 2) }}",
        "{{ 'x'|truncate('y') }}",
        "{{ names|join(5) }}",
        "{{ none|upper }}",
        "{{ 'x'|join }}",
        "{{ 'soon'|date }}",
        "{{ 'x'|replace('', 'y') }}",
        "{{ nested|join }}",
    ],
)
def test_filters_refuse_what_is_no_text(source: str) -> None:
    with pytest.raises(TemplateFault):
        CompiledPage("text", source).fill({"names": ["a"], "nested": [["a"]]})
