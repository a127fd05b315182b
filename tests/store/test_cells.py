"""The stores of an installation: one today, and the only place that would know of more."""

from posthouse.store.cells import Cells
from posthouse.store.postgres.database import Database


def test_every_tenant_lives_in_the_one_cell(database: Database) -> None:
    cells = Cells(database)
    assert cells.of(1) is cells.of(2) is database


def test_work_that_is_not_about_one_tenant_sees_every_cell(database: Database) -> None:
    assert Cells(database).all == (database,)
