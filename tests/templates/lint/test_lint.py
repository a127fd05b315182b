"""Findings: where they are, what a waiver does, whom a family binds, and that hostile pages cost no more than others."""

import re
from pathlib import Path
from typing import Final

import pytest

from posthouse.model.lint_finding import LintFinding
from posthouse.model.message_type import MessageClass
from posthouse.model.template import CompiledTemplate, TemplateSource, TemplateVersion
from posthouse.policy.types import ALL as TYPES
from posthouse.policy.types import BY_NAME
from posthouse.templates.build.build import build
from posthouse.templates.lint import ALL, MOST_FINDINGS, blocks, lint
from posthouse.templates.lint.html_support import features
from posthouse.templates.lint.rule import family_of
from posthouse.templates.ready_made import READY_MADE
from tests.support.spent import within
from tests.templates.lint.samples import NOTICE, RESET, findings, spoilt, variable

DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "lint.md"
RUN: Final = 200 * 1024


def of(rule: str, found: tuple[LintFinding, ...]) -> LintFinding:
    return next(each for each in found if each.rule == rule)


def version(wording: CompiledTemplate, locale: str = "en") -> TemplateVersion:
    return TemplateVersion(
        name="t", version=1, type=None, variables=NOTICE.variables, compiled_templates={locale: wording}, fallback=locale
    )


def test_a_finding_says_the_line_and_column_in_what_the_author_wrote() -> None:
    found = of("link-http", findings(spoilt(NOTICE, html='<p>one</p>\n  <a href="http://x.example/">Terms of use</a>')))
    assert (found.part, found.locale, found.line, found.column) == ("html", "en", 2, 12)


def test_a_finding_in_what_was_built_is_shown_in_the_source() -> None:
    source = TemplateSource(
        subject="Your export", html="{% extends 'base' %}\n{% block b %}\n  <img src='https://x.example/a.png'>{% endblock %}"
    )
    wording = build(source, {"base": "<html><body>\n\n<p>Words</p>{% block b %}{% endblock %}</body></html>"}, "en")
    assert isinstance(wording, CompiledTemplate)
    found = lint(version(wording), {"en": source}, None, None)
    assert (of("image-alt", found).line, of("image-alt", found).column) == (3, 3)
    assert (of("language-missing", found).line, of("language-missing", found).column) == (0, 0)


def test_a_finding_in_mjml_is_shown_in_the_mjml() -> None:
    source = TemplateSource(
        subject="Your export",
        mjml="<mjml><mj-body><mj-section><mj-column>\n<mj-button href='http://x.example/'>Go on</mj-button>"
        "</mj-column></mj-section></mj-body></mjml>",
    )
    wording = build(source, {}, "en")
    assert isinstance(wording, CompiledTemplate)
    found = of("link-http", lint(version(wording), {"en": source}, None, None))
    assert (found.line, found.column) == (2, 18)


def test_the_second_of_two_equal_faults_is_shown_at_the_second_place() -> None:
    source = TemplateSource(
        subject="Your export",
        html="<style>p { margin: 0 }</style>\n<p>one <img src='https://x.example/a'></p>\n<p>two <img src='https://x.example/a'></p>",
    )
    wording = build(source, {}, "en")
    assert isinstance(wording, CompiledTemplate)
    assert wording.html != source.html
    found = [each for each in lint(version(wording), {"en": source}, None, None) if each.rule == "image-alt"]
    assert [(each.line, each.column) for each in found] == [(2, 8), (3, 8)]


def test_errors_come_first_and_block() -> None:
    found = findings(spoilt(NOTICE, body="{{ nobody }} http://x", before=""))
    assert found[0].severity == "error"
    assert blocks(found)


def test_a_warning_blocks_only_who_is_strict_and_a_waived_one_nobody() -> None:
    mail = spoilt(NOTICE, before="")
    assert not blocks(findings(mail))
    assert blocks(findings(mail), strict=True)
    waived = findings(mail, {"preheader-missing": "a text is enough"})
    assert [each.waived for each in waived] == ["a text is enough"]
    assert not blocks(waived, strict=True)


def test_an_error_cannot_be_waived_and_lint_says_so() -> None:
    found = findings(spoilt(NOTICE, text="{{ nobody }}"), {"variable-undeclared": "never mind"})
    assert blocks(found)
    assert of("variable-undeclared", found).waived is None
    assert "is an error" in of("waiver-idle", found).message


@pytest.mark.parametrize("rule", ["no-such-rule", "size"])
def test_a_waiver_that_waives_nothing_is_found(rule: str) -> None:
    assert rule in of("waiver-idle", findings(NOTICE, {rule: "because"})).message


def test_every_language_is_linted_by_itself() -> None:
    good, bad = CompiledTemplate(NOTICE.subject, NOTICE.page(), NOTICE.text), CompiledTemplate("Hi", NOTICE.page(), NOTICE.text)
    both = TemplateVersion(
        name="t", version=1, type=None, variables=NOTICE.variables, compiled_templates={"en": good, "de": bad}, fallback="en"
    )
    found = lint(both, {}, None, None)
    assert {(each.rule, each.locale) for each in found if each.rule == "subject-empty"} == {("subject-empty", "de")}


def test_no_family_rule_binds_a_mail_of_no_family() -> None:
    families = {rule.id for rule in ALL if rule.families}
    hollow = spoilt(NOTICE, body="<p>Nothing that any family asks for stands in this mail, only words.</p>", text="Only words.")
    assert not families & {each.rule for each in findings(hollow)}


@pytest.mark.parametrize(
    ("message_type", "message_class", "family"),
    [
        ("two_factor_code", MessageClass.AUTHENTICATION, "authentication"),
        ("sign_in_again", MessageClass.AUTHENTICATION, "authentication"),
        ("refund", MessageClass.TRANSACTIONAL, "order"),
        ("delivery_update", MessageClass.TRANSACTIONAL, "shipping"),
        ("security_alert", MessageClass.SECURITY, "alert"),
        ("account_alert", MessageClass.TRANSACTIONAL, "alert"),
        ("breach", MessageClass.SECURITY, "alert"),
        ("subscription", MessageClass.TRANSACTIONAL, ""),
        (None, None, ""),
        ("newsletter", MessageClass.COMMERCIAL, ""),
    ],
)
def test_the_family_follows_from_the_type(message_type: str | None, message_class: MessageClass | None, family: str) -> None:
    assert family_of(message_type, message_class) == family


def test_the_types_that_rules_name_are_types() -> None:
    assert {name for rule in ALL for name in rule.types} <= {known.name for known in TYPES}


@pytest.mark.parametrize("name", READY_MADE)
def test_a_ready_made_template_has_no_error(name: str) -> None:
    ready = READY_MADE[name]
    found = lint(ready, {}, ready.type, BY_NAME[ready.type or "transactional"].message_class)
    assert not [(each.rule, each.locale, each.message) for each in found if each.severity == "error"]


def test_the_same_version_is_told_the_same() -> None:
    mail = spoilt(RESET, before="", text="{{ nobody }}")
    assert findings(mail) == findings(mail)


@pytest.mark.parametrize(
    "html",
    [
        "<b>" * (RUN // 3),
        "<" * RUN,
        "<a href='x'>" * (RUN // 12),
        "<p style='" + "color:red;" * (RUN // 10) + "'>",
        "<style>" + "a{b:c}" * (RUN // 6) + "</style>",
        "<style>" + "{" * RUN,
        "<!--" * (RUN // 4),
        "<img src=http://x>" * (RUN // 18),
        "{{ url }}" * (RUN // 9),
        "<a href='{{ url }}' class=button>{{ url }}</a>" * (RUN // 46),
        "<a " + "b " * (RUN // 2),
        "</b>" * (RUN // 4),
        "<div style='background:#fff'>x" * (RUN // 30),
        "12:30 " * (RUN // 6),
        "password: " * (RUN // 10),
        "<script>" * (RUN // 8),
        "a.b." * (RUN // 4),
        "[[" * (RUN // 2),
        "*|A" * (RUN // 3),
        "not " * (RUN // 4),
        "&" * RUN,
        "/*" * (RUN // 2),
        "{% if url %}" * 40 + "<p>" * (RUN // 4) + "{% endif %}" * 40,
    ],
    ids=lambda html: html[:12],
)
def test_a_hostile_page_is_linted_in_bounds(html: str) -> None:
    with within(20):
        found = findings(spoilt(NOTICE, html=html, text=""))
    assert len(found) <= MOST_FINDINGS * len(ALL)


def test_a_deep_declaration_and_path_are_followed_without_recursion() -> None:
    path = "url" + ".x" * 90
    found = findings(spoilt(NOTICE, text="{{ " + path + " }}", variables=(variable("url"),)))
    assert of("variable-undeclared", found).message.startswith("'url.x.x")


def test_the_client_data_names_its_source_and_says_what_to_do() -> None:
    assert len(features()) > 100
    for row in features():
        assert re.fullmatch(r"(?:css|html|image)-[a-z0-9-]+", row.source)
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row.tested)
        assert row.lacks
        assert bool(row.instead) != row.graceful
    names = [(row.kind, name) for row in features() for name in row.names]
    assert len(names) == len(set(names))


def test_the_document_lists_every_rule_as_it_is() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| (.+?) \| (.+?) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [(rule.id, rule.severity, rule.meaning.replace("|", "\\|"), rule.remedy.replace("|", "\\|")) for rule in ALL]


def test_a_text_that_was_made_from_the_html_is_not_judged_again() -> None:
    source = TemplateSource(subject="Your export", html='<p lang="en">{{ nobody }} Dear [Your name]</p>')
    found = lint(
        version(CompiledTemplate(source.subject, source.html, "{{ nobody }} Dear [Your name]")), {"en": source}, None, None
    )
    assert {each.part for each in found if each.rule in {"placeholder-left", "variable-undeclared"}} == {"html"}
