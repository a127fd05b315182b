"""Layouts and partials are put in once, are found by name and can neither circle nor grow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.templates.language.grammar import MOST_CHARACTERS
from posthouse.templates.language.includes import link
from posthouse.templates.language.source import Fault, Unlinkable

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
    return link(part, source, LIBRARY).text


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
        with pytest.raises(Unlinkable, match="first thing"):
            linked(source)
    else:
        assert linked(source) == made


def test_a_part_may_have_its_own_variant() -> None:
    assert linked('{% include "footer" %}', "text") == "-- \n{{ company }}"
    assert linked('{% include "footer" %}', "mjml") == "<i>{{ company }}</i>"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("\n\n{% include 'nobody' %}", Fault("html", 3, "there is no layout or partial 'nobody'")),
        ("{% include '/etc/passwd' %}", Fault("html", 1, "there is no layout or partial '/etc/passwd'")),
        ("{% include '../base' %}", Fault("html", 1, "there is no layout or partial '../base'")),
        ("{% include a %}", Fault("html", 1, "include takes one name")),
        ("{% include 'a' if b %}", Fault("html", 1, "include takes one name")),
        ("{% include 'me' %}", Fault("html: me", 1, "'me' includes itself")),
        ("{% include 'ping' %}", Fault("html: pong", 1, "'ping' includes itself")),
        ("{% include 'deep0' %}", Fault("html: deep9", 1, "more than")),
        ("{% include 'bomb8' %}", Fault("html: bomb1", 1, "more than")),
        ("{% include 'big' %}" * 3, Fault("html: big", 1, "with its layouts")),
        ("{% include 'huge' %}", Fault("html: huge", 1, "it has")),
        ("\n{% include 'broken' %}", Fault("html: broken", 2, "")),
        ("{% include 'middle' %}", Fault("html: middle", 1, "an included partial")),
        (
            "{% extends 'base' %}\n{% block bdy %}x{% endblock %}",
            Fault("html", 2, "no layout of this page has a block 'bdy'; there are: body, head"),
        ),
        ("{% extends 'middle' %}{% block x %}{% endblock %}", Fault("html", 1, "there are: body, head, inner")),
        (
            "{% extends 'base' %}\nlost {% block body %}x{% endblock %}",
            Fault("html", 2, "a page that extends says nothing outside"),
        ),
        ("{% extends 'base' %}{% block body %}x{% endblock %}\n<!-- {% if a %}", Fault("html", 2, "put this into one")),
        ("{% extends 'base' %}{% include 'footer' %}", Fault("html", 1, "put this into one")),
        ("{% include 'blocky' %}", Fault("html: blocky", 1, "an included partial")),
        ("{% extends 'up' %}", Fault("html: up", 1, "'up' extends itself")),
        ("x{% extends 'base' %}", Fault("html", 1, "extends must be the first")),
        ("{% extends 'base' %}{% extends 'base' %}", Fault("html", 1, "extends must be the first")),
        ("\n{% block a %}", Fault("html", 2, "the block 'a' has no end")),
        ("{% endblock %}", Fault("html", 1, "this endblock")),
        ("{% block a %}{% endblock b %}", Fault("html", 1, "this endblock")),
        ("{% block a %}{% endblock %}{% block a %}{% endblock %}", Fault("html", 1, "there are two blocks")),
        ("{% block 'a' %}", Fault("html", 1, "a block has a name")),
        ("{% block a %}" * 20, Fault("html", 1, "blocks are more than")),
        ("{{ super() }}", Fault("html", 1, "super() stands in a block")),
        ("{% block a %}{{ super() }}{% endblock %}", Fault("html", 1, "super() has nothing")),
        (
            "{% extends 'base' %}{% block body %}{{ super() }}{{ super() }}{% endblock %}" + "x" * MOST_CHARACTERS,
            Fault("html", 1, "it has"),
        ),
    ],
)
def test_what_cannot_be_put_together_is_told_where_its_author_finds_it(source: str, fault: Fault) -> None:
    with pytest.raises(Unlinkable) as told:
        linked(source)
    found = told.value.fault
    assert (found.part, found.line) == (fault.part, fault.line)
    assert fault.message in found.message


def test_a_line_is_traced_back_to_the_source_it_came_from() -> None:
    page = link("html", 'one\n{% include "p" %}\nfour', {"p": "two\nthree"})
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
        page = link("html", source, LIBRARY)
    except Unlinkable:
        return
    assert len(page.text) <= MOST_CHARACTERS
    for word in ("include", "extends", "block", "super"):
        assert word not in page.text
    for line in range(1, page.text.count("\n") + 2):
        assert page.origin(line)[1] >= 1
