"""What every mail that leaves us must be, as its receiver got it: clean lines, seven bits, both signatures good (S-02, S-12)."""

import re
from collections.abc import Iterable

from posthouse.testing.fake_mx import ReceivedMail
from tests.support.signatures import BOTH, Records, verdicts

LONGEST_LINE = 998
_STRAY = re.compile(rb"\r(?!\n)|(?<!\r)\n|\0")


def blemishes(data: bytes, *, international: bool = False) -> list[str]:
    """What is wrong with the bytes of a mail; empty where nothing is. ``international``: its header may have UTF-8 (RFC 6532)."""
    found = []
    if stray := _STRAY.search(data):
        found.append(f"stray {stray[0]!r} at {stray.start()}")
    longest = max(map(len, data.split(b"\r\n")))
    if longest > LONGEST_LINE:
        found.append(f"a line of {longest}")
    head, _, body = data.partition(b"\r\n\r\n")
    if not (body if international else head + body).isascii():
        found.append("eight bits")
    if not data.endswith(b"\r\n"):
        found.append("the last line has no end")
    return found


def assert_fit(entries: Iterable[ReceivedMail], records: Records) -> None:
    """All of it, and both signatures verify (dkimpy)."""
    for entry in entries:
        found = blemishes(entry.data, international=not entry.recipient.isascii())
        assert not found, (entry.recipient, found)
        assert verdicts(entry.data, records) == BOTH, (entry.recipient, entry.data)
