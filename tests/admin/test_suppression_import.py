"""A file of suppressions is on record as far as it came."""

from collections.abc import Iterator

import pytest

from posthouse.admin import audit, suppressions
from posthouse.admin.suppression_csv import SuppressionToAdd
from posthouse.admin.suppressions import ImportFile, SuppressionQuery
from posthouse.model.suppression import Cause
from posthouse.store.recipients import suppression_file
from tests.admin.conftest import Admin


def _breaking_off() -> Iterator[str]:
    yield from ("a@x.test\n", "nobody\n", "b@x.test\n", "c@x.test\n")
    raise OSError


async def test_an_import_that_breaks_off_is_on_record_as_far_as_it_came(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppression_file, "CHUNK", 2)
    file = ImportFile(lines=_breaking_off(), name="f", defaults=SuppressionToAdd(address="", cause=Cause.IMPORTED))
    with pytest.raises(OSError):
        await suppressions.import_csv(admin.context, admin.operator, file, lambda *_: None)
    assert [entry.data for entry in await admin.trail()] == [{"environment": "live", "read": 3, "added": 2, "rejected": 1}]
    assert len(await suppressions.list_entries(admin.context, admin.operator, SuppressionQuery())) == 2
    assert await audit.entries(admin.context, admin.test) == []
