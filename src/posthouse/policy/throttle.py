"""How fast may somebody ask? Bucket, count and moment give: take, or wait so long.

The one token bucket: of keys (messages a minute) and of the mailboxes that anybody may write to. A bucket holds what may be
asked for in a ``window`` (``rate``) and fills again evenly over one: so many at once, and never more than that and what came
back since. It is stored as the moment at which it is full again; one in the past is a full bucket, so nothing has to fill
buckets, and another rate keeps what was used in proportion. RateLimit-Limit, -Remaining and -Reset of
draft-ietf-httpapi-ratelimit-headers (version 6, the last with three fields): Reset is when the bucket is full, and of a
refusal the same moment as Retry-After.

Must never know: whose bucket it is, where it is stored.

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
    """They are taken; ``full_at`` is the bucket afterwards."""

    full_at: datetime
    standing: BucketState


class BucketWait(msgspec.Struct, frozen=True):
    """They do not fit now, and nothing was taken. ``seconds``: until they do; None: never, there are more than a bucket holds."""

    seconds: int | None
    standing: BucketState


def take(
    full_at: datetime | None, rate: int, count: int, now: datetime, *, window: timedelta = WINDOW
) -> BucketTaken | BucketWait:
    """``count`` out of a bucket (``full_at`` None: never used) that holds ``rate`` and fills in ``window``; 0 only looks."""
    share = window // rate
    used = max(full_at - now, _NOTHING) if full_at is not None else _NOTHING
    if count > rate:
        return BucketWait(None, _state(rate, used, window))
    late = used + share * count - window
    if count and late > _NOTHING:
        seconds = _seconds(late)
        return BucketWait(seconds, BucketState(rate, _remaining(rate, used, window), seconds))
    used += share * count
    return BucketTaken(now + used, _state(rate, used, window))


def _state(rate: int, used: timedelta, window: timedelta) -> BucketState:
    return BucketState(rate, _remaining(rate, used, window), _seconds(used))


def _remaining(rate: int, used: timedelta, window: timedelta) -> int:
    return max(0, (window - used) * rate // window)


def _seconds(time: timedelta) -> int:
    """Rounded up: after so long there is enough."""
    return -(-time // _SECOND)
