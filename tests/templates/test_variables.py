"""Are all variables there, of their type, and small enough? Everything wrong at once."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.model.send_request import FieldError
from posthouse.model.template import Variable, VariableType
from posthouse.templates.variables import MOST_TEXT, bind, declaration_faults, is_web_address

T = VariableType


def one(type: VariableType, **more: Any) -> tuple[Variable, ...]:
    return (Variable(name="x", type=type, **more),)


@pytest.mark.parametrize(
    ("type", "good", "bad"),
    [
        (T.STRING, ["a", ""], [1, True, [], {}]),
        (T.NUMBER, [1, 2.5, -3], ["1", True, []]),
        (T.BOOLEAN, [True, False], [0, "true"]),
        (T.ARRAY, [[], [1]], ["a", {}]),
        (T.OBJECT, [{}, {"a": 1}], [[], "a"]),
        (
            T.DATE,
            ["2026-11-25", "2024-02-29", "2026-11-25T10:00:00Z", "2026-11-25T10:00:00.5+01:00"],
            ["2026-02-30", "25.11.2026", "2026-11-25T10:00:00", "soon", 5],
        ),
        (
            T.DATETIME,
            ["2026-11-25T10:00:00Z", "2026-11-25T10:00:00.123+01:00", "2026-11-25t10:00:00z"],
            ["2026-11-25", "2026-11-25T10:00:00", "2026-02-30T10:00:00Z", "20261125T100000Z", "2026-11-25T25:00:00Z", 5],
        ),
        (
            T.MONEY,
            [{"amount": "12.30", "currency": "EUR"}],
            [
                "12.30",
                "$12.30",
                "EUR12.30",
                "EUR 1,000",
                "EUR 1e5",
                "XXZ 1",
                5,
                {"amount": "1"},
                {"amount": True, "currency": "EUR"},
                {"amount": "1", "currency": "eur"},
                {"amount": 1e300, "currency": "EUR"},
                {"amount": "1", "currency": "EUR", "more": 1},
                {"amount": [], "currency": []},
            ],
        ),
        (
            T.EMAIL,
            ["a@b.example", "a+b@b.example"],
            ["a", "A <a@b.example>", "a@b.example, c@d.example", "a@b.example\r\nBcc: x", 5],
        ),
        (
            T.URL,
            ["https://x.example/a?b=c&d#e", "http://localhost:8080"],
            [
                "javascript:alert(1)",
                "//x.example",
                "ftp://x.example",
                "https://",
                "https://x.example/a b",
                'https://x.example/"',
                "x",
                5,
            ],
        ),
    ],
    ids=str,
)
def test_each_type_takes_what_it_says(type: VariableType, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert bind(one(type), {"x": value}) == {"x": value}
    for value in bad:
        errors = bind(one(type), {"x": value})
        assert isinstance(errors, tuple), value
        assert [error.path for error in errors] == ["variables.x"]
        assert errors[0].message.startswith("must be ")


@pytest.mark.parametrize("given_", [{}, {"x": None}])
def test_what_is_required_and_absent_is_named(given_: dict[str, Any]) -> None:
    errors = bind(one(T.STRING, required=True), given_)
    assert isinstance(errors, tuple)
    assert (errors[0].path, errors[0].message) == ("variables.x", "required")


def test_a_required_text_must_not_be_blank() -> None:
    errors = bind(one(T.STRING, required=True), {"x": "  "})
    assert isinstance(errors, tuple)
    assert errors[0].message == "must not be empty"


def test_what_is_optional_and_absent_takes_its_default_or_is_nothing() -> None:
    assert bind(one(T.NUMBER, default=60), {}) == {"x": 60}
    assert bind(one(T.STRING), {"x": None}) == {"x": None}


def test_another_name_does_too_and_faults_name_the_one_that_was_used() -> None:
    declared = one(T.STRING, required=True, also=("y",))
    assert bind(declared, {"y": "7"}) == {"y": "7", "x": "7"}
    for wrong, path in (({"y": 7}, "variables.y"), ({}, "variables.x")):
        errors = bind(declared, wrong)
        assert isinstance(errors, tuple)
        assert errors[0].path == path


def test_extra_variables_never_fail_and_go_through() -> None:
    assert bind((), {"extra": [1, {"a": None}]}) == {"extra": [1, {"a": None}]}


def test_everything_wrong_is_told_at_once_into_the_items() -> None:
    properties = (Variable(name="name", type=T.STRING, required=True), Variable(name="price", type=T.STRING))
    declared = (
        Variable(name="items", type=T.ARRAY, items=Variable(type=T.OBJECT, properties=properties)),
        Variable(name="total", type=T.STRING, required=True),
    )
    errors = bind(declared, {"items": [{"name": "a"}, {"price": 5}, "b"]})
    assert isinstance(errors, tuple)
    assert [error.path for error in errors] == [
        "variables.items[1].name",
        "variables.items[1].price",
        "variables.items[2]",
        "variables.total",
    ]


def deep(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    "heavy",
    [
        {"x": "a" * (MOST_TEXT + 1)},
        {"x": ["a" * MOST_TEXT] * 9},
        {"x": [0] * 20_001},
        {"x": deep(20_001)},
        {"x": 1 << 64},
        {str(n): 1 for n in range(20_001)},
    ],
)
def test_what_is_too_heavy_is_refused_whatever_its_shape(heavy: dict[str, Any]) -> None:
    errors = bind((), heavy)
    assert isinstance(errors, tuple)
    assert errors[0].path.partition(".")[0] == "variables"


def test_a_text_that_is_too_long_is_named_with_its_place() -> None:
    errors = bind((), {"a": 1, "items": [{"note": "x"}, {"note": "y" * (MOST_TEXT + 1)}]})
    assert errors == (FieldError("variables.items[1].note", f"must have at most {MOST_TEXT} characters, not {MOST_TEXT + 1}"),)
    nested = deep(20_001)
    assert isinstance(bind((), {"x": nested, "y": "y" * (MOST_TEXT + 1)}), tuple)


@given(st.text(max_size=40).map(lambda rest: "https://x.example/" + rest))
def test_no_web_address_ends_an_attribute_or_a_line_early(address: str) -> None:
    if is_web_address(address):
        assert not set(address) & set(" \"'<>\r\n\t\0")


@pytest.mark.parametrize(
    ("given_", "amount"),
    [
        ("EUR 12.30", "12.30"),
        ("EUR -5", "-5"),
        ({"amount": 12.3, "currency": "EUR"}, "12.3"),
        ({"amount": 0.1, "currency": "EUR"}, "0.1"),
        ({"amount": 7, "currency": "EUR"}, "7"),
        ({"amount": 1e-9, "currency": "EUR"}, "0"),
    ],
)
def test_money_comes_out_as_amount_and_currency_in_whichever_form_it_went_in(given_: Any, amount: str) -> None:
    assert bind(one(T.MONEY), {"x": given_}) == {"x": {"amount": amount, "currency": "EUR"}}
    assert bind(one(T.MONEY, default=given_), {}) == {"x": {"amount": amount, "currency": "EUR"}}


def test_items_may_be_of_any_type_and_lie_in_one_another() -> None:
    rows = Variable(name="x", type=T.ARRAY, items=Variable(type=T.ARRAY, items=Variable(type=T.NUMBER)))
    assert bind((rows,), {"x": [[1, 2], []]}) == {"x": [[1, 2], []]}
    errors = bind((rows,), {"x": [[1, "2"], 3, None]})
    assert isinstance(errors, tuple)
    assert [(error.path, error.message) for error in errors] == [
        ("variables.x[0][1]", "must be a number"),
        ("variables.x[1]", "must be a list"),
        ("variables.x[2]", "must be a list"),
    ]


def test_an_object_says_what_is_wrong_inside_it() -> None:
    inner = Variable(name="at", type=T.OBJECT, properties=(Variable(name="city", type=T.STRING, required=True),))
    errors = bind((Variable(name="x", type=T.OBJECT, properties=(inner,)),), {"x": {"at": {"city": 5}}})
    assert isinstance(errors, tuple)
    assert [error.path for error in errors] == ["variables.x.at.city"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (Variable(name="x", type=T.STRING, items=Variable(type=T.STRING)), "variables[0].items"),
        (Variable(name="x", type=T.ARRAY, properties=(Variable(name="y", type=T.STRING),)), "variables[0].properties"),
        (Variable(name="x", type=T.NUMBER, default="y"), "variables[0].default"),
        (Variable(name="x", type=T.MONEY, example="5"), "variables[0].example"),
        (Variable(name="x", type=T.ARRAY, items=Variable(type=T.NUMBER, example="y")), "variables[0].items.example"),
        (Variable(name="x", type=T.STRING, example=["y"] * 30_000), "variables[0].example"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_told(wrong: Variable, path: str) -> None:
    assert [error.path for error in declaration_faults((wrong,))] == [path]
