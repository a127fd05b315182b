"""How fast may a key send? Bucket, count and moment give: take, or wait so long.

A bucket holds what a key may ask for in a minute (``rate``) and fills again evenly over one: so many at once, and never more
than that and what came back since. It is kept as the moment at which it is full again; one in the past is a full bucket, so
nobody has to fill buckets, and another rate keeps what was used in proportion. RateLimit-Limit, -Remaining and -Reset of
draft-ietf-httpapi-ratelimit-headers (version 6, the last with three fields): Reset is when the bucket is full, and of a
refusal the same moment as Retry-After.

Must never know: whose bucket it is, where it is kept.

Known sharp edges: moments have microseconds, so a message's share of the minute is rounded down by less than one: the
fastest rate, 100,000, lets 0.2 % more through at most. Clocks of two machines that differ by a second differ by a second's worth.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

WINDOW: Final = timedelta(minutes=1)
MOST: Final = 100_000  # messages a minute
_SECOND: Final = timedelta(seconds=1)
_NOTHING: Final = timedelta(0)


class BucketState(msgspec.Struct, frozen=True):
    """What is left of ``limit``, and in how many seconds it is whole again, or enough of it is back."""

    limit: int
    remaining: int
    reset: int


class BucketTaken(msgspec.Struct, frozen=True):
    """They are taken; ``full_at`` is the bucket as it is then."""

    full_at: datetime
    standing: BucketState


class BucketWait(msgspec.Struct, frozen=True):
    """They do not fit now, and nothing was taken. ``seconds``: until they do; None: never, there are more than a bucket holds."""

    seconds: int | None
    standing: BucketState


def take(full_at: datetime | None, rate: int, count: int, now: datetime) -> BucketTaken | BucketWait:
    """``count`` messages out of a bucket (None: never used) for ``rate`` a minute; 0 only looks."""
    share = WINDOW // rate
    used = max(full_at - now, _NOTHING) if full_at is not None else _NOTHING
    if count > rate:
        return BucketWait(None, _standing(rate, used))
    late = used + share * count - WINDOW
    if count and late > _NOTHING:
        seconds = _seconds(late)
        return BucketWait(seconds, BucketState(rate, _left(rate, used), seconds))
    used += share * count
    return BucketTaken(now + used, _standing(rate, used))


def _standing(rate: int, used: timedelta) -> BucketState:
    return BucketState(rate, _left(rate, used), _seconds(used))


def _left(rate: int, used: timedelta) -> int:
    return max(0, (WINDOW - used) * rate // WINDOW)


def _seconds(time: timedelta) -> int:
    """Rounded up: whoever waits so long has waited long enough."""
    return -(-time // _SECOND)
