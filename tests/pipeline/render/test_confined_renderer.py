"""What tenants wrote is rendered by children: the same as here, and bounded."""

from collections.abc import AsyncIterator

import pytest

from posthouse.model.template import Rendered, Source, TemplateVersion, Variable, VariableType, Wording
from posthouse.pipeline.render.build_version import Made
from posthouse.pipeline.render.confined_renderer import ConfinedRenders
from posthouse.pipeline.render.renderer import InProcess
from posthouse.templates.build.build import build
from posthouse.templates.draft import Draft

DRAFT = Draft(
    name="greeting",
    variables=(Variable(name="name", type=VariableType.STRING, required=True, example="Ada"),),
    sources={
        "default": Source(subject="Hi {{ name }}", html='{% extends "frame" %}{% block body %}<p>Hi {{ name }}</p>{% endblock %}')
    },
)
PARTS = {("layout", "frame"): "<html><body>{% block body %}{% endblock %}</body></html>"}


def version(html: str, *variables: Variable) -> TemplateVersion:
    wording = build(Source(subject="s", html=html), {}, "default")
    assert isinstance(wording, Wording), wording
    return TemplateVersion(name="t", version=1, type=None, variables=variables, wordings={"default": wording}, trusted=False)


@pytest.fixture
async def renders() -> AsyncIterator[ConfinedRenders]:
    made = ConfinedRenders()
    yield made
    await made.close()


async def test_a_child_makes_what_this_process_would(renders: ConfinedRenders) -> None:
    built = version("<p>Hello {{ name }}, {{ day|date }}</p>")
    given = {"name": "<Ada>", "day": "2026-11-24"}
    here = await InProcess().render(built, given, "de")
    assert isinstance(here, Rendered)
    assert await renders.render(built, given, "de") == here


async def test_saving_builds_with_the_tenants_parts_and_lints(renders: ConfinedRenders) -> None:
    made = await renders.make(DRAFT, PARTS)
    assert isinstance(made, Made)
    assert "<p>Hi {{ name }}</p>" in made.wordings["default"].html
    assert made == await InProcess().make(DRAFT, PARTS)
    assert await renders.make(DRAFT, {}) == await InProcess().make(DRAFT, {})


async def test_a_template_that_takes_too_long_is_stopped_and_told(renders: ConfinedRenders) -> None:
    slow = version("{% for a in x %}{% for b in x %}{{ b|upper|lower|title|upper|lower }}{% endfor %}{% endfor %}")
    faults = await renders.render(slow, {"x": ["y" * 400] * 290}, None)
    assert isinstance(faults, tuple)
    assert faults[0].path == "template"
    assert isinstance(await renders.render(version("<p>{{ n }}</p>"), {"n": 1}, None), Rendered)
