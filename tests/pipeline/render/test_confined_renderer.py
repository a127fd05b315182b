"""What tenants wrote is rendered by children: the same as here, and bounded."""

from collections.abc import AsyncIterator

import pytest

from posthouse.app.runtime.confined import confined_command
from posthouse.model.template import (
    CompiledTemplate,
    RenderedTemplate,
    TemplateDraft,
    TemplateSource,
    TemplateVersion,
    Variable,
    VariableType,
)
from posthouse.pipeline.render.build_version import BuiltVersion
from posthouse.pipeline.render.confined_renderer import ConfinedRenderer
from posthouse.pipeline.render.renderer import InProcessRenderer
from posthouse.templates.build.build import build

DRAFT = TemplateDraft(
    name="greeting",
    variables=(Variable(name="name", type=VariableType.STRING, required=True, example="Ada"),),
    sources={
        "default": TemplateSource(
            subject="Hi {{ name }}", html='{% extends "frame" %}{% block body %}<p>Hi {{ name }}</p>{% endblock %}'
        )
    },
)
PARTS = {("layout", "frame"): "<html><body>{% block body %}{% endblock %}</body></html>"}


def version(html: str, *variables: Variable) -> TemplateVersion:
    wording = build(TemplateSource(subject="s", html=html), {}, "default")
    assert isinstance(wording, CompiledTemplate), wording
    return TemplateVersion(
        name="t", version=1, type=None, variables=variables, compiled_templates={"default": wording}, trusted=False
    )


@pytest.fixture
async def renders() -> AsyncIterator[ConfinedRenderer]:
    made = ConfinedRenderer(render=confined_command("render"), save=confined_command("save"))
    yield made
    await made.close()


async def test_a_child_renders_what_this_process_would(renders: ConfinedRenderer) -> None:
    built = version("<p>Hello {{ name }}, {{ day|date }}</p>")
    given = {"name": "<Ada>", "day": "2026-11-24"}
    here = await InProcessRenderer().render(built, given, "de")
    assert isinstance(here, RenderedTemplate)
    assert await renders.render(built, given, "de") == here


async def test_saving_builds_with_the_tenants_parts_and_lints(renders: ConfinedRenderer) -> None:
    made = await renders.make(DRAFT, PARTS)
    assert isinstance(made, BuiltVersion)
    assert "<p>Hi {{ name }}</p>" in made.compiled_templates["default"].html
    assert made == await InProcessRenderer().make(DRAFT, PARTS)
    assert await renders.make(DRAFT, {}) == await InProcessRenderer().make(DRAFT, {})


async def test_a_template_that_takes_too_long_is_stopped_and_reported(renders: ConfinedRenderer) -> None:
    slow = version("{% for a in x %}{% for b in x %}{{ b|upper|lower|title|upper|lower }}{% endfor %}{% endfor %}")
    faults = await renders.render(slow, {"x": ["y" * 400] * 290}, None)
    assert isinstance(faults, tuple)
    assert faults[0].path == "template"
    assert isinstance(await renders.render(version("<p>{{ n }}</p>"), {"n": 1}, None), RenderedTemplate)


SAVES = 150  # before caches were bounded by size the hundred and second was refused
LONG_PAGE = 58_000  # characters


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_saving_many_large_templates_one_after_the_other_refuses_none(renders: ConfinedRenderer) -> None:
    await _save_many(renders, SAVES)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_saving_two_thousand_large_templates_refuses_none(renders: ConfinedRenderer) -> None:
    await _save_many(renders, 2000)


async def _save_many(renders: ConfinedRenderer, count: int) -> None:
    for number in range(count):
        page = f"<p>{number} {{{{ name }}}}</p>" + "<p>A sentence that is long enough.</p>" * (LONG_PAGE // 38)
        made = await renders.make(
            TemplateDraft(
                name=f"page-{number}", variables=DRAFT.variables, sources={"default": TemplateSource(subject="Hi", html=page)}
            ),
            {},
        )
        assert isinstance(made, BuiltVersion), (number, made)
