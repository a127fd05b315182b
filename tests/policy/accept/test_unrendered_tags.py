"""A tag of a template in content that nobody renders is told, with the part it stands in."""

import pytest

from posthouse.policy.accept.unrendered_tags import CODE, unrendered_tags


@pytest.mark.parametrize(
    ("subject", "html", "text", "paths"),
    [
        ("Hi {{ name }}", None, "x", ["subject"]),
        ("Hi", "<p>Dear {{name}}</p>", "Dear {% if x %}you{% endif %}", ["html", "text"]),
        ("Hi", '<a href="https://x.example/{{ id }}">x</a>', None, ["html"]),
        ("Hi", "<style>@media(x){p{color:red}}</style>", "a {{ b\n}} { {c} } 100 % {% sure", []),
        ("", None, None, []),
    ],
)
def test_a_tag_that_nobody_fills_in_is_told(subject: str, html: str | None, text: str | None, paths: list[str]) -> None:
    found = unrendered_tags(subject, html, text)
    assert [warning.path for warning in found] == paths
    assert all(warning.code == CODE for warning in found)
