"""Query parameters are read as strictly as bodies: an unknown one is refused, so that a misspelled ``?dryrun=true`` sends
nothing.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request

from posthouse.doors.http.body import printable
from posthouse.doors.http.limits import LIST_DEFAULT, LIST_MOST
from posthouse.doors.http.validation import nearest
from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model import ids
from posthouse.model.send_request import FieldError, Rejection, invalid
from posthouse.model.timeline import read_cursor

_TIME: Final = Annotated[datetime, msgspec.Meta(tz=True)]
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
_LONGEST: Final = 1024


class Query:
    """The parameters of one request, of which ``known`` are allowed; what is wrong with them is in ``faults``."""

    def __init__(self, parameters: QueryParams, known: tuple[str, ...]) -> None:
        self._parameters = parameters
        self.faults: list[FieldError] = [*_unknown(parameters, known), *_repeated(parameters)]

    def text(self, name: str) -> str | None:
        """The parameter, or None where it is absent. An empty one is a fault: ``?to=`` must not select everything."""
        value = self._parameters.get(name)
        if value is not None and (not 0 < len(value) <= _LONGEST or not value.isprintable()):
            self.fault(name, f"must have 1 to {_LONGEST} printable characters")
            return None
        return value

    def flag(self, name: str) -> bool:
        """``true`` or ``false``; absent is false."""
        return self.choice(name, ("true", "false")) == "true"

    def choice(self, name: str, values: Iterable[str]) -> str | None:
        """One of a closed list."""
        value, allowed = self.text(name), list(values)
        if value is None or value in allowed:
            return value
        self.fault(name, f"must be one of {', '.join(allowed)}")
        return None

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A whole number between ``low`` and ``high``."""
        value = self.text(name)
        if value is None:
            return default
        if value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high:
            return int(value)
        self.fault(name, f"must be a whole number between {low} and {high}")
        return default

    def limit(self) -> int:
        """How many items a page may hold."""
        return self.number("limit", LIST_DEFAULT, 1, LIST_MOST)

    def time(self, name: str) -> datetime | None:
        """An RFC 3339 time with its zone."""
        value = self.text(name)
        if value is None:
            return None
        try:
            at: datetime = msgspec.convert(value.replace(" ", "+"), _TIME)  # an unescaped + arrives as a space
            if _EARLIEST <= at <= _LATEST:
                return at.astimezone(UTC)
        except msgspec.ValidationError:
            pass
        self.fault(name, "must be a time such as 2026-11-22T10:00:00Z, with its zone")
        return None

    def address(self, name: str) -> str | None:
        """An address in the form in which it is stored and sent."""
        value = self.text(name)
        mailbox = None if value is None else parse_mailbox(value)
        if isinstance(mailbox, AddressFault):
            self.fault(name, mailbox.message)
            return None
        return None if mailbox is None else mailbox.address

    def cursor(self) -> UUID | None:
        """Where the next page of a list begins."""
        value = self.text("cursor")
        position = None if value is None else read_cursor(value)
        if value is not None and position is None:
            self.fault("cursor", "is none that a list gave")
        return position

    def id(self, name: str, prefix: str) -> UUID | None:
        """An id of ours."""
        value = self.text(name)
        identifier = None if value is None else ids.parse(prefix, value)
        if value is not None and identifier is None:
            self.fault(name, f"must be an id such as {prefix}_…")
        return identifier

    def fault(self, name: str, message: str) -> None:
        """Add what is wrong with a parameter, which counts as absent."""
        self.faults.append(FieldError(name, message))


def check_no_parameters(request: Request) -> Rejection | None:
    """The refusal of any parameter, for operations that take none."""
    query = Query(request.query_params, ())
    return invalid(*query.faults) if query.faults else None


def _unknown(parameters: QueryParams, known: tuple[str, ...]) -> list[FieldError]:
    unknown = [name for name in parameters if name not in known][:20]
    if not known:
        return [FieldError(printable(name), "is not known here; this operation takes no parameters") for name in unknown]
    return [
        FieldError(printable(name), f"is not known here; the nearest known name is '{nearest(name, known)}'") for name in unknown
    ]


def _repeated(parameters: QueryParams) -> list[FieldError]:
    counts = Counter(name for name, _ in parameters.multi_items())
    return [FieldError(printable(name), "stands twice") for name, count in counts.items() if count > 1][:20]
