"""Layouts and partials are put in once, are found by name and can neither circle nor grow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.templates.language.grammar import MOST_CHARACTERS
from posthouse.templates.language.includes import resolve
from posthouse.templates.language.source import IncludeError, SourceFault

LIBRARY = {
    "base": "<html>{% block head %}H{% endblock %}<p>{% block body %}B{% endblock body %}</p></html>\n",
    "middle": '{% extends "base" %}{% block body %}[{% block inner %}I{% endblock %}]{% endblock %}',
    "footer": "<i>{{ company }}</i>\n",
    "footer.txt": "-- \n{{ company }}\n",
    "pair": '{% include "footer" %}{% include "footer" %}',
    "me": '{% include "me" %}',
    "ping": '{% include "pong" %}',
    "pong": '{% include "ping" %}',
    "up": '{% extends "up" %}',
    "broken": "a\n{{ b",
    "blocky": "{% block x %}{% endblock %}",
    "bomb0": "x" * 1_000,
    **{f"bomb{n}": f'{{% include "bomb{n - 1}" %}}' * 10 for n in range(1, 9)},
    "big": "x" * 100_000,
    "huge": "x" * (MOST_CHARACTERS + 1),
    **{f"deep{n}": f'{{% include "deep{n + 1}" %}}' for n in range(20)},
    "quote": "{{ '{% include \"x\" %}' }}",
}


def linked(source: str, part: str = "html") -> str:
    return resolve(part, source, LIBRARY).text


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("plain {{ a }} {# {% include 'nobody' %} #}", "plain {{ a }} {# {% include 'nobody' %} #}"),
        ('a{% include "footer" %}b', "a<i>{{ company }}</i>b"),
        ("a {%- include 'footer' -%} b", "a<i>{{ company }}</i>b"),
        (
            '{% for a in b %}{% include "pair" %}{% endfor %}',
            "{% for a in b %}<i>{{ company }}</i><i>{{ company }}</i>{% endfor %}",
        ),
        ('{% extends "base" %}', "<html>H<p>B</p></html>"),
        ('{# c #}{% extends "base" %} ignored {% block body %}mine{% endblock %}', None),
        ('{% extends "base" %} {# why #}\n<!-- how -->{% block body %}mine{% endblock %}\n', "<html>H<p>mine</p></html>"),
        ('{% extends "base" %}{% block body %}a {{ super() }} b{% endblock %}', "<html>H<p>a B b</p></html>"),
        ('{% extends "middle" %}{% block inner %}{{ super() }}!{% endblock %}', "<html>H<p>[I!]</p></html>"),
        ('{% extends "middle" %}{% block body %}<{{ super() }}>{% endblock %}', "<html>H<p><[I]></p></html>"),
        ('{% extends "base" %}{% block body %}{% include "footer" %}{% endblock %}', "<html>H<p><i>{{ company }}</i></p></html>"),
        ("{% block a %}x{% endblock %}y", "xy"),
        ("{% include 'quote' %}", "{{ '{% include \"x\" %}' }}"),
    ],
)
def test_a_page_says_what_its_layouts_and_partials_say(source: str, made: str | None) -> None:
    if made is None:
        with pytest.raises(IncludeError, match="first thing"):
            linked(source)
    else:
        assert linked(source) == made


def test_a_part_may_have_its_own_variant() -> None:
    assert linked('{% include "footer" %}', "text") == "-- \n{{ company }}"
    assert linked('{% include "footer" %}', "mjml") == "<i>{{ company }}</i>"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("\n\n{% include 'nobody' %}", SourceFault("html", 3, "there is no layout or partial 'nobody'")),
        ("{% include '/etc/passwd' %}", SourceFault("html", 1, "there is no layout or partial '/etc/passwd'")),
        ("{% include '../base' %}", SourceFault("html", 1, "there is no layout or partial '../base'")),
        ("{% include a %}", SourceFault("html", 1, "include takes one name")),
        ("{% include 'a' if b %}", SourceFault("html", 1, "include takes one name")),
        ("{% include 'me' %}", SourceFault("html: me", 1, "'me' includes itself")),
        ("{% include 'ping' %}", SourceFault("html: pong", 1, "'ping' includes itself")),
        ("{% include 'deep0' %}", SourceFault("html: deep9", 1, "more than")),
        ("{% include 'bomb8' %}", SourceFault("html: bomb1", 1, "more than")),
        ("{% include 'big' %}" * 3, SourceFault("html: big", 1, "with its layouts")),
        ("{% include 'huge' %}", SourceFault("html: huge", 1, "it has")),
        ("\n{% include 'broken' %}", SourceFault("html: broken", 2, "")),
        ("{% include 'middle' %}", SourceFault("html: middle", 1, "an included partial")),
        (
            "{% extends 'base' %}\n{% block bdy %}x{% endblock %}",
            SourceFault("html", 2, "no layout of this page has a block 'bdy'; there are: body, head"),
        ),
        ("{% extends 'middle' %}{% block x %}{% endblock %}", SourceFault("html", 1, "there are: body, head, inner")),
        (
            "{% extends 'base' %}\nlost {% block body %}x{% endblock %}",
            SourceFault("html", 2, "a page that extends has nothing outside"),
        ),
        ("{% extends 'base' %}{% block body %}x{% endblock %}\n<!-- {% if a %}", SourceFault("html", 2, "put this into one")),
        ("{% extends 'base' %}{% include 'footer' %}", SourceFault("html", 1, "put this into one")),
        ("{% include 'blocky' %}", SourceFault("html: blocky", 1, "an included partial")),
        ("{% extends 'up' %}", SourceFault("html: up", 1, "'up' extends itself")),
        ("x{% extends 'base' %}", SourceFault("html", 1, "extends must be the first")),
        ("{% extends 'base' %}{% extends 'base' %}", SourceFault("html", 1, "extends must be the first")),
        ("\n{% block a %}", SourceFault("html", 2, "the block 'a' has no end")),
        ("{% endblock %}", SourceFault("html", 1, "this endblock")),
        ("{% block a %}{% endblock b %}", SourceFault("html", 1, "this endblock")),
        ("{% block a %}{% endblock %}{% block a %}{% endblock %}", SourceFault("html", 1, "there are two blocks")),
        ("{% block 'a' %}", SourceFault("html", 1, "a block has a name")),
        ("{% block a %}" * 20, SourceFault("html", 1, "blocks are more than")),
        ("{{ super() }}", SourceFault("html", 1, "super() stands in a block")),
        ("{% block a %}{{ super() }}{% endblock %}", SourceFault("html", 1, "super() has nothing")),
        (
            "{% extends 'base' %}{% block body %}{{ super() }}{{ super() }}{% endblock %}" + "x" * MOST_CHARACTERS,
            SourceFault("html", 1, "it has"),
        ),
    ],
)
def test_what_cannot_be_put_together_is_told_where_its_author_finds_it(source: str, fault: SourceFault) -> None:
    with pytest.raises(IncludeError) as told:
        linked(source)
    found = told.value.fault
    assert (found.part, found.line) == (fault.part, fault.line)
    assert fault.message in found.message


def test_a_line_is_traced_back_to_the_source_it_came_from() -> None:
    page = resolve("html", 'one\n{% include "p" %}\nfour', {"p": "two\nthree"})
    assert page.text == "one\ntwo\nthree\nfour"
    assert [page.origin(line) for line in range(1, 5)] == [("html", 1), ("html: p", 1), ("html: p", 2), ("html", 3)]


PIECES = [
    '{% extends "base" %}',
    '{% include "pair" %}',
    "{% block body %}",
    "{% endblock %}",
    "{{ super() }}",
    '{% include "me" %}',
    "x",
    "\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_mixture_is_put_together_or_told(source: str) -> None:
    try:
        page = resolve("html", source, LIBRARY)
    except IncludeError:
        return
    assert len(page.text) <= MOST_CHARACTERS
    for word in ("include", "extends", "block", "super"):
        assert word not in page.text
    for line in range(1, page.text.count("\n") + 2):
        assert page.origin(line)[1] >= 1
