"""What is said of a stream that a tenant does not have: that it does not, and which name was probably meant."""

import difflib
from collections.abc import Iterable
from typing import Final

MOST: Final = 100  # streams of a tenant
_MOST_SHOWN: Final = 64
_MOST_NAMED: Final = 10


def unknown(name: str, known: Iterable[str]) -> str:
    """The error for a stream that does not exist, with the nearest name. ``known``: the names of the tenant's streams."""
    names, shown = sorted(known), name[:_MOST_SHOWN]
    near = difflib.get_close_matches(shown, names, 1)
    more = ", ..." if len(names) > _MOST_NAMED else ""
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(names[:_MOST_NAMED])}{more};"
    return f"'{shown}' does not exist; {hint} PUT /v1/streams/{{name}} or `posthouse stream add NAME` makes one"
