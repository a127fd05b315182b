"""A provider is named once for its codec, once for its routes, and once for the index that finds its attempts."""

import re

from posthouse.model.route import PROVIDER_KINDS
from posthouse.providers.registry import PROVIDERS
from posthouse.store.recipients import feedback
from tests.house.tree import ROOT

IN: re.Pattern[str] = re.compile(r"adapter in \(([^)]*)\)")


def test_codecs_routes_and_the_index_name_the_same_providers() -> None:
    migration = (ROOT / "src/posthouse/store/migrations/0005_feedback.sql").read_text()
    expected = [kind.value for kind in PROVIDER_KINDS]
    assert [codec.name for codec in PROVIDERS] == expected
    for sql in (feedback._REMOTE, migration):
        found = IN.search(sql)
        assert found is not None
        assert [name.strip(" '") for name in found[1].split(",")] == expected
