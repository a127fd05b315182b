"""Is a mailbox provider wrong about every recipient? The brake on hard bounces (mission B3, *provisional*).

In December 2020 one provider answered ``550 5.1.1`` for valid mailboxes for hours; senders that believed it locked their users
out. So the share of hard bounces among a provider's answers is compared with its usual share: above five times the base of
seven days and above a tenth, over at least fifty answers within fifteen minutes, it is not believed. Suppressions that were
added there within the last half hour, and those added while the brake is on, become provisional: mail waits, and after
the brake a second check decides.

A provider is the registrable domain of the MX host, by the public suffix list (publicsuffix.org), because the domains it serves
fail together. Only the list's registries count, not its private section: ``eu-west-1.amazonaws.com`` is one company with the
rest of ``amazonaws.com``.

Known sharp edges: the list is the data of a package and as old as that package; a registry that is newer than it counts as one
provider, which makes a brake wider, never weaker. Counts are a tenant's own, so a small tenant's fifty answers may not come
together; ``undo`` is there for that.

Must never know: where the counts are kept.
"""

from datetime import timedelta
from functools import cache, lru_cache
from typing import Final

from publicsuffixlist import PublicSuffixList

from posthouse.model.suppression import AnswerCounts

WINDOW: Final = timedelta(minutes=15)
BASE: Final = timedelta(days=7)
BACK: Final = timedelta(minutes=30)
HOLD: Final = timedelta(minutes=30)
RECHECK: Final = timedelta(minutes=5)
LEAST_ANSWERS: Final = 50
LEAST_SHARE: Final = 0.1
TIMES_BASE: Final = 5


def is_jump(window: AnswerCounts, base: AnswerCounts) -> bool:
    """True where the last fifteen minutes (``window``) are not what the seven days before them (``base``) were."""
    return window.attempts >= LEAST_ANSWERS and window.share > max(TIMES_BASE * base.share, LEAST_SHARE)


@lru_cache(maxsize=4096)
def provider_of(host: str) -> str:
    """The registrable domain of an MX host, ``mx1.example.com`` or ``mx1.example.com[192.0.2.1]``; an IP address is its own."""
    name = host.partition("[")[0].strip().lower().rstrip(".")
    if not name or name.rpartition(".")[2].isdigit() or ":" in name:
        return name or host
    return _public_suffixes().privatesuffix(name) or name  # None: the name is a public suffix itself


@cache
def _public_suffixes() -> PublicSuffixList:
    """The list, read once: 30 ms and 3 MB, so only in a process that asks for a provider."""
    return PublicSuffixList(only_icann=True)
