"""Any template over the grammar, any values: told or rendered, nothing of the template in what is sent, no value unescaped."""

import re
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.model.template import CompiledTemplate, RenderedTemplate, TemplateSource, TemplateVersion
from posthouse.templates.build.build import build
from posthouse.templates.language.engine import CompiledPage, TemplateFault
from posthouse.templates.language.source import SourceFault
from posthouse.templates.render import render

NAMES: Final = ("a", "b", "items", "n", "m", "o.x", "nobody")
FILTERS: Final = (
    "upper", "trim", "default('-')", "replace('x', '<i>')", "truncate(3)", "join", "lines", "urlencode", "money", "date", "datetime",
    "time('Europe/Berlin')", "number(2)", "plural('i', 'ii')", "length", "first", "round(1)", "title", "lower", "int",
)  # fmt: skip
WORDS: Final = (
    "x",
    "<p>",
    "</p>",
    "<b>",
    "</b>",
    "<tr><td>",
    "</td></tr>",
    "<table>",
    "</table>",
    " ",
    "\n",
    "&amp;",
    "<!-- c -->",
    "<br>",
    "}",
    "{ ",
)

names = st.sampled_from(NAMES)
expressions = st.tuples(names, st.lists(st.sampled_from(FILTERS), max_size=2)).map(lambda parts: "|".join((parts[0], *parts[1])))
values = expressions.map(lambda said: f"{{{{ {said} }}}}")
places = st.one_of(
    values,
    expressions.map(lambda said: f'<a href="{{{{ {said} }}}}">'),
    expressions.map(lambda said: f"<td title=\"{{{{ {said} }}}}\" class='{{{{- {said} -}}}}'>"),
    expressions.map(lambda said: f'<p style="color: {{{{ {said} }}}}">'),
)


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    said = st.lists(inner, max_size=3).map("".join)
    return st.one_of(
        st.tuples(expressions, said, said).map(
            lambda parts: f"{{% if {parts[0]} %}}{parts[1]}{{%- else %}}{parts[2]}{{% endif -%}}"
        ),
        st.tuples(names, said).map(lambda parts: f"{{% for i in {parts[0]} %}}{{{{ i }}}}{parts[1]}{{% endfor %}}"),
    )


templates = st.lists(st.recursive(st.one_of(places, st.sampled_from(WORDS)), blocks, max_leaves=8), max_size=5).map("".join)
hostile = st.sampled_from(
    [
        "{{ a }}",
        "{% if %}",
        "<script>\x01</script>",
        "javascript:x",
        "https://x.example/?a&b",
        "\r\nBcc: y",
        "\"'><",
        "\v\f",
        "zq0x",
        "\ue0000\ue001",
    ]
)
texts = st.one_of(hostile, st.text(max_size=8))
scalars = st.one_of(texts, st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none())
contexts = st.fixed_dictionaries(
    {
        "a": scalars,
        "b": scalars,
        "items": st.one_of(st.lists(scalars, max_size=3), scalars),
        "n": st.integers(-(2**62), 2**62),
        "m": st.one_of(st.just({"amount": "1.5", "currency": "EUR"}), st.just({"amount": [], "currency": "<"}), texts),
        "o": st.fixed_dictionaries({"x": scalars}),
    }
)


def wash(value: Any) -> Any:
    """The same context without anything that could be taken for a tag."""
    if isinstance(value, str):
        return value.replace("{", "(").replace("%", "-")
    if isinstance(value, dict):
        return {name: wash(inner) for name, inner in value.items()}
    return [wash(inner) for inner in value] if isinstance(value, list) else value


def version(wording: CompiledTemplate) -> TemplateVersion:
    return TemplateVersion(name="n", version=1, type=None, variables=(), compiled_templates={"default": wording})


@settings(max_examples=300, deadline=None)
@given(templates, contexts)
def test_a_page_is_told_or_rendered_and_its_values_are_escaped(template: str, context: dict[str, Any]) -> None:
    try:
        made = CompiledPage("html", template).fill(context)
    except TemplateFault:
        return
    assert "<script" not in made
    assert "<\x01" not in made
    assert "\"'><" not in made
    assert re.search(r"href=[\"']\s*(?!https?://|mailto:|[\"'])", made) is None


@settings(max_examples=300, deadline=None)
@given(templates, contexts)
def test_a_built_template_sends_nothing_of_itself(template: str, context: dict[str, Any]) -> None:
    source = TemplateSource(subject="{{ a }} {{ b|default('-') }}", html="<style>p{margin:0}td{color:red}</style>" + template)
    wording = build(source, {"p": template})
    if isinstance(wording, tuple):
        assert all(isinstance(fault, SourceFault) and fault.message for fault in wording)
        return
    found = render(version(wording), wash(context), None)
    if isinstance(found, RenderedTemplate):
        for part in (found.subject, found.html or "", found.text):
            assert "{{" not in part
            assert "{%" not in part
            assert "zq" not in part.replace("zq0x", "")
        assert found.subject.isprintable()
        assert "<script" not in (found.html or "")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="{}%#<>/\"'= \nabif-|!", max_size=60))
def test_any_text_is_built_or_told(template: str) -> None:
    for source in (
        TemplateSource(subject="s", html=template),
        TemplateSource(subject="s", mjml=template),
        TemplateSource(subject=template, text=template),
    ):
        made = build(source, {"a": template})
        assert isinstance(made, CompiledTemplate) or made
