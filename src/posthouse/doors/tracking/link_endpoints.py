"""Whoever follows a link of ours: sent on, shown a picture of one dot, or taken off a list.

A click goes exactly where the mail pointed, byte for byte, because the address is inside the signed token; anything else is
404, so there is no open redirect, and so is a tenant's link on a host that is another tenant's own. Opens and clicks are told, marked ``bot`` where a scanner or a mail service's own fetcher asks. Leaving
a list takes a POST (RFC 8058 section 3.1): a GET shows a page with a button and changes nothing, because scanners follow links.

Known sharp edges: what is told is told once an hour for each address and delivery, however often the link is followed. A
mail service that fetches pictures for its readers looks like them; only those that say who they are can be marked.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from html import escape
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from posthouse.mail import link
from posthouse.mail.link import Link, LinkPurpose
from posthouse.model.clock import Clock
from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.store.postgres.database import is_unavailable

BOTS: Final = re.compile(
    r"bot\b|crawl|spider|scan|preview|proofpoint|mimecast|barracuda|safelinks|googleimageproxy|yahoomailproxy|curl|wget|python|go-http|headless",
    re.IGNORECASE,
)
DOT: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_NEVER_KEPT: Final = {"Cache-Control": "no-store, private", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_PAGE_HEADERS: Final = {
    **_NEVER_KEPT,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
}
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}"
    "button{font:inherit;padding:.6rem 1.2rem;border-radius:.4rem;border:1px solid currentColor;cursor:pointer}"
)


class VisitParts(msgspec.Struct, frozen=True, kw_only=True):
    """``keys``: of links, the new one first. ``tell``: what was done with the link of a delivery; durable when it returns.

    ``owners``: the tenants whose own host one is; errors: those of the database.
    """

    keys: tuple[bytes, ...]
    owners: Callable[[str], Awaitable[frozenset[int] | None]]
    clock: Clock
    tell: Callable[[Link, Feedback], Awaitable[None]]


def clicked(parts: VisitParts) -> Callable[[Request], Awaitable[Response]]:
    """Send on to where the mail pointed."""

    async def endpoint(request: Request) -> Response:
        found = await _link(parts, request, LinkPurpose.CLICK)
        if found is None or not found.target.isascii() or not found.target.lower().startswith(("http://", "https://")):
            return _nothing()
        await _told(parts, found, _seen(parts, request, FeedbackKind.CLICKED, found.target))
        return Response(status_code=302, headers={**_NEVER_KEPT, "Location": found.target})

    return endpoint


def opened(parts: VisitParts) -> Callable[[Request], Awaitable[Response]]:
    """Show a dot."""

    async def endpoint(request: Request) -> Response:
        found = await _link(parts, request, LinkPurpose.OPEN)
        if found is None:
            return _nothing()
        await _told(parts, found, _seen(parts, request, FeedbackKind.OPENED, ""))
        return Response(DOT, media_type="image/gif", headers=_NEVER_KEPT)

    return endpoint


def leaving(parts: VisitParts) -> Callable[[Request], Awaitable[Response]]:
    """Ask before anybody is taken off a list."""

    async def endpoint(request: Request) -> Response:
        if await _link(parts, request, LinkPurpose.UNSUBSCRIBE) is None:
            return _nothing()
        button = '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Unsubscribe</button></form>'
        return _page(
            "Unsubscribe", "You will get no more mail of this list. What you order or ask for yourself still comes.", button
        )

    return endpoint


def left(parts: VisitParts) -> Callable[[Request], Awaitable[Response]]:
    """Take somebody off a list, at once and however often it is asked."""

    async def endpoint(request: Request) -> Response:
        found = await _link(parts, request, LinkPurpose.UNSUBSCRIBE)
        if found is None:
            return _nothing()
        await parts.tell(found, Feedback(kind=FeedbackKind.UNSUBSCRIBED, at=parts.clock.now()))
        return _page("You are unsubscribed", "You will get no more mail of this list.", "")

    return endpoint


async def _link(parts: VisitParts, request: Request, purpose: LinkPurpose) -> Link | None:
    """The link that is followed; none of a tenant's on a host that is another's own."""
    found = link.read(parts.keys, purpose, request.path_params["token"])
    if found is None:
        return None
    try:
        owners = await parts.owners(_host(request))
    except Exception as error:
        if not is_unavailable(error):
            raise
        owners = None  # a reader is sent on all the same
    return found if not owners or found.tenant in owners else None


def _host(request: Request) -> str:
    """Where the reader thinks to be, without a port; '' for what is no host."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')[:300]}").hostname or ""
    except ValueError:
        return ""


def _seen(parts: VisitParts, request: Request, kind: FeedbackKind, target: str) -> Feedback:
    now = parts.clock.now()
    what = hashlib.sha256(target.encode()).hexdigest()[:16]
    bot = request.method == "HEAD" or BOTS.search(request.headers.get("user-agent", "bot")[:500]) is not None
    return Feedback(kind=kind, at=now, url=target or None, bot=bot, event_id=f"{what}-{now:%Y%m%d%H}{'-bot' if bot else ''}")


async def _told(parts: VisitParts, found: Link, seen: Feedback) -> None:
    """A reader is sent on whether or not it can be written down just now."""
    try:
        await parts.tell(found, seen)
    except Exception as error:
        if not is_unavailable(error):
            raise


def _nothing() -> Response:
    return _page("Nothing here", "This link is not complete, or not ours.", "", status=404)


def _page(title: str, said: str, rest: str, status: int = 200) -> Response:
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1><p>{escape(said)}</p>{rest}</html>"
    )
    return HTMLResponse(page, status_code=status, headers=_PAGE_HEADERS)
