r"""Erase an address: the request of a person, carried out at once and on record, without the address.

What is done stands in ``store.recipients.erasure``; here the address becomes what is searched for. A text may hold it in any case, with what is
special in it written as JSON, as a URL or as HTML does (``%40``, ``&#64;``, ``\u0040``), and its domain as people see it or as the DNS
has it. What only contains it (``mary.jane@…``, ``jane@….au``) is somebody else's and stays.

Known sharp edges: what is encoded as a whole (base64, a hash of the caller's own making in a dedupe key) is not found.
"""

import contextlib
import re
from typing import Final

import idna
import msgspec

from posthouse.admin.audit import record
from posthouse.admin.context import AdminContext
from posthouse.model import ids
from posthouse.model.actor import Actor
from posthouse.model.erasure import AddressToErase
from posthouse.model.mailbox import Mailbox
from posthouse.policy.recipients.suppress import fold
from posthouse.store.recipients import erasure as erasing
from posthouse.store.recipients.suppression_lookup import PREFIX

# The letter before it is none of an address, or ends an escape: of JSON (\n), of a URL (%3C).
_ESCAPED: Final = r"(?<=(?:^|[^\\])(?:\\\\)*\\(?:[bfnrt]|u[0-9A-Fa-f]{4}))|(?<=%[0-9A-Fa-f]{2})"
_BEFORE: Final = rf"(?:(?<![A-Za-z0-9._+-])|{_ESCAPED})"
_CLOSING: Final = r"(?:\\?\"|%22|&quot;)?"  # the opening one stays: in JSON it may be the string's own
_AT: Final = r"(?:@|%40|\\u0040|&#(?:64|[xX]40);|&commat;)"
_AFTER: Final = r"(?![A-Za-z0-9-]|\.[A-Za-z0-9])"


class Erased(msgspec.Struct, frozen=True, rename="camel"):
    """What was done. ``pending``: messages whose content stays because others of it still wait; erase again when they are sent."""

    entries: tuple[str, ...]
    messages: int
    stopped: int
    pending: int
    texts: int


class AddressInUse(msgspec.Struct, frozen=True):
    """Nothing was done: these settings of the tenant's own hold the address, and have to be changed first."""

    places: tuple[str, ...]


async def erase(context: AdminContext, actor: Actor, mailbox: Mailbox, reason: str) -> Erased | AddressInUse:
    """Erase an address from everything of the tenant's, live and test. Errors: what Postgres raises; running it again does the rest."""
    now, address = context.clock.now(), mailbox.address
    wanted = AddressToErase(
        tenant=actor.tenant,
        lookup=(await context.address_key(actor)).of(address),
        spellings=spellings(address),
        core=core(address),
        pattern=pattern(address),
        reason=reason,
        actor=actor.name,
    )
    async with context.database(actor).session() as session:
        if places := await erasing.in_use(session, wanted):
            return AddressInUse(tuple(places))
        # The legal block comes first and alone, so that nothing is sent to the address while the rest is erased.
        async with session.transaction():
            blocks = await erasing.block(session, wanted, now, context.new_id)
            entries = tuple(ids.text(PREFIX, each) for each in blocks)
            subject = f"suppression/{entries[-1]}"
            await record(context, session, actor, "address erasure begun", subject, {"entries": entries, "reason": reason})
        sent = await erasing.written_to(session, wanted)
        async with session.transaction():
            counts = msgspec.to_builtins(await erasing.forget(session, wanted, sent, now, context.new_id))
            data = {"entries": entries, **counts, "reason": reason}
            await record(context, session, actor, "address erased", subject, data)
        texts = await erasing.erase_from_texts(session, wanted)
    return Erased(entries=entries, texts=texts, **counts)


def spellings(address: str) -> tuple[str, ...]:
    """The folded address, and with needless quotes; what a recipient's row may hold, but for its case."""
    folded = fold(address)
    local, _, domain = folded.rpartition("@")
    return (folded,) if local.startswith('"') else (folded, f'"{local}"@{domain}')


def pattern(address: str) -> str:
    """A regular expression of Postgres that finds the address in a text, in JSON, in a URL and in HTML."""
    return f"{_BEFORE}{core(address)}{_AFTER}"


def core(address: str) -> str:
    """The same without looking at what stands around it: finds more, ten times as fast."""
    local, _, domain = fold(address).rpartition("@")
    bare = local[1:-1] if local.startswith('"') else local
    domains = {domain}
    if "xn--" in domain:
        with contextlib.suppress(UnicodeError):
            domains.add(idna.decode(domain))
    hosts = "|".join("".join(_letter(letter, folded=True) for letter in each) for each in sorted(domains))
    return f"{''.join(_letter(letter) for letter in bare)}{_CLOSING}{_AT}(?:{hosts})"


def _letter(letter: str, *, folded: bool = False) -> str:
    """One letter in each way of writing it. ASCII letters in either case; others only where they are ``folded`` (domains)."""
    if letter.isascii() and letter.isalpha():
        return f"[{letter.lower()}{letter.upper()}]"
    if letter.isascii() and (letter.isdigit() or letter in "-._~"):
        return re.escape(letter)
    both = {letter, letter.upper()} if folded and len(letter.upper()) == 1 else {letter}
    return "(?:" + "|".join(way for each in sorted(both) for way in _ways(each)) + ")"


def _ways(letter: str) -> list[str]:
    """Plain, as in a URL, as in HTML, as in JSON."""
    encoded = "".join(f"%{_hex(f'{octet:02x}')}" for octet in letter.encode())
    units = letter.encode("utf-16-be").hex()
    escaped = "".join(rf"\\u{_hex(units[place : place + 4])}" for place in range(0, len(units), 4))
    plain = {'"': r"\\?\"", "\\": r"(?:\\){1,4}", " ": r"[ +]", "&": "&(?:amp;)?"}.get(letter, re.escape(letter))
    return [plain, encoded, escaped, f"&#(?:{ord(letter)}|[xX]0*{_hex(f'{ord(letter):x}')});"]


def _hex(digits: str) -> str:
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in digits)
