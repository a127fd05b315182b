"""Asking other HTTP servers: the only place from which this product does (S-17; a house test says so).

An address that a tenant, a message or DNS gave must be public, and the very address that was judged is connected to:
names are looked up once, by the house's resolver, and nothing is looked up again. Redirects are never followed; proxies
and the environment are not looked at; certificates are checked, chain and name. Results are values.

Connections that came to rest are kept for a while, by origin. One that a server closed meanwhile is noticed; where that
happens under a request that may be repeated (or of which nothing arrived), it is asked once more over a new one.

Known sharp edges: ``localhost`` and names below it are loopback without asking (RFC 6761 6.3); /etc/hosts is not
read. Where a host has private and public addresses only the public ones are tried. Callers bound how much they ask at once.
"""

import asyncio
import ssl
from collections import deque
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from posthouse.model.clock import Clock
from posthouse.model.dns_answer import DnsAnswerKind
from posthouse.model.http import HttpRequest, HttpResponse, NoAnswer, NoAnswerReason, Url, UrlFault, parse_url
from posthouse.net.dns import Resolver
from posthouse.net.http.connection import HttpConnection, HttpWire
from posthouse.net.http.limits import HttpLimits
from posthouse.net.reach import is_public
from posthouse.net.smtp.tls import SHUTDOWN_SECONDS, in_words

_LOOPBACK: Final = ("127.0.0.1", "::1")
_Origin = tuple[str, str, int, bool]


class HttpClient:
    """Carries requests. ``close`` at the end."""

    def __init__(
        self, resolver: Resolver, clock: Clock, *, limits: HttpLimits | None = None, allow_private: bool = False,
        agent: str = "Posthouse", authorities: Path | None = None,
    ) -> None:  # fmt: skip
        """``allow_private``: also for addresses of strangers. ``authorities``: a PEM file beside the machine's own."""
        self._resolver = resolver
        self._clock = clock
        self._limits = limits or HttpLimits()
        self._allow_private = allow_private
        self._agent = agent
        self._context = _checking(authorities)
        self._resting: dict[_Origin, deque[HttpConnection]] = {}
        self._kept = 0

    async def send(
        self, request: HttpRequest, *, trusted: bool = False, within: timedelta | None = None
    ) -> HttpResponse | NoAnswer:
        """The answer, or why there is none. ``trusted``: the operator gave this address, so it is not judged."""
        url = parse_url(request.url)
        if isinstance(url, UrlFault):
            return NoAnswer(trouble=NoAnswerReason.URL, text=f"the address {url.message}")
        began = self._clock.monotonic()
        asking = _Asking(self, url, request, trusted=trusted)
        try:
            async with asyncio.timeout((within or self._limits.total).total_seconds()):
                answer = await asking.answer()
        except TimeoutError:
            answer = NoAnswer(
                trouble=NoAnswerReason.TIMED_OUT, text="no answer in time", left=asking.left, address=asking.address
            )
        finally:
            asking.end()
        return msgspec.structs.replace(answer, duration_ms=(self._clock.monotonic() - began) * 1000)

    async def close(self) -> None:
        """Close what is at rest."""
        for kept in self._resting.values():
            for connection in kept:
                connection.abort()
        self._resting, self._kept = {}, 0
        await asyncio.sleep(0)

    def take(self, origin: _Origin) -> HttpConnection | None:
        """A connection at rest that is still good."""
        kept = self._resting.get(origin)
        found = None
        while kept and found is None:
            connection = kept.pop()
            self._kept -= 1
            fresh = self._clock.monotonic() - connection.since < self._limits.idle.total_seconds()
            if fresh and connection.wire.at_rest:
                found = connection
            else:
                connection.abort()
        if not kept:
            self._resting.pop(origin, None)
        return found

    def keep(self, origin: _Origin, connection: HttpConnection) -> None:
        """Keep a connection for the next request to its origin, or close it."""
        kept = self._resting.get(origin, ())
        if len(kept) >= self._limits.per_origin or not connection.rest():
            connection.abort()
            return
        if self._kept >= self._limits.kept:
            self._drop_oldest()
        connection.since = self._clock.monotonic()
        self._resting.setdefault(origin, deque()).append(connection)
        self._kept += 1

    def _drop_oldest(self) -> None:
        origin = min(self._resting, key=lambda each: self._resting[each][0].since)
        self._resting[origin].popleft().abort()
        self._kept -= 1
        if not self._resting[origin]:
            del self._resting[origin]

    async def open(self, url: Url, *, trusted: bool) -> HttpConnection | NoAnswer:
        """A new connection to the first address that takes one."""
        addresses = await self._addresses(url)
        if isinstance(addresses, NoAnswer):
            return addresses
        allowed = [each for each in addresses if trusted or self._allow_private or is_public(each)]
        if not allowed:
            text = f"{url.host} is at {addresses[0]}, a private or reserved address"
            return NoAnswer(trouble=NoAnswerReason.PRIVATE_ADDRESS, text=text, address=addresses[0])
        error = None
        for address in allowed:
            found = await self._connect(url, address)
            if isinstance(found, HttpConnection):
                return found
            error = error or found
        assert error is not None  # noqa: S101 - there was an address to try
        return error

    async def _addresses(self, url: Url) -> tuple[str, ...] | NoAnswer:
        if url.address is not None:
            return (url.address,)
        if url.host == "localhost" or url.host.endswith(".localhost"):
            return _LOOPBACK
        found = await self._resolver.addresses(url.host)
        if found.kind is not DnsAnswerKind.FOUND:
            return NoAnswer(trouble=NoAnswerReason.DNS, text=found.text)
        return found.addresses

    async def _connect(self, url: Url, address: str) -> HttpConnection | NoAnswer:
        wire = HttpWire()
        try:
            async with asyncio.timeout(self._limits.connect.total_seconds()):
                await self._dial(wire, url, address)
        except TimeoutError:
            return NoAnswer(trouble=NoAnswerReason.CONNECT, text=f"{address}: no connection in time", address=address)
        except ssl.SSLError as error:
            return NoAnswer(trouble=NoAnswerReason.TLS, text=f"{address}: {in_words(error)}", address=address)
        except OSError as error:
            return NoAnswer(trouble=NoAnswerReason.CONNECT, text=f"{address}: {in_words(error)}", address=address)
        return HttpConnection(wire, url, address, self._agent, self._limits)

    async def _dial(self, wire: HttpWire, url: Url, address: str) -> None:
        loop = asyncio.get_running_loop()
        if not url.secured:
            await loop.create_connection(lambda: wire, address, url.port)
            return
        await loop.create_connection(
            lambda: wire, address, url.port, ssl=self._context, server_hostname=url.host,
            ssl_handshake_timeout=self._limits.connect.total_seconds(), ssl_shutdown_timeout=SHUTDOWN_SECONDS,
        )  # fmt: skip


class _Asking:
    """One request on its way, over at most two connections; whatever ends it, no connection is left behind."""

    def __init__(self, client: HttpClient, url: Url, request: HttpRequest, *, trusted: bool) -> None:
        self._client = client
        self._url = url
        self._request = request
        self._trusted = trusted
        self._origin = (url.scheme, url.host, url.port, trusted)
        self._connection: HttpConnection | None = None
        self._whole = False

    @property
    def left(self) -> bool:
        return self._connection is not None and self._connection.left

    @property
    def address(self) -> str:
        return self._connection.address if self._connection is not None else ""

    async def answer(self) -> HttpResponse | NoAnswer:
        self._connection = self._client.take(self._origin)
        if self._connection is not None:
            answer = await self._connection.ask(self._url, self._request)
            if not self._again(answer):
                return self._ended(answer)
            self._connection.abort()
            self._connection = None
        opened = await self._client.open(self._url, trusted=self._trusted)
        if isinstance(opened, NoAnswer):
            return opened
        self._connection = opened
        return self._ended(await opened.ask(self._url, self._request))

    def end(self) -> None:
        if self._connection is None:
            return
        if self._whole:
            self._client.keep(self._origin, self._connection)
        else:
            self._connection.abort()

    def _ended(self, answer: HttpResponse | NoAnswer) -> HttpResponse | NoAnswer:
        self._whole = isinstance(answer, HttpResponse) and not answer.truncated
        return answer

    def _again(self, answer: HttpResponse | NoAnswer) -> bool:
        """Whether a server closed a connection at rest just as we spoke (RFC 9112 9.3.1, 9.5)."""
        if not isinstance(answer, NoAnswer) or answer.trouble is not NoAnswerReason.LOST or self._connection is None:
            return False
        return not self._connection.wire.heard and (self._request.repeatable or not answer.left)


@cache
def _checking(authorities: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, chain and name checked, HTTP/1.1 asked for by name (RFC 7301)."""
    context = ssl.create_default_context()
    if authorities is not None:
        context.load_verify_locations(authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
