"""How many of each a send may have: the operator's limits, checked on the decoded JSON.

``policy.accept.request_rules`` checks all counts for every door, but only of what was parsed; a list of a million addresses is
not to be parsed at all. So this door checks them before it looks at what the lists contain.
"""

from typing import Any, Final

from posthouse.model.limits import Limits
from posthouse.model.send_request import FieldError

LISTS: Final = {
    "to": "recipients", "cc": "recipients", "bcc": "recipients", "replyTo": "recipients", "attachments": "attachments", "tags": "tags",
}  # fmt: skip
OBJECTS: Final = {"headers": "headers", "metadata": "metadata_keys"}
_COUNTED: Final[tuple[tuple[str, type, str, str], ...]] = (
    *((name, list, limit, "items") for name, limit in LISTS.items()),
    *((name, dict, limit, "entries") for name, limit in OBJECTS.items()),
)


def check(members: dict[str, Any], limits: Limits, faults: list[FieldError]) -> dict[str, Any]:
    """The members without those that have too many items; each of these is a fault."""
    excessive: set[str] = set()
    for name, type_, limit, noun in _COUNTED:
        value = members.get(name)
        if isinstance(value, list | dict) and type(value) is type_ and len(value) > (most := getattr(limits, limit)):
            faults.append(FieldError(name, f"must have at most {most} {noun}, not {len(value)}"))
            excessive.add(name)
    return {name: value for name, value in members.items() if name not in excessive} if excessive else members
