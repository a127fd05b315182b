"""Is a mailbox provider wrong about everybody? The brake on hard bounces (mission B3, *provisional*).

In December 2020 one provider answered ``550 5.1.1`` for valid mailboxes for hours; whoever believed it locked its users
out. So the share of hard bounces among a provider's answers is compared with what it usually is: above five times the
base of seven days and above a tenth, over at least fifty answers within fifteen minutes, it is not believed. What
was entered there within the last half hour, and what is entered while the brake is on, is provisional then: mail
waits, and after the brake a second look decides.

A provider is the registrable domain of the MX host, because the domains it serves fail together. A list of public
suffixes is 250 KB and ages; here a host of three labels or more loses all but its last two, or three where the last two
look like a registry's (``co.uk``, ``com.au``).

Known sharp edges: hosts of two unrelated companies under a suffix that is not recognised (``foo.k12.ca.us``) count as one
provider; that makes a brake wider, never weaker. Counts are a tenant's own, so a small tenant's fifty answers
may not come together; ``undo`` is there for that.

Must never know: where the counts are kept.
"""

from datetime import timedelta
from functools import lru_cache
from typing import Final

from posthouse.model.suppression import AnswerCounts

WINDOW: Final = timedelta(minutes=15)
BASE: Final = timedelta(days=7)
BACK: Final = timedelta(minutes=30)
HOLD: Final = timedelta(minutes=30)
RECHECK: Final = timedelta(minutes=5)
LEAST_ANSWERS: Final = 50
LEAST_SHARE: Final = 0.1
TIMES_BASE: Final = 5
_REGISTRIES: Final = frozenset(
    [
        "ac",
        "co",
        "com",
        "edu",
        "gen",
        "go",
        "gob",
        "gouv",
        "gov",
        "gv",
        "id",
        "info",
        "ltd",
        "me",
        "mil",
        "ne",
        "net",
        "nom",
        "or",
        "org",
        "plc",
        "sch",
        "web",
    ]
)


def is_jump(window: AnswerCounts, base: AnswerCounts) -> bool:
    """True where the last fifteen minutes (``window``) are not what the seven days before them (``base``) were."""
    return window.attempts >= LEAST_ANSWERS and window.share > max(TIMES_BASE * base.share, LEAST_SHARE)


@lru_cache(maxsize=4096)
def provider_of(host: str) -> str:
    """The registrable domain of an MX host, ``mx1.example.com`` or ``mx1.example.com[192.0.2.1]``; an address stands for itself."""
    name = host.partition("[")[0].strip().lower().rstrip(".")
    labels = name.split(".")
    if not name or labels[-1].isdigit() or ":" in name:
        return name or host
    long = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _REGISTRIES
    return ".".join(labels[-3:] if long else labels[-2:])
