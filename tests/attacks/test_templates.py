"""S-14, S-15: hostile templates are refused or stopped in time and memory, and reach nothing: no object, no file, no host.

Each is first built as a tenant would save it; what is accepted is rendered with values as large as they may be.
"""

import resource
import time
from pathlib import Path
from typing import Final

import pytest

from posthouse.model.template import CompiledTemplate, RenderedTemplate, TemplateSource, TemplateVersion
from posthouse.templates.build.build import build
from posthouse.templates.language import grammar
from posthouse.templates.render import render
from posthouse.templates.variables import MOST_TEXT

FULL: Final = "&" * MOST_TEXT
VARIABLES: Final = {
    "many": ["x"] * 15_000,
    "full": FULL,
    "broken": "\n" * MOST_TEXT,
    "a": "a",
    "n": 2**62,
    "lines_of": [FULL] * 6,
}
SECRET: Final = "root:x:0:0"

OBJECTS: Final = (
    "{{ a.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ a|attr('__class__') }}",
    "{{ a['__class__'] }}",
    "{{ a.format_map({}) }}",
    "{{ '{0.__class__}'.format(a) }}",
    "{{ '{0.__class__}'|format(a) }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ request.application.__globals__ }}",
    "{{ config }}",
    "{{ env('DATABASE_URL') }}",
    '{{ expandenv "$HOME" }}',
    "{{ getHostByName 'x' }}",
    "{{ joiner() }}{{ namespace() }}{{ dict() }}{{ range(5) }}{{ debug() }}",
    "{% import 'os' as os %}{{ os.environ }}",
    "{% from 'x' import y %}",
    "{% set x = a %}{{ x }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% filter upper %}{% endfilter %}",
    "{% autoescape false %}{{ full }}{% endautoescape %}",
    "{{ full|safe }}",
    "{{ a|_at(0) }}",
    "{% raw %}{{ a }}{% endraw %}",
    "{% call m() %}{% endcall %}",
    "<%= 7*7 %>{{ 7*7 }}",
    "${7*7}{{ 7 * '7' }}",
    "{{ a.__init__ }}{{ many.append('x') }}{{ many.pop() }}",
)
BOMBS: Final = (
    "{{ 'a'*10**9 }}",
    "{{ [1]*3 }}",
    "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "{% for i in many %}{% for j in many %}{% for k in many %}x{% endfor %}{% endfor %}{% endfor %}",
    "{{ '%999999999d'|format(1) }}",
    "{{ 'x'|center(10**9) }}",
    "{{ a.center(999999999) }}",
    "{{ a.ljust(999999999) }}",
    "{{ '{:>999999999}'.format(1) }}",
    "{{ (['a'*1000]*10**6)|join }}",
    "{{ lipsum(n=10**6) }}",
    "{% set x = 'a' %}{% for i in many %}{% set x = x ~ x %}{% endfor %}{{ x }}",
    "{% set ns = namespace(x='a') %}{% for i in many %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{{ 'a'|replace('a', 'b'*10**8) }}",
    "{{ full|replace('&', full) }}",
    (
        "{{ full|replace('&', '&&')|replace('&', '&&')|replace('&', '&&')|replace('&', '&&')|replace('&', '&&')|"
        "replace('&', '&&') }}"
    ),
    "{{ full|indent(999999) }}",
    "{{ many|join(full) }}",
    "{{ lines_of|join(full) }}",
    "{% for i in many %}{{ full }}{% endfor %}",
    "{% for i in many %}{{ full|urlencode|upper|title }}{% endfor %}",
    "{% for i in many %}{% for j in broken|lines %}{{ j }}{% endfor %}{% endfor %}",
    "{% for i in many %}{{ n|number(9) }}{% endfor %}",
    "{% for i in many %}{{ 'EUR 999999999999999'|money }}{% endfor %}",
    "{% for i in many %}{{ '2026-11-25T10:00:00Z'|datetime('Europe/Berlin', 'full') }}{% endfor %}",
    "{{ n|round(999999999) }}",
    "{{ n|number(999999999) }}",
    "{{ full|truncate(-999999999) }}",
    "{{ a|default(full)|default(full) }}" * 2_000,
    "{{ a" + "|upper" * 60_000 + " }}",
    "{{ " + "(" * 60_000 + "a" + ")" * 60_000 + " }}",
    "{{ " + "not " * 60_000 + "a }}",
    "{% if a %}" * 20_000 + "{% endif %}" * 20_000,
    "{% if a %}" + "{% elif a %}" * 20_000 + "{% endif %}",
    "{{ a" + ".a" * 60_000 + " }}",
    "<div>" * 50_000,
    "<style>p{a:b}</style>" + "<div>" * 50_000,
    "<style>p{a:b}</style><p>" + "".join(f"<b id={n}>" for n in range(2_000)) + "</p>" + "x<p>" * 2_000,
    "<style>" + "p{a:b}" * 40_000 + "</style><p>",
    "<style>" + "a " * 100_000 + "{b:c}</style>" + "<a>" * 1_000,
    "<style>" + "{" * 200_000,
    "<p " + " ".join(f"a{n}=1" for n in range(20_000)) + "><style>p{a:b}</style>",
    "<!--" * 60_000,
    "{# " * 60_000,
    "{{ '" * 60_000,
)


def saved(**parts: str) -> CompiledTemplate | None:
    made = build(
        TemplateSource(**({"subject": "s"} | parts)),
        {"loop": "{% include 'loop' %}", "ten": "{% include 'one' %}" * 10, "one": FULL},
    )
    return made if isinstance(made, CompiledTemplate) else None


def sent(wording: CompiledTemplate) -> RenderedTemplate | None:
    version = TemplateVersion(
        name="n", version=1, type=None, variables=(), compiled_templates={"default": wording}, trusted=False
    )
    found = render(version, VARIABLES, None)
    return found if isinstance(found, RenderedTemplate) else None


@pytest.mark.parametrize("template", OBJECTS)
@pytest.mark.parametrize("part", ["text", "html", "subject"])
def test_nothing_can_be_reached_or_called(template: str, part: str) -> None:
    wording = saved(**({"text": "x"} | {part: template}))
    assert wording is None or sent(wording) is None


@pytest.mark.parametrize("template", BOMBS, ids=range(len(BOMBS)))
@pytest.mark.timeout(20)
def test_a_bomb_is_refused_or_stopped_in_time_and_memory(template: str) -> None:
    begun, held = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wording = saved(html=template)
    found = None if wording is None else sent(wording)
    if found is not None:
        assert len(found.html or "") <= grammar.MOST_OUTPUT
        assert len(found.text) <= grammar.MOST_OUTPUT
    assert time.process_time() - begun < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held < 128 << 10  # KiB


@pytest.mark.parametrize(
    "mjml",
    [
        '<mj-include path="{path}"/>',
        '<mj-include path="../../../../../../..{path}" />',
        '<mj-include path="..%252f..%252f..{path}"></mj-include>',
        '<mj-include path="\\\\\\\\host\\\\share"/>',
        '<mj-include path="{path}" type="css"/>',
        '<mj-include path="{path}" type="css" css-inline="inline"/>',
        '<mj-include path="{path}" type="html"/>',
        "<MJ-INCLUDE path='{path}'/>",
        '<mj-text><mj-include path="{path}"/></mj-text>',
        '<mj-raw><mj-include path="{path}"/></mj-raw>',
        '<mj-raw><xi:include href="{path}" parse="text"/></mj-raw>',
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{path}"/>',
        "<?xml-stylesheet href='{path}'?>",
        "<![CDATA[<mj-include path='{path}'/>]]>",
        "{{% include '{path}' %}}",
        "{{% extends '{path}' %}}",
        "{{% import '{path}' as x %}}",
        "{{% include 'loop' %}}",
    ],
)
def test_no_page_reads_a_file(mjml: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    inside = mjml.format(path=secret)
    for page in (f"<mjml><mj-body>{inside}</mj-body></mjml>", f"<mjml><mj-head>{inside}</mj-head><mj-body></mj-body></mjml>"):
        assert saved(mjml=page) is None
    wording = saved(html=inside)
    assert wording is None or SECRET not in wording.html


@pytest.mark.parametrize(
    "page",
    [
        '<!DOCTYPE mjml [<!ENTITY x SYSTEM "file:///etc/passwd">]><mjml><mj-body><mj-text>&x;</mj-text></mj-body></mjml>',
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><mjml></mjml>',
    ],
)
def test_no_entity_is_declared(page: str) -> None:
    assert saved(mjml=page) is None


def test_the_inliner_fetches_no_style_sheet(tmp_path: Path) -> None:
    sheet = tmp_path / "a.css"
    sheet.write_text("p { color: rebeccapurple }")
    for link in (str(sheet), sheet.as_uri(), "http://127.0.0.1:1/a.css", "//127.0.0.1:1/a.css"):
        made = saved(html=f"<link rel='stylesheet' href='{link}'><style>@import '{link}';p{{margin:0}}</style><p>x</p>")
        assert made is not None
        assert "rebeccapurple" not in made.html
        assert "margin: 0" in made.html


def test_partials_cannot_multiply_beyond_bounds() -> None:
    assert saved(text="{% include 'ten' %}") is None
    assert saved(text="{% include 'loop' %}") is None
