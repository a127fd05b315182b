"""How a template is rendered, and that a hostile one is stopped: in time, in memory, in what it can reach."""

import resource
import time
from typing import Any

import pytest

from posthouse.model.template import CompiledTemplate
from posthouse.templates.language import engine, grammar
from posthouse.templates.language.engine import CompiledPage, TemplateFault, compile_template


def fill(source: str, part: str = "text", **context: Any) -> str:
    return CompiledPage(part, source).fill(context)


def test_html_is_escaped_on_its_way_out_and_a_link_stays_readable() -> None:
    hostile = "<script>alert('x')</script> & \"y\""
    assert fill("{{ a }}", "html", a=hostile) == "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; &quot;y&quot;"
    assert fill('<a href="{{ a }}">', "html", a="https://x.example/r?a=1&b=2") == '<a href="https://x.example/r?a=1&amp;b=2">'


@pytest.mark.parametrize(
    "source",
    ["{{ a|upper }}", "{{ a|default('-') }}", "{{ a|replace('x', '<i>') }}", "{{ nobody|default('<i>') }}", "{{ '<b>' }}"],
)
def test_no_filter_and_no_literal_gets_markup_through(source: str) -> None:
    assert "<" not in fill(source, "html", a="<x>")


def test_text_is_left_as_it_is() -> None:
    assert fill("{{ a }}", a="<b> & 'c'") == "<b> & 'c'"


@pytest.mark.parametrize(
    ("value", "printed"),
    [("x", "x"), (1, "1"), (2.5, "2.5"), (True, "true"), (False, "false"), (None, ""), ("grün €", "grün €")],
)
def test_scalars_are_printed(value: object, printed: str) -> None:
    assert fill("{{ a }}", a=value) == printed


@pytest.mark.parametrize(("value", "called"), [([1], "a list"), ({"b": 1}, "an object")])
def test_a_list_or_an_object_in_a_sentence_is_a_fault(value: object, called: str) -> None:
    with pytest.raises(TemplateFault, match=called):
        fill("{{ a }}", a=value)


def test_a_name_that_is_not_there_is_a_fault_that_names_it() -> None:
    with pytest.raises(TemplateFault) as told:
        fill("x\n{{ orderNumber }}")
    assert told.value.missing == "orderNumber"
    assert told.value.message.startswith("text: line 2")
    with pytest.raises(TemplateFault):
        fill("{% if nobody %}x{% endif %}")


def test_a_fault_never_repeats_a_value() -> None:
    with pytest.raises(TemplateFault) as told:
        fill("{{ a.b.c }}", a={"b": "secret-token"})
    assert "secret-token" not in str(told.value)


@pytest.mark.parametrize(
    "source", ["{{ a.__class__ }}", "{{ a.append }}", "{{ a.__init__.__globals__ }}", "{{ loop }}", "{{ range }}", "{{ self }}"]
)
def test_nothing_of_python_can_be_reached(source: str) -> None:
    with pytest.raises(TemplateFault):
        fill(source, a=[1])


FULL = "x" * 60_000
BOMBS: dict[str, str] = {
    "steps": "{% for a in many %}{% for b in many %}{% for c in many %}{% endfor %}{% endfor %}{% endfor %}",
    "text in a loop": "{% for a in many %}" + FULL * 4 + "{% endfor %}",
    "a value in a loop": "{% for a in many %}{{ full }}{% endfor %}",
    "escapes in a loop": "{% for a in many %}{{ marks }}{% endfor %}",
    "replace": "{{ full|replace('x', full) }}",
    "replace nothing": "{{ full|replace('', full) }}",
    "join": "{{ many|join(full) }}",
    "a long chain": "{{ full" + "|upper|lower" * 10_000 + " }}",
    "a long sum of names": "{{ " + " and ".join(["full"] * 20_000) + " }}",
    "deep parentheses": "{{ " + "(" * 5_000 + "full" + ")" * 5_000 + " }}",
    "elifs": "{% if full %}" + "{% elif full %}" * 15_000 + "{% endif %}",
    "many tags": "{{ marks }}" * 20_000,
    "deep ifs": "{% if full %}" * 5_000 + "{% endif %}" * 5_000,
    "comparisons": "{% for a in many %}{% if full == other %}{% endif %}{% endfor %}",
    "urlencode": "{% for a in many %}{{ marks|urlencode }}{% endfor %}",
    "lines": "{% for a in many %}{% for b in broken|lines %}{{ b }}{% endfor %}{% endfor %}",
}


def peak_bytes() -> int:
    """The most this process ever held; the engine's memory is not Python's."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_goes_off_in_a_second_and_in_little_memory(name: str) -> None:
    context = {"many": list(range(15_000)), "full": FULL, "other": "x" * 60_000, "marks": "&" * 60_000, "broken": "\n" * 60_000}
    begun, held = time.process_time(), peak_bytes()
    try:
        made = fill(BOMBS[name], "html", **context)
    except TemplateFault:
        made = ""
    assert len(made) <= grammar.MOST_OUTPUT
    assert time.process_time() - begun < 1  # 0.05 s as measured
    assert peak_bytes() - held < 128 << 20


def test_the_meter_begins_anew_with_every_rendering() -> None:
    page = CompiledPage("text", "{{ a }}")
    for _ in range(3):
        assert len(page.fill({"a": "x" * 1_500_000})) == 1_500_000


@pytest.mark.parametrize("source", ["{{ a ~ a }}", "{% if %}", "{% for a b %}{% endfor %}", "{% endif %}"])
def test_what_cannot_be_compiled_is_told_with_its_part(source: str) -> None:
    with pytest.raises(TemplateFault) as told:
        CompiledPage("subject", source)
    assert told.value.message.startswith("subject: ")


def test_compiled_templates_are_remembered_by_size_and_not_without_end() -> None:
    engine.forget_compiled_templates()
    page = "x" * 200_000
    first = compile_template(CompiledTemplate(subject="0", html="", text=page))
    assert compile_template(CompiledTemplate(subject="0", html="", text=page)) is first
    for number in range(1, 1 + engine.MOST_COMPILED // len(page)):
        compile_template(CompiledTemplate(subject=str(number), html="", text=page))
    assert compile_template(CompiledTemplate(subject="0", html="", text=page)) is not first
    engine.forget_compiled_templates()
