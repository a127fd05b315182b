"""Tracked links: a click is redirected, an open gets a picture of one pixel, an unsubscribe link takes a reader off a list.

A click goes exactly where the mail pointed, byte for byte, because the address is inside the signed token; anything else is 404,
so there is no open redirect, and so is a tenant's link on a host that is another tenant's own. Opens and clicks are recorded,
marked ``bot`` where a scanner or a mail service's own fetcher makes the request. Unsubscribing takes a POST (RFC 8058 section
3.1): a GET shows a page with a button and changes nothing, because scanners follow links.

Known sharp edges: a visit is recorded once an hour for each address and delivery, however often the link is followed. A mail
service that fetches pictures for its readers looks like them; only those that name themselves can be marked.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from functools import partial
from html import escape
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from posthouse.doors.http.resource import Resource
from posthouse.mail.link import Link, LinkPurpose
from posthouse.mail.link import read as read_link
from posthouse.model.clock import Clock
from posthouse.model.feedback import Feedback, FeedbackKind
from posthouse.store.postgres.database import is_unavailable

BOTS: Final = re.compile(
    r"bot\b|crawl|spider|scan|preview|proofpoint|mimecast|barracuda|safelinks|googleimageproxy|yahoomailproxy|curl|wget|"
    r"python|go-http|headless",
    re.IGNORECASE,
)
PIXEL: Final = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_UNCACHED: Final = {"Cache-Control": "no-store, private", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_PAGE_HEADERS: Final = {
    **_UNCACHED,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
}
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}"
    "button{font:inherit;padding:.6rem 1.2rem;border-radius:.4rem;border:1px solid currentColor;cursor:pointer}"
)


class VisitParts(msgspec.Struct, frozen=True, kw_only=True):
    """``keys``: of links, the new one first. ``record``: stores what was done with the link of a delivery, durably.

    ``owners``: the tenants whose own host one is; errors: those of the database.
    """

    keys: tuple[bytes, ...]
    owners: Callable[[str], Awaitable[frozenset[int] | None]]
    clock: Clock
    record: Callable[[Link, Feedback], Awaitable[None]]


def build_visits(parts: VisitParts) -> dict[str, Resource]:
    """The paths that links in a mail lead to."""
    return {
        "/t/c/{token}": Resource({"GET": partial(follow_click, parts)}),
        "/t/o/{token}": Resource({"GET": partial(show_open_pixel, parts)}),
        "/u/{token}": Resource({"GET": partial(show_unsubscribe, parts), "POST": partial(unsubscribe, parts)}),
    }


async def follow_click(parts: VisitParts, request: Request) -> Response:
    """Redirect to where the mail pointed."""
    link = await _find_link(parts, request, LinkPurpose.CLICK)
    if link is None or not link.target.isascii() or not link.target.lower().startswith(("http://", "https://")):
        return _not_found()
    await _record_if_possible(parts, link, _visit(parts, request, FeedbackKind.CLICKED, link.target))
    return Response(status_code=302, headers={**_UNCACHED, "Location": link.target})


async def show_open_pixel(parts: VisitParts, request: Request) -> Response:
    """Answer with a picture of one pixel."""
    link = await _find_link(parts, request, LinkPurpose.OPEN)
    if link is None:
        return _not_found()
    await _record_if_possible(parts, link, _visit(parts, request, FeedbackKind.OPENED, ""))
    return Response(PIXEL, media_type="image/gif", headers=_UNCACHED)


async def show_unsubscribe(parts: VisitParts, request: Request) -> Response:
    """Ask before an address is unsubscribed: scanners follow links."""
    if await _find_link(parts, request, LinkPurpose.UNSUBSCRIBE) is None:
        return _not_found()
    button = (
        '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Unsubscribe</button></form>'
    )
    return _page("Unsubscribe", "You will get no more mail of this list. What you order or ask for yourself still comes.", button)


async def unsubscribe(parts: VisitParts, request: Request) -> Response:
    """Unsubscribe at once; again changes nothing. The token says everything, so the body is not read."""
    link = await _find_link(parts, request, LinkPurpose.UNSUBSCRIBE)
    if link is None:
        return _not_found()
    await parts.record(link, Feedback(kind=FeedbackKind.UNSUBSCRIBED, at=parts.clock.now()))
    return _page("You are unsubscribed", "You will get no more mail of this list.", "")


async def _find_link(parts: VisitParts, request: Request, purpose: LinkPurpose) -> Link | None:
    """The link of the request; none of a tenant's on a host that is another tenant's own."""
    link = read_link(parts.keys, purpose, request.path_params["token"])
    if link is None:
        return None
    try:
        owners = await parts.owners(_host(request))
    except Exception as error:
        if not is_unavailable(error):
            raise
        owners = None  # without the database the owner of the host is unknown; the reader is redirected all the same
    return link if not owners or link.tenant in owners else None


def _host(request: Request) -> str:
    """The host in the reader's address bar, without a port; '' for what is no host."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')[:300]}").hostname or ""
    except ValueError:
        return ""


def _visit(parts: VisitParts, request: Request, kind: FeedbackKind, target: str) -> Feedback:
    now = parts.clock.now()
    # The id makes it one event an hour for each target.
    digest = hashlib.sha256(target.encode()).hexdigest()[:16]
    bot = request.method == "HEAD" or BOTS.search(request.headers.get("user-agent", "bot")[:500]) is not None
    return Feedback(kind=kind, at=now, url=target or None, bot=bot, event_id=f"{digest}-{now:%Y%m%d%H}{'-bot' if bot else ''}")


async def _record_if_possible(parts: VisitParts, link: Link, visit: Feedback) -> None:
    """A reader is redirected whether or not the visit can be stored now."""
    try:
        await parts.record(link, visit)
    except Exception as error:
        if not is_unavailable(error):
            raise


def _not_found() -> Response:
    return _page("Nothing here", "This link is not complete, or not ours.", "", status=404)


def _page(title: str, text: str, form: str, status: int = 200) -> Response:
    html = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1><p>{escape(text)}</p>{form}</html>"
    )
    return HTMLResponse(html, status_code=status, headers=_PAGE_HEADERS)
