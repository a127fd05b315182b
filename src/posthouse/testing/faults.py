"""The faults of the fake mail server, as written in an address: ``f+<stage>+<fault>[+<argument>…]@domain``.

Stages: ``mail``, ``rcpt``, ``data``, ``body`` (while it is read), ``dot``, ``after`` (the good answer to the dot).
Faults, at any stage that answers:

========================  =====================================================================================
``450+4-2-2``             this code, with this enhanced code (or none); 421 also closes
``multi+550``             the code on three lines; ``lines+500``: a reply of 500 lines; ``badmulti``: two codes in one
``junk nul nocode``       no SMTP; a reply with NUL in it; text without a code
``long+100000``           a line of that length; ``twice``: the usual reply, and once more
``close rst half hang``   the connection: closed, reset, closed for writing only, silent from then on
``slow+50  drip+5``       the usual reply after that many milliseconds; byte by byte, so far apart
``grey+240``              450 4.7.1 until so many seconds after the first try of this sender and recipient
``accept_close``          at the dot: in the ledger, then closed without a reply; also ``accept_rst``, ``accept_hang``
``accept_4xx``            at the dot: in the ledger, and yet 451
``stop``                  at the body: nothing is read any more; ``early+552``: answered before the dot
========================  =====================================================================================

The fault of a MAIL is found where the RCPT came in the same packet (pipelining), or in the sender's own local part.
"""

from typing import Final, NamedTuple

STAGES: Final = frozenset({"mail", "rcpt", "data", "body", "dot", "after"})
_TEXTS: Final = {
    "421": "Service not available, closing",
    "450": "Mailbox busy",
    "451": "Local error",
    "452": "Insufficient storage",
    "550": "No such user here",
    "552": "Exceeded storage allocation",
    "554": "Transaction failed",
}


class ScriptedFault(NamedTuple):
    """At ``stage`` do ``kind``."""

    stage: str
    kind: str
    arguments: tuple[str, ...]

    def number(self, usual: int) -> int:
        """The first argument as a number."""
        return int(self.arguments[0]) if self.arguments and self.arguments[0].isdigit() else usual


def in_path(path: bytes) -> ScriptedFault | None:
    """The fault that an address asks for, if any."""
    if not path.startswith(b"f+"):
        return None
    _, stage, *rest = path.rpartition(b"@")[0].decode("latin-1").split("+")
    return ScriptedFault(stage, rest[0], tuple(rest[1:])) if stage in STAGES and rest else None


def faulty_reply(fault: ScriptedFault, usual: bytes) -> bytes | None:
    """The bytes sent in place of ``usual`` where the fault is in the reply; None where it is in the behaviour."""
    argument = fault.arguments[0] if fault.arguments else ""
    if fault.kind.isdigit():
        return reply(fault.kind, argument.replace("-", "."), *fault.arguments[1:2])
    fixed = {"badmulti": b"250-one\r\n550 two\r\n", "nul": b"\x00250 ok\x00\r\n", "nocode": b"well hello there\r\n"}
    match fault.kind:
        case "multi":
            return f"{argument}-first line\r\n{argument}-second line\r\n{argument} last line\r\n".encode()
        case "lines":
            return b"550-more\r\n" * (fault.number(500) - 1) + b"550 done\r\n"
        case "junk":
            return bytes(range(128, 256)) + b"\r\n\x16\x03\x01\r\n"
        case "long":
            return b"250 " + b"x" * fault.number(100_000) + b"\r\n"
        case "twice":
            return usual + usual
    return fixed.get(fault.kind)


def reply(code: str, enhanced: str = "", text: str = "") -> bytes:
    """One line."""
    return " ".join(part for part in (code, enhanced, text or _TEXTS.get(code, "As asked for")) if part).encode() + b"\r\n"
