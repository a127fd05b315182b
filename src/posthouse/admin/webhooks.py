"""What may be an endpoint, and what is asked of one: said once for the API and the command line.

The address is checked when it is given, so that a mistake is told at once, and again at every connection, because what a name
stands for changes. https is asked for, unless private networks are allowed: then http is taken too, for development.
"""

import difflib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from posthouse.model import ids
from posthouse.model.event import EventType
from posthouse.model.http import UrlFault, parse_url
from posthouse.model.keys import EndpointKey
from posthouse.net.reach import is_public
from posthouse.store.postgres.database import Database
from posthouse.store.webhooks import settle

PREFIX: Final = "whk"
TRY_PREFIX: Final = "whd"
SECRET_BYTES: Final = 32
MOST_ENDPOINTS: Final = 100
MOST_REPLAYED: Final = 1_000_000
OVERLAP: Final = timedelta(hours=24)
LONGEST_OVERLAP: Final = timedelta(days=7)
ALL: Final = "*"
EVENT_PATTERN: Final = r"^(\*|[a-z]+\.(\*|[a-z_]+))"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FILTER: Final = re.compile(EVENT_PATTERN)
_TYPES: Final = tuple(type.value for type in EventType)
# What a filter may be; of domains nothing is told yet, but the contract has them.
FILTERS: Final = (ALL, "message.*", "alert.*", "domain.*", *_TYPES)


def url_fault(url: str, *, allow_private: bool) -> str | None:
    """Why events are not posted there; None where they may be."""
    parsed = parse_url(url)
    if isinstance(parsed, UrlFault):
        return parsed.message
    if allow_private:
        return None
    if not parsed.secured:
        return "must begin with https://"
    if parsed.host == "localhost" or parsed.host.endswith(".localhost") or (parsed.address and not is_public(parsed.address)):
        return "must not be a private, loopback or reserved address"
    return None


def filter_fault(event: str) -> str | None:
    """Why a filter lets no event through; None where it may. ``message.*`` stands for all of that beginning."""
    if _FILTER.fullmatch(event) is None:
        return "must be an event type such as message.delivered, or message.*"
    if event not in FILTERS:
        return f"is no event type; the nearest known is '{difflib.get_close_matches(event[:64], FILTERS[1:], 1, 0.0)[0]}'"
    return None


def filters(events: Sequence[str] | None) -> list[str] | None:
    """The filters as they are kept: an empty list for all, None where nothing was said."""
    return None if events is None else [] if ALL in events else list(dict.fromkeys(events))


async def send_test(database: Database, place: EndpointKey, new_id: Callable[[datetime], UUID], now: datetime) -> UUID:
    """Have an event of type ``webhook.test`` posted; its id, by which the log shows what came back."""
    event = new_id(now)
    await settle.test(database, place, event, now)
    return event


async def replay_window(database: Database, place: EndpointKey, since: datetime, until: datetime, now: datetime) -> int:
    """Tell the events between the two times again; how many. Times before 1970 and after tomorrow count as those."""
    first, last = (min(max(each, _EPOCH), now + timedelta(days=1)) for each in (since, until))
    return await settle.replay(database, place, ids.floor(first), ids.floor(last + timedelta(milliseconds=1)), now, MOST_REPLAYED)


async def replay_event(database: Database, place: EndpointKey, event: UUID, now: datetime) -> int:
    """Tell one event again; 0 where there is none of that id, or the filters leave it out."""
    return await settle.replay(database, place, UUID(int=event.int - 1), event, now, 1)
