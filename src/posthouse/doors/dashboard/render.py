"""How messages and alerts become pages: a frame, one stylesheet, everything escaped, nothing fetched, no script.

Whatever a caller, a recipient or a remote server wrote is text here: escaped by the engine, and wrapped in ``bdi``
so that it cannot turn the writing direction of what stands beside it. The policy (CSP 3) allows this very
stylesheet by its hash and nothing else. Pure: time is given.
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final

import minijinja
import msgspec

from posthouse.model.delivery import DeliveryState
from posthouse.model.send_request import FieldError

_HERE: Final = files("posthouse.doors.dashboard")
_CSS: Final = _HERE.joinpath("page.css").read_text("utf-8")
_HASH: Final = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; sandbox allow-forms allow-same-origin"
ENVIRONMENTS: Final = ("live", "test")
STATES: Final = tuple(state.value for state in DeliveryState)
SEVERITIES: Final = ("critical", "warning")
_TEMPLATES: Final = ("frame.html", "page.html", "alerts.html")
_STEPS: Final = ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"))


class PageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What the reader narrowed the page to; all empty for everything."""

    environment: str = ""
    status: str = ""
    q: str = ""
    before: str = ""


class MessagesPageData(msgspec.Struct, frozen=True, kw_only=True):
    """What is on the page. ``messages``: timelines in the contract's names, with their environment, newest first; ``fresh``: alerts of a day."""

    now: datetime
    here: str
    asked: PageFilter = PageFilter()
    tenant: str = ""
    fresh: int = 0
    messages: Sequence[dict[str, Any]] = ()
    older: str = ""
    faults: Sequence[FieldError] = ()


class AlertsPageData(msgspec.Struct, frozen=True, kw_only=True):
    """What is on the page of alerts. ``alerts``: as ``GET /v1/alerts`` tells them, with their environment, newest first."""

    now: datetime
    before: str = ""
    tenant: str = ""
    fresh: int = 0
    alerts: Sequence[dict[str, Any]] = ()
    older: str = ""
    faults: Sequence[FieldError] = ()


def page(shown: MessagesPageData) -> str:
    """The whole page of messages as HTML."""
    tally = Counter(message["status"] for message in shown.messages)
    asked = shown.asked
    return _ENGINE.render_template(
        "page.html",
        **_frame("messages", shown),
        here=shown.here,
        asked=msgspec.to_builtins(asked),
        narrowed=bool(asked.environment or asked.status or asked.q or asked.before),
        environments=ENVIRONMENTS,
        states=STATES,
        messages=list(shown.messages),
        tally=[(state, tally[state]) for state in STATES if tally[state]],
    )


def alerts_page(shown: AlertsPageData) -> str:
    """The whole page of alerts as HTML."""
    tally = Counter(alert["severity"] for alert in shown.alerts)
    return _ENGINE.render_template(
        "alerts.html",
        **_frame("alerts", shown),
        asked={"before": shown.before},
        alerts=list(shown.alerts),
        tally=[(name, tally[name]) for name in SEVERITIES if tally[name]],
    )


def _frame(place: str, shown: MessagesPageData | AlertsPageData) -> dict[str, Any]:
    """What every page shows."""
    now = shown.now

    def ago(at: datetime) -> str:
        return _ago((now - at).total_seconds(), at)

    return {
        "place": place, "css": _CSS, "ago": ago, "now": now, "tenant": shown.tenant, "fresh": shown.fresh, "older": shown.older,
        "faults": msgspec.to_builtins(list(shown.faults)),
    }  # fmt: skip


_HUMP: Final = re.compile("[A-Z]")


def _ago(passed: float, at: datetime) -> str:
    for below, unit, word in _STEPS:
        if passed < below:
            return f"{max(0, int(passed // unit))} {word} ago"
    return f"{at.astimezone(UTC):%d %b %H:%M}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _clock_ms(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%d %b %H:%M:%S.%f")[:-3]


def _seconds(span: float) -> str:
    """A duration as people say it: ``under 1 ms``, ``12 ms``, ``3.4 s``, ``5 min``."""
    if span < 0.001:
        return "under 1 ms"
    if span < 1:
        return f"{span * 1000:.0f} ms"
    return f"{span:.1f} s" if span < 120 else f"{span / 60:.0f} min"


def _words(name: str) -> str:
    """``mailbox full`` of ``mailbox_full``, ``reply code`` of ``replyCode``."""
    return _HUMP.sub(lambda hump: f" {hump[0].lower()}", str(name)).replace("_", " ")


def _tail(name: str) -> str:
    """``delivered`` of ``message.delivered``."""
    return str(name).rpartition(".")[2]


def _engine() -> minijinja.Environment:
    engine = minijinja.Environment(templates={name: _HERE.joinpath(name).read_text("utf-8") for name in _TEMPLATES})
    engine.trim_blocks = True
    engine.lstrip_blocks = True
    engine.undefined_behavior = "strict"
    engine.auto_escape_callback = lambda name: name.endswith(".html")
    for name, filter_ in (("clock", _clock), ("clock_ms", _clock_ms), ("seconds", _seconds), ("words", _words), ("tail", _tail)):
        engine.add_filter(name, filter_)
    engine.add_filter("iso", datetime.isoformat)
    return engine


_ENGINE: Final = _engine()
