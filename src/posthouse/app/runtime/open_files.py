"""How many files may this process have open, and how many connections follow from that?

The usual soft limit (1,024) is a fifth of a busy listener's need; the hard limit is the operator's word.
"""

import contextlib
import resource
from typing import Final

MOST_FILES: Final = 20_000
_RESERVE: Final = 64  # database connections, listeners, pipes of confined workers, a certificate that is read


def raise_soft_limit() -> int:
    """Raise the soft limit of open files to the hard one, at most ``MOST_FILES``; the limit that holds now, never above it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return MOST_FILES if soft == resource.RLIM_INFINITY else min(soft, MOST_FILES)


def connection_slots(files: int, listeners: int) -> int:
    """Connections that each of so many listeners may hold: nine tenths of the files without a reserve, in equal parts."""
    return max(16, (files * 9 // 10 - _RESERVE) // max(1, listeners))
