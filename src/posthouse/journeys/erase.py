"""Erase an address: the request of a person, carried out at once and on record, without the address.

What is done stands in ``store.erase``; here the address becomes what is searched for. A text may hold it in any case, with the
``@`` as ``%40``, with quotes escaped as JSON does, and its domain as people see it or as the DNS has it. What only contains it
(``mary.jane@…``, ``jane@….au``) is somebody else's and stays.
"""

import contextlib
import re
from typing import Final

import idna
import msgspec

from posthouse.journeys.lists import Desk
from posthouse.model import ids
from posthouse.model.mailbox import Mailbox
from posthouse.policy.suppress import fold
from posthouse.store import audit
from posthouse.store import erase as erasing
from posthouse.store.erase import Erased, Erasing
from posthouse.store.suppression_lookup import PREFIX

_BEFORE: Final = "(?<![A-Za-z0-9._+-])"
_CLOSING: Final = r"(?:\\?\")?"  # the opening one stays: in JSON it may be the string's own
_AFTER: Final = r"(?![A-Za-z0-9-]|\.[A-Za-z0-9])"


async def erase(desk: Desk, mailbox: Mailbox, reason: str) -> Erased:
    """Erase it from everything of the tenant's, live and test. Errors: what Postgres raises; nothing is erased then."""
    now = desk.now()
    what = Erasing(
        tenant=desk.tenant, lookup=desk.key.of(mailbox.address), spellings=spellings(mailbox.address), pattern=pattern(mailbox.address),
        reason=reason, actor=desk.actor,
    )  # fmt: skip
    async with desk.database.acquire() as connection, connection.transaction():
        done, left = await erasing.erase(connection, what, now, desk.new_id)
        done = msgspec.structs.replace(done, entries=tuple(ids.text(PREFIX, each) for each in left))
        data = {"entries": done.entries, "messages": done.messages, "stopped": done.stopped, "reason": reason}
        entry = audit.Entry(desk.new_id(now), now, desk.actor, "address erased", f"suppression/{done.entries[-1]}", data)
        await audit.write(connection, desk.tenant, entry)
    return done


def spellings(address: str) -> tuple[str, ...]:
    """The folded address, and with needless quotes; what a recipient's row may hold, but for its case."""
    folded = fold(address)
    local, _, domain = folded.rpartition("@")
    return (folded,) if local.startswith('"') else (folded, f'"{local}"@{domain}')


def pattern(address: str) -> str:
    """A regular expression of Postgres that finds the address in a text and in JSON."""
    local, _, domain = fold(address).rpartition("@")
    bare = local.strip('"') if local.startswith('"') else local
    domains = {domain}
    if "xn--" in domain:
        with contextlib.suppress(UnicodeError):
            domains.add(idna.decode(domain))
    hosts = "|".join(_any_case(each) for each in sorted(domains))
    return rf"{_BEFORE}{_any_case(bare)}{_CLOSING}(?:@|%40)(?:{hosts}){_AFTER}"


def _any_case(text: str) -> str:
    """ASCII letters in either case, nothing else folded; quotes and backslashes also as JSON writes them."""
    return "".join(_letter(letter) for letter in text)


def _letter(letter: str) -> str:
    if letter.isascii() and letter.isalpha():
        return f"[{letter.lower()}{letter.upper()}]"
    if letter in '"\\':
        return rf"\\?\{letter}" if letter == '"' else r"(?:\\){1,2}"
    return re.escape(letter)
