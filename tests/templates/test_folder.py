"""Templates as files: what is read, what is refused with its file, and that writing and reading agree."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.model.template import TemplateDraft, Variable, VariableType
from posthouse.templates import folder
from posthouse.templates.draft import faults, source_of

MANIFEST = 'type = "receipt"\nlocale = "en"\n[[variables]]\nname = "n"\ntype = "number"\nrequired = true\n'
NOTE = {
    "note/template.toml": MANIFEST, "note/subject.txt": "Note {{ n }}\r\n", "note/body.html": "<p>{{ n }}</p>\r\n",
    "note/de/subject.txt": "Notiz {{ n }}", "note/de/body.txt": "{{ n }}\n", "_layouts/base.html": "<body></body>",
    "_partials/footer.html": "<p>Shop</p>", ".git/config": "x", "README.md": "x", "note/README.md": "x",
}  # fmt: skip


def test_a_folder_is_a_template_and_its_name_is_the_folders() -> None:
    read = folder.read_folder(NOTE)
    assert read.faults == ()
    draft = read.drafts["note"]
    assert (draft.name, draft.type, draft.fallback) == ("note", "receipt", "en")
    assert draft.sources["en"] == source_of(subject="Note {{ n }}", html="<p>{{ n }}</p>\n")
    assert draft.sources["de"] == source_of(subject="Notiz {{ n }}", text="{{ n }}\n")
    assert draft.variables == (Variable(name="n", type=VariableType.NUMBER, required=True),)
    assert read.parts == {("layout", "base.html"): "<body></body>", ("partial", "footer.html"): "<p>Shop</p>"}


@pytest.mark.parametrize(
    ("changed", "path", "words"),
    [
        ({"note/template.toml": None}, "note/template.toml", "is missing"),
        ({"note/template.toml": "name ="}, "note/template.toml", "Invalid value"),
        ({"note/template.toml": "nam = 'x'"}, "note/template.toml", "nam"),
        ({"note/template.toml": MANIFEST + "default = nan"}, "note/template.toml", "nan"),
        ({"note/template.toml": "name = '-'\nlocale = 'en'"}, "note/template.toml", "name must be"),
        ({"note/subject.txt": None, "note/body.html": None}, "note/template.toml", "locale has no words"),
        ({"note/subject.txt": " \n"}, "note/subject.txt", "must not be empty"),
        ({"note/de/subject.txt": None}, "note/de/subject.txt", "must not be empty"),
        ({"note/body.mjml": "<mjml></mjml>"}, "note/body.mjml", "stands beside html"),
        ({"note/body.html": None}, "note/body.html", "is required"),
        ({"note/body.htm": "x"}, "note/body.htm", "is not known here"),
        ({"note/de/at/body.txt": "x"}, "note/de/at/body.txt", "is not known here"),
        ({"body.html": "x"}, "body.html", "is in no template's folder"),
        ({"_partials/base.html": "x"}, "_partials/base.html", "has the name of a layout"),
        ({"_partials/a/b.html": "x"}, "_partials/a/b.html", "is no name"),
        ({"note/template.toml": MANIFEST + "[waivers]\na-rule = ' '"}, "note/template.toml", "must say why"),
        ({"other/template.toml": "name = 'note'\nlocale = 'en'", "other/en/subject.txt": "x", "other/en/body.txt": "x"}, "other/template.toml", "name note"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_file(changed: dict[str, str | None], path: str, words: str) -> None:
    files = {name: text for name, text in (NOTE | changed).items() if text is not None}
    told = {fault.path: fault.message for fault in folder.read_folder(files).faults}
    assert words in told[path], told


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=30)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
VALUES: dict[VariableType, st.SearchStrategy[Any]] = {
    VariableType.STRING: TEXT.map(lambda text: f"a{text}"), VariableType.NUMBER: st.integers(-(2**53), 2**53), VariableType.BOOLEAN: st.booleans(),
    VariableType.DATE: st.dates().map(str), VariableType.DATETIME: st.just("2026-01-02T03:04:05Z"), VariableType.EMAIL: st.just("a@shop.example"),
    VariableType.MONEY: st.just({"amount": "12.50", "currency": "EUR"}), VariableType.URL: st.just("https://shop.example/a?b=c"),
}  # fmt: skip


@st.composite
def variables(draw: st.DrawFn, depth: int = 2) -> Variable:
    """One that can be meant: values of its type, items in arrays, properties in objects."""
    kind = draw(st.sampled_from(VariableType))
    values = st.none() | VALUES.get(kind, st.none())
    within = depth and kind is VariableType.OBJECT
    return Variable(
        name=draw(NAMES), type=kind, required=draw(st.booleans()), default=draw(values), description=draw(TEXT), example=draw(values),
        items=draw(st.none() | variables(depth - 1)) if depth and kind is VariableType.ARRAY else None,
        properties=tuple(draw(st.lists(variables(depth - 1), max_size=2, unique_by=lambda v: v.name))) if within else (),
    )  # fmt: skip


SOURCES = st.builds(
    lambda subject, html, mjml, text: source_of(subject=f"a{subject}", html="" if mjml else html, mjml=mjml, text=text or "x"),
    TEXT,
    TEXT,
    TEXT,
    TEXT,
)
DRAFTS = st.builds(
    TemplateDraft, name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True), type=st.none() | NAMES,
    variables=st.lists(variables(), max_size=3, unique_by=lambda v: v.name).map(tuple),
    sources=st.dictionaries(st.sampled_from(["de", "pt-BR", "fr"]), SOURCES, max_size=2).flatmap(
        lambda others: SOURCES.map(lambda own: {"en": own} | others)
    ),
    fallback=st.just("en"), waivers=st.dictionaries(NAMES, TEXT.map(lambda why: f"a{why}"), max_size=2),
)  # fmt: skip


@given(DRAFTS)
def test_what_is_written_is_read_as_it_was(draft: TemplateDraft) -> None:
    assert faults(draft) == ()
    read = folder.read_folder(folder.files_of(draft))
    assert read.faults == ()
    assert read.drafts == {draft.name: draft}


def test_a_diff_shows_the_lines() -> None:
    changed = "\n".join(folder.changed_lines({"a/x": "1\n2\n", "b/x": "1"}, {"a/x": "1\n3\n", "c/x": "1"}))
    assert "-2\n+3" in changed
    assert "+++ /dev/null" in changed
    assert "--- /dev/null" in changed
