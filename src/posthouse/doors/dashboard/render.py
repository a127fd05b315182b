"""How content becomes a page: a frame, one stylesheet, everything escaped, nothing fetched, no script.

Whatever a caller, a recipient or a remote server wrote is text here: escaped by the engine, and wrapped in ``bdi`` so that it
cannot change the writing direction of what stands beside it. The policy (CSP 3) allows this very stylesheet by its hash and
nothing else. Pure: time is given.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from typing import Any, Final

import minijinja
import msgspec

from posthouse.doors.dashboard.page import Frame, Page, PageContent

_HERE: Final = files("posthouse.doors.dashboard")
_FRAME: Final = "frame.html"
_CSS: Final = _HERE.joinpath("dashboard.css").read_text("utf-8")
_HASH: Final = base64.b64encode(hashlib.sha256(_CSS.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "sandbox allow-forms allow-same-origin"
)
_UNITS: Final = ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h"))


class PageRenderer:
    """Renders these pages; their templates are read once."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self._pages = pages
        self._engine = _build_engine(pages)

    def render(self, page: Page, frame: Frame, content: PageContent) -> str:
        """The whole page as HTML."""
        return self._engine.render_template(
            page.template,
            **content.context,
            page=page,
            pages=self._pages,
            css=_CSS,
            ago=partial(_ago, frame.now),
            now=frame.now,
            tenant="" if frame.tenant is None else frame.tenant.name or frame.tenant.ref,
            new_alerts=frame.new_alerts,
            older_url=content.older_url,
            faults=msgspec.to_builtins(list(content.faults)),
        )


_CAPITAL: Final = re.compile("[A-Z]")


def _ago(now: datetime, at: datetime) -> str:
    passed = (now - at).total_seconds()
    for below, unit, name in _UNITS:
        if passed < below:
            return f"{max(0, int(passed // unit))} {name} ago"
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
    return _CAPITAL.sub(lambda capital: f" {capital[0].lower()}", str(name)).replace("_", " ")


def _tail(name: str) -> str:
    """``delivered`` of ``message.delivered``."""
    return str(name).rpartition(".")[2]


_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "clock": _clock,
    "clock_ms": _clock_ms,
    "seconds": _seconds,
    "words": _words,
    "tail": _tail,
    "iso": datetime.isoformat,
}


def _build_engine(pages: Sequence[Page]) -> minijinja.Environment:
    templates = {page.template: _HERE.joinpath("pages", page.template) for page in pages} | {_FRAME: _HERE.joinpath(_FRAME)}
    engine = minijinja.Environment(templates={name: file.read_text("utf-8") for name, file in templates.items()})
    engine.trim_blocks = True
    engine.lstrip_blocks = True
    engine.undefined_behavior = "strict"
    engine.auto_escape_callback = lambda name: name.endswith(".html")
    for name, filter_ in _FILTERS.items():
        engine.add_filter(name, filter_)
    return engine
