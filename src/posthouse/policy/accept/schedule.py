"""When: from the times of a request to those of its message (T1, T4, I3).

The clock of a promise starts at the triggering event, else at acceptance, and never before a scheduled time: nothing
is late before it is due. ``expiresIn`` and a default expiry count from acceptance, the default of a scheduled
message from its scheduled time, or a reset that is to leave in two hours would expire before it is due.

Known sharp edges: an event in the future, or more than a day old, is ignored (a warning says so) because
one wrong clock would spoil every latency figure. A past ``sendAt`` means now. The deadline of a type without a target is an
hour in the routine lane, a day in the bulk lane: a deadline only orders the queue.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from posthouse.model.message_type import Lane, MessageType
from posthouse.model.send_request import FieldError, SendRequest, Warning

OLDEST_EVENT: Final = timedelta(hours=24)
FURTHEST: Final = timedelta(days=90)
_DEADLINE_AFTER: Final = {Lane.BULK: timedelta(hours=24)}
_USUAL_DEADLINE_AFTER: Final = timedelta(hours=1)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """``since``: where latency counts from; ``due``: not before, None for now; ``deliver_by``: the promise, None without one;
    ``deadline``: the queue's order.
    """

    since: datetime
    due: datetime | None
    deliver_by: datetime | None
    deadline: datetime
    expires_at: datetime
    warnings: tuple[Warning, ...] = ()


def schedule(
    request: SendRequest, type: MessageType, now: datetime, max_ahead: timedelta = FURTHEST
) -> Schedule | tuple[FieldError, ...]:
    """The times of a message accepted at ``now``, or everything that is wrong with those of the request.

    ``max_ahead``: how far in the future ``sendAt`` may be.
    """
    due = request.send_at if request.send_at is not None and request.send_at > now else None
    expires_at = _expiry(request, type, now, due)
    errors = _errors(request, now, due, expires_at, max_ahead)
    if errors:
        return errors
    event, warnings = _event_time(request, now)
    since = event if due is None else max(event, due)
    return Schedule(
        since=since,
        due=due,
        deliver_by=None if type.target is None else since + type.target,
        deadline=since + (type.target or _DEADLINE_AFTER.get(type.lane, _USUAL_DEADLINE_AFTER)),
        expires_at=expires_at,
        warnings=warnings,
    )


def _expiry(request: SendRequest, type: MessageType, now: datetime, due: datetime | None) -> datetime:
    if request.expires_at is not None:
        return request.expires_at
    if request.expires_in is not None:
        return now + min(max(request.expires_in, timedelta(0)), 2 * FURTHEST)
    return (due or now) + type.expires_after


def _errors(
    request: SendRequest, now: datetime, due: datetime | None, expires_at: datetime, max_ahead: timedelta
) -> tuple[FieldError, ...]:
    errors = []
    if due is not None and due > now + max_ahead:
        errors.append(FieldError("sendAt", f"must be at most {max_ahead.days} days ahead"))
    if request.expires_at is not None and request.expires_in is not None:
        errors.append(FieldError("expiresIn", "cannot stand beside expiresAt: give one of them"))
    path = "expiresIn" if request.expires_at is None else "expiresAt"
    if expires_at <= now:
        errors.append(FieldError(path, "has passed already: the message could never be sent"))
    elif due is not None and expires_at <= due:
        errors.append(FieldError(path, "must be later than sendAt: the message would expire before it is due"))
    elif expires_at > (due or now) + FURTHEST:
        errors.append(FieldError(path, f"must be at most {FURTHEST.days} days after the message is due"))
    return tuple(errors)


def _event_time(request: SendRequest, now: datetime) -> tuple[datetime, tuple[Warning, ...]]:
    """When the triggering event was, as far as it is plausible."""
    occurred = request.occurred_at
    if occurred is None:
        return now, ()
    if occurred > now:
        return now, (_ignored("is in the future"),)
    if occurred < now - OLDEST_EVENT:
        return now, (_ignored("is more than 24 hours ago"),)
    return occurred, ()


def _ignored(why: str) -> Warning:
    return Warning("occurred_at_ignored", f"occurredAt {why}: time is measured from acceptance.", "occurredAt")
