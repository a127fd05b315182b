"""A version and variables give three parts, or everything that is wrong."""

from typing import Any

import pytest

from posthouse.model.send_request import FieldError
from posthouse.model.template import CompiledTemplate, RenderedTemplate, TemplateVersion, Variable, VariableType
from posthouse.templates.render import render


def version(subject: str = "s", html: str = "<p>h</p>", text: str = "t", **more: Any) -> TemplateVersion:
    facts: dict[str, Any] = {
        "name": "n",
        "version": 1,
        "type": None,
        "variables": (),
        "compiled_templates": {"en": CompiledTemplate(subject, html, text)},
        "fallback": "en",
    }
    return TemplateVersion(**(facts | more))


def rendered(of: TemplateVersion, locale: str | None = None, **variables: Any) -> RenderedTemplate:
    found = render(of, variables, locale)
    assert isinstance(found, RenderedTemplate), found
    return found


def wrong(of: TemplateVersion, **variables: Any) -> tuple[FieldError, ...]:
    found = render(of, variables, None)
    assert isinstance(found, tuple)
    return found


def test_three_parts_are_made_each_in_its_own_manner() -> None:
    found = rendered(version("{{ a }}", "<p>{{ a }}", "{{ a }}"), a="x & y")
    assert (found.subject, found.html, found.text, found.locale) == ("x & y", "<p>x &amp; y", "x & y", "en")


@pytest.mark.parametrize(
    "break_", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u2028", "\u2029", "\r\n ", "\t"]
)
def test_a_subject_is_one_line_whatever_stands_in_the_variables(break_: str) -> None:
    assert rendered(version("Hi {{ a }}"), a=f"Jane{break_}Bcc: x@y.example").subject == "Hi Jane Bcc: x@y.example"


def test_control_characters_leave_the_subject() -> None:
    assert rendered(version("{{ a }}"), a="a\0b\x08c\u202ed").subject == "abcd"


def test_the_text_is_made_from_the_html_where_there_is_none() -> None:
    assert rendered(version(html="<p>Hi <b>{{ a }}</b></p>", text=""), a="Jane & Joe").text == "Hi Jane & Joe"


def test_a_template_without_html_has_none() -> None:
    found = rendered(version(html=""))
    assert (found.html, found.text) == (None, "t")


@pytest.mark.parametrize(
    ("locale", "tag"),
    [
        ("zh-TW", "zh-Hant"),
        ("zh_HK", "zh-Hant"),
        ("zh-Hant-MO", "zh-Hant"),
        ("zh-CN", "zh"),
        ("zh", "zh"),
        ("zh-Hans-SG", "zh"),
        ("sr-ME", "sr-Latn"),
        ("sr", "en"),
    ],
)
def test_a_region_that_tells_the_script_has_the_words_in_it(locale: str, tag: str) -> None:
    compiled_templates = {each: CompiledTemplate(subject=each, html="", text="x") for each in ("en", "zh", "zh-Hant", "sr-Latn")}
    assert rendered(version(compiled_templates=compiled_templates), locale).locale == tag


@pytest.mark.parametrize(
    ("locale", "tag"),
    [
        (None, "en"),
        ("de", "de"),
        ("de-AT", "de"),
        ("de_AT", "de"),
        ("pt-BR", "pt-BR"),
        ("PT-br", "pt-BR"),
        ("pt", "en"),
        ("fr", "en"),
    ],
)
def test_the_wording_is_the_readers_or_its_languages_or_the_fallback(locale: str | None, tag: str) -> None:
    compiled_templates = {name: CompiledTemplate(name, "", name) for name in ("en", "de", "pt-BR")}
    found = rendered(version(compiled_templates=compiled_templates), locale)
    assert (found.locale, found.subject) == (tag, tag)


def test_a_variable_that_nobody_declared_and_nobody_gave_is_named() -> None:
    assert [error.path for error in wrong(version(text="{{ orderNumber }}"))] == ["variables.orderNumber"]


def test_declared_variables_are_judged_before_anything_is_rendered() -> None:
    declared = (Variable(name="a", type=VariableType.STRING, required=True), Variable(name="b", type=VariableType.NUMBER))
    assert [error.path for error in wrong(version("{{ nobody }}", variables=declared), b="x")] == ["variables.a", "variables.b"]


def test_a_template_that_says_what_it_may_not_is_a_fault_of_the_template() -> None:
    assert [error.path for error in wrong(version(html="{% include '/etc/passwd' %}"))] == ["template"]


def test_braces_never_reach_a_reader() -> None:
    found = rendered(version("{{ a }}", "{{ a }}", "{{ a }}"), a="{{ secret }}{% include 'x' %}")
    assert found.text == "{{ secret }}{% include 'x' %}"  # a value is never read as a template


def test_two_templates_of_one_name_do_not_mix() -> None:
    assert rendered(version(text="one")).text == "one"
    assert rendered(version(text="two")).text == "two"
