"""Which Postgres holds a tenant? The one handle through which the store is reached; the only place that may know of more than one.

An installation is one cell or several. A cell is an ordinary Postgres with the whole schema, and a tenant lives in exactly one, so that
every statement stays as it is. Today there is one cell. Work that is not about one tenant (claims, webhook cursor, sweep) runs for each
of ``all``.

Must never know: what a statement does, or who asks.
"""

from posthouse.store.postgres.database import Database


class Cells:
    """The stores of an installation."""

    def __init__(self, first: Database) -> None:
        self._first = first

    @property
    def all(self) -> tuple[Database, ...]:
        """Every store, for work that is not about one tenant."""
        return (self._first,)

    def of(self, tenant: int) -> Database:  # noqa: ARG002 - one cell holds every tenant today
        """The store that holds this tenant."""
        return self._first
