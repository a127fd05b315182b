"""How many of each may stand in a send: the operator's limits, judged before any of them is read.

The one check of counts that this door makes by itself: ``policy.accept.request_rules`` makes all of them again for every door, but only of what
was parsed, and a list of a million addresses is not to be parsed.
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
    """The members without those of which there are too many; each is told."""
    over: set[str] = set()
    for name, kind, limit, called in _COUNTED:
        value = members.get(name)
        if isinstance(value, list | dict) and type(value) is kind and len(value) > (most := getattr(limits, limit)):
            faults.append(FieldError(name, f"must have at most {most} {called}, not {len(value)}"))
            over.add(name)
    return {name: value for name, value in members.items() if name not in over} if over else members
