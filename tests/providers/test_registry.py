"""A provider is named once for its codec, once for its routes, and once for the index that finds its attempts."""

import re
from typing import Any

import pytest

from posthouse.model.hook import Hook, HookVerified
from posthouse.model.route import PROVIDER_KINDS
from posthouse.providers.registry import PROVIDERS
from posthouse.store.recipients import feedback
from tests.house.tree import ROOT
from tests.support.provider_hooks import NOW

_LIST = re.compile(r"adapter (?:in|= ANY) \(([^)]*)\)")
_NAME = re.compile(r"'(\w+)'")


def test_codecs_routes_and_the_index_name_the_same_providers() -> None:
    schema = (ROOT / "tests/store/postgres/schema.golden.txt").read_text()
    expected = [kind.value for kind in PROVIDER_KINDS]
    assert [codec.name for codec in PROVIDERS] == expected
    for sql in (feedback._REMOTE, schema):
        match = _LIST.search(sql)
        assert match is not None
        assert _NAME.findall(match[1]) == expected


@pytest.mark.parametrize("codec", PROVIDERS, ids=lambda codec: codec.name)
@pytest.mark.parametrize(
    "junk",
    [b"", b"[]", b"{", b"null", b'{"a":1}', b"\xff\xfe", b"[[[[", b'[1,"x",null]', b'{"event-data":[],"data":1,"Message":5}'],
)
def test_junk_is_no_feedback_and_no_crash(codec: Any, junk: bytes) -> None:
    hook = Hook({}, junk)
    assert codec.parse_hook(hook) == ()
    assert not isinstance(codec.verify(hook, "user:password", NOW), HookVerified)
