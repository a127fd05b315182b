"""Which Postgres holds a tenant?

The one handle through which stores are reached, and the only place that may know of more than one.

An installation is one cell or several. A cell is an ordinary Postgres with the whole schema, and a tenant lives in exactly one,
so that every statement stays as it is. Today there is one cell. Work that is not about one tenant (claims, webhook cursor,
sweep) runs once for each of ``all``.

Must never know: what a statement does, or who calls.
"""

from posthouse.store.postgres.database import Database


class Cells:
    """The stores of an installation. One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def all(self) -> tuple[Database, ...]:
        """Every store, for work that is not about one tenant."""
        return (self._database,)

    def of(self, tenant: int) -> Database:  # noqa: ARG002 - one cell holds every tenant today
        """The store that holds this tenant."""
        return self._database
