"""What we write as TOML is what the standard library reads."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from posthouse.templates import toml

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LEAVES = TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=10)


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_what_is_written_is_read_again(table: dict[str, Any]) -> None:
    assert tomllib.loads(toml.dumps(table)) == table


def test_a_manifest_reads_well() -> None:
    manifest = {
        "name": "note",
        "waivers": {"a-rule": 'because "so"'},
        "variables": [{"name": "n", "type": "array", "items": {"type": "number"}}],
    }
    assert toml.dumps(manifest) == (
        'name = "note"\n\n[waivers]\na-rule = "because \\"so\\""\n\n[[variables]]\nname = "n"\ntype = "array"\nitems = {type = "number"}\n'
    )


def test_nothing_is_left_out_but_null() -> None:
    assert tomllib.loads(toml.dumps({"a": None, "b": {"c": None, "d": [None, 1]}})) == {"b": {"d": [1]}}
