"""A mail is taken for one that was judged only where the same would be said of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.policy.content import ContentKind, judge
from posthouse.policy.content.near_duplicates import MOST_PIECES, ContentFingerprint, fingerprint, is_near_duplicate
from posthouse.templates.html.text import text_of
from tests.policy.content.labelled import Labelled, development

PAGE = (
    '<html><head><style>p {{ color: {colour} }}</style></head><body><p>Hello {name},</p><p class="{mark}">your order {number} '
    "is paid.</p>"
    '<p><a href="https://shop.example/o/{number}?t={token}">See it</a></p>{more}</body></html>'
)
KNOWN = {"colour": "red", "name": "Ada", "number": "1001", "token": "xyz", "mark": "a", "more": ""}


def page(subject: str = "Order 1001", **changed: str) -> ContentFingerprint:
    return fingerprint(subject, PAGE.format(**KNOWN | changed), is_html=True)


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"name": "Bob", "number": "7", "token": "other", "subject": "Order 7"}, True),
        ({"name": "Karl-Theodor Maria Nikolaus"}, True),
        ({"name": "save 20 % today"}, False),
        ({"name": "Rabattcode"}, False),
        ({"name": "Ada</p><p>x"}, False),
        ({"mark": "hidden"}, False),
        ({"colour": "white; display: none"}, False),
        ({"more": "<p>You might also like</p>"}, False),
        ({"subject": "Order 7, and 20 % off"}, False),
        ({"name": " ".join(f"qu{letter}x" for letter in "abcdefghijklmnop")}, False),
    ],
)
def test_values_may_differ_and_nothing_that_could_advertise(changed: dict[str, str], same: bool) -> None:
    assert is_near_duplicate(page(), page(**changed)) is same


def test_html_is_no_text_and_many_differences_are_another_mail() -> None:
    lines = "\n".join(f"line {chr(97 + at)}" for at in range(26))
    other = "\n".join(f"line {chr(97 + at) * 2}" for at in range(26))
    assert MOST_PIECES < 26
    assert not is_near_duplicate(fingerprint("s", lines, is_html=False), fingerprint("s", other, is_html=False))
    assert not is_near_duplicate(fingerprint("s", "a", is_html=True), fingerprint("s", "a", is_html=False))


@given(st.sampled_from([mail for mail in development() if mail.label != "commercial"]), st.sampled_from(development()))
def test_no_advertisement_is_taken_for_a_genuine_mail(one: Labelled, two: Labelled) -> None:
    if is_near_duplicate(fingerprint(one.subject, one.text, is_html=False), fingerprint(two.subject, two.text, is_html=False)):
        assert two.label != "commercial"


@given(st.sampled_from(["Ada", "12", "", "off", "free", "sale", "50 %", "Gutschein", "x y z", "you might also like", "ä"]))
def test_what_is_taken_for_another_gets_the_same_verdict(value: str) -> None:
    made = PAGE.format(**KNOWN | {"name": value})
    if is_near_duplicate(page(), fingerprint("Order 1001", made, is_html=True)):
        assert (
            judge("Order 1001", text_of(made)).kind
            is judge("Order 1001", text_of(PAGE.format(**KNOWN))).kind
            is not ContentKind.COMMERCIAL
        )
