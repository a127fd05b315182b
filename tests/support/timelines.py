"""Reading a message's timeline as ``GET /v1/messages/{id}`` tells it."""

from datetime import datetime
from typing import Any

from tests.support.product import Product

View = dict[str, Any]


def look(product: Product, message: str, key: str | None = None) -> View:
    """The message as it stands."""
    status, view = product.ask("GET", f"/v1/messages/{message}", key=key)
    assert status == 200, view
    return dict(view)


def delivery(view: View) -> View:
    """Its only delivery."""
    [only] = view["deliveries"]
    return dict(only)


def states(view: View) -> list[str]:
    """What the events tell of the delivery, in their order: ``queued``, ``delivered`` …; alerts are no states."""
    kinds = [event["type"].partition(".") for event in view["events"]]
    return [state for family, _, state in kinds if family == "message"]


def seconds_until(view: View, moment: str) -> float:
    """From the end of the last attempt, as near as it is told, to ``moment``."""
    started = datetime.fromisoformat(delivery(view)["attempts"][-1]["startedAt"])
    return (datetime.fromisoformat(moment) - started).total_seconds()


def raw(product: Product, message: str, key: str | None = None) -> bytes:
    """The exact bytes handed over."""
    status, data = product.ask("GET", f"/v1/messages/{message}/raw", key=key)
    assert status == 200, data
    assert isinstance(data, bytes)
    return data


def told(product: Product) -> list[View]:
    """Every event of the feed, from the oldest."""
    found: list[View] = []
    after = ""
    while True:
        status, page = product.ask("GET", f"/v1/events?limit=200{after}")
        assert status == 200, page
        found += page["data"]
        if page["nextCursor"] is None:
            return found
        after = f"&after={page['nextCursor']}"
