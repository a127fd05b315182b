"""A folder becomes a template version in all its languages, built like any other, and only when it is asked for."""

from pathlib import Path

import msgspec
import pytest

from posthouse.model.template import RenderedTemplate
from posthouse.templates.ready_made import READY_MADE, SHIPPED, ReadyMadeBroken, load
from posthouse.templates.render import render

MANIFEST = 'name = "hello"\nversion = 2\ntype = "notification"\n[[variables]]\nname = "total"\ntype = "money"\nrequired = true\n'
MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>{% include 'sum' %}</mj-text></mj-column></mj-section></mj-body></mjml>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "template.toml").write_text(MANIFEST)
    (tmp_path / "subject.txt").write_text("Hello\n")
    (tmp_path / "body.mjml").write_text(MJML)
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "subject.txt").write_text("Hallo\n")
    (tmp_path / "de" / "body.html").write_text("<p>{% include 'sum' %}</p>")
    (tmp_path / "de" / "body.txt").write_text("Summe: {{ total }}")
    return tmp_path


def test_each_language_is_built_and_speaks_its_own_way(folder: Path) -> None:
    version = load(folder, {"sum": "{{ total }}"})
    assert (version.name, version.version, version.type, version.fallback, version.trusted) == (
        "hello",
        2,
        "notification",
        "en",
        True,
    )
    made = [render(version, {"total": "EUR 1234.5"}, locale) for locale in ("en", "de-AT", "fr")]
    assert [(each.subject, each.text, each.locale) for each in made if isinstance(each, RenderedTemplate)] == [
        ("Hello", "€1,234.50", "en"),
        ("Hallo", "Summe: 1.234,50\xa0€", "de"),
        ("Hello", "€1,234.50", "en"),
    ]


def test_what_cannot_be_built_is_told_with_its_language(folder: Path) -> None:
    with pytest.raises(ReadyMadeBroken, match=r"hello \(de\): html line 1: there is no layout or partial 'sum'"):
        load(folder, {"sum.mjml": "{{ total }}"})


def test_a_manifest_says_nothing_unknown(folder: Path) -> None:
    (folder / "template.toml").write_text(MANIFEST + "colour = 1\n")
    with pytest.raises(msgspec.ValidationError, match="colour"):
        load(folder, {})


def test_the_shelf_has_names_and_no_others() -> None:
    assert "nobody" not in READY_MADE
    assert READY_MADE.get("nobody") is None
    assert len(READY_MADE) == len(list(READY_MADE))
    assert all(isinstance(said, str) for said in SHIPPED.values())
