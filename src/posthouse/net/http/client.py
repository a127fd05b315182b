"""The HTTP client: the only place from which this product sends requests (S-17; a house test holds it).

An address that a tenant, a message or DNS gave must be public, and the very address that was checked is connected to:
names are looked up once, by the house's resolver, and nothing is looked up again. Redirects are never followed; proxies
and the environment are not looked at; certificates are checked, chain and name. Results are values.

Why not a library: delivery through a vendor must know whether the last byte of a request may have left before an answer failed
to come (in doubt), and no client we know says that; nor do they connect to an address that was checked before.

Idle connections are kept for a while, by origin. One that the server closed meanwhile is noticed; where that happens during
a request that may be repeated (or of which nothing arrived), it is sent once more over a new connection.

Must never know: what a request is for, and whether to try again later.

Known sharp edges: ``localhost`` and names below it are loopback without a look-up (RFC 6761 6.3); /etc/hosts is not
read. Where a host has private and public addresses only the public ones are tried. Callers bound their concurrency.
"""

import asyncio
import ssl
from collections import deque
from datetime import timedelta
from functools import lru_cache
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
from posthouse.net.smtp.tls import SHUTDOWN_SECONDS, describe_error

_LOOPBACK: Final = ("127.0.0.1", "::1")
_Origin = tuple[str, str, int, bool]


class HttpClient:
    """Sends requests. ``close`` at the end."""

    def __init__(
        self,
        resolver: Resolver,
        clock: Clock,
        *,
        limits: HttpLimits | None = None,
        allow_private: bool = False,
        agent: str = "Posthouse",
        authorities: Path | None = None,
    ) -> None:
        """``allow_private``: also for addresses that strangers gave. ``authorities``: a PEM file beside the machine's own."""
        self._resolver = resolver
        self._clock = clock
        self._limits = limits or HttpLimits()
        self._allow_private = allow_private
        self._agent = agent
        self._context = _verifying_context(authorities)
        self._idle: dict[_Origin, deque[HttpConnection]] = {}
        self._idle_count = 0

    async def send(
        self, request: HttpRequest, *, trusted: bool = False, within: timedelta | None = None
    ) -> HttpResponse | NoAnswer:
        """The response, or why there is none. ``trusted``: the operator gave this address, so it is not checked."""
        url = parse_url(request.url)
        if isinstance(url, UrlFault):
            return NoAnswer(reason=NoAnswerReason.URL, text=f"the address {url.message}")
        started = self._clock.monotonic()
        exchange = _Exchange(self, url, request, trusted=trusted)
        try:
            async with asyncio.timeout((within or self._limits.total).total_seconds()):
                answer = await exchange.run()
        except TimeoutError:
            answer = NoAnswer(
                reason=NoAnswerReason.TIMED_OUT,
                text="no answer in time",
                fully_sent=exchange.fully_sent,
                address=exchange.address,
            )
        finally:
            exchange.end()
        return msgspec.structs.replace(answer, duration_ms=(self._clock.monotonic() - started) * 1000)

    async def close(self) -> None:
        """Close the idle connections."""
        for connections in self._idle.values():
            for connection in connections:
                connection.abort()
        self._idle, self._idle_count = {}, 0
        await asyncio.sleep(0)

    def reuse(self, origin: _Origin) -> HttpConnection | None:
        """An idle connection that is still usable."""
        idle = self._idle.get(origin)
        usable = None
        while idle and usable is None:
            connection = idle.pop()
            self._idle_count -= 1
            fresh = self._clock.monotonic() - connection.idle_since < self._limits.idle.total_seconds()
            if fresh and connection.wire.is_idle:
                usable = connection
            else:
                connection.abort()
        if not idle:
            self._idle.pop(origin, None)
        return usable

    def release(self, origin: _Origin, connection: HttpConnection) -> None:
        """Keep a connection open for the next request to its origin, or close it."""
        idle = self._idle.get(origin, ())
        if len(idle) >= self._limits.per_origin or not connection.make_idle():
            connection.abort()
            return
        if self._idle_count >= self._limits.max_idle:
            self._drop_oldest()
        connection.idle_since = self._clock.monotonic()
        self._idle.setdefault(origin, deque()).append(connection)
        self._idle_count += 1

    def _drop_oldest(self) -> None:
        origin = min(self._idle, key=lambda each: self._idle[each][0].idle_since)
        self._idle[origin].popleft().abort()
        self._idle_count -= 1
        if not self._idle[origin]:
            del self._idle[origin]

    async def open(self, url: Url, *, trusted: bool) -> HttpConnection | NoAnswer:
        """A new connection to the first address that takes one."""
        addresses = await self._addresses(url)
        if isinstance(addresses, NoAnswer):
            return addresses
        allowed = [each for each in addresses if trusted or self._allow_private or is_public(each)]
        if not allowed:
            text = f"{url.host} is at {addresses[0]}, a private or reserved address"
            return NoAnswer(reason=NoAnswerReason.PRIVATE_ADDRESS, text=text, address=addresses[0])
        error = None
        for address in allowed:
            connected = await self._connect(url, address)
            if isinstance(connected, HttpConnection):
                return connected
            error = error or connected
        assert error is not None  # noqa: S101 - there was an address to try
        return error

    async def _addresses(self, url: Url) -> tuple[str, ...] | NoAnswer:
        if url.address is not None:
            return (url.address,)
        if url.host == "localhost" or url.host.endswith(".localhost"):
            return _LOOPBACK
        answer = await self._resolver.addresses(url.host)
        if answer.kind is not DnsAnswerKind.FOUND:
            return NoAnswer(reason=NoAnswerReason.DNS, text=answer.text)
        return answer.addresses

    async def _connect(self, url: Url, address: str) -> HttpConnection | NoAnswer:
        wire = HttpWire()
        try:
            async with asyncio.timeout(self._limits.connect.total_seconds()):
                await self._dial(wire, url, address)
        except TimeoutError:
            return NoAnswer(reason=NoAnswerReason.CONNECT, text=f"{address}: no connection in time", address=address)
        except ssl.SSLError as error:
            return NoAnswer(reason=NoAnswerReason.TLS, text=f"{address}: {describe_error(error)}", address=address)
        except OSError as error:
            return NoAnswer(reason=NoAnswerReason.CONNECT, text=f"{address}: {describe_error(error)}", address=address)
        return HttpConnection(wire, url, address, self._agent, self._limits)

    async def _dial(self, wire: HttpWire, url: Url, address: str) -> None:
        loop = asyncio.get_running_loop()
        if not url.secured:
            await loop.create_connection(lambda: wire, address, url.port)
            return
        await loop.create_connection(
            lambda: wire,
            address,
            url.port,
            ssl=self._context,
            server_hostname=url.host,
            ssl_handshake_timeout=self._limits.connect.total_seconds(),
            ssl_shutdown_timeout=SHUTDOWN_SECONDS,
        )


class _Exchange:
    """One request and its response, over at most two connections; whatever ends it, no connection is left open behind it."""

    def __init__(self, client: HttpClient, url: Url, request: HttpRequest, *, trusted: bool) -> None:
        self._client = client
        self._url = url
        self._request = request
        self._trusted = trusted
        self._origin = (url.scheme, url.host, url.port, trusted)
        self._connection: HttpConnection | None = None
        self._complete = False

    @property
    def fully_sent(self) -> bool:
        return self._connection is not None and self._connection.fully_sent

    @property
    def address(self) -> str:
        return self._connection.address if self._connection is not None else ""

    async def run(self) -> HttpResponse | NoAnswer:
        self._connection = self._client.reuse(self._origin)
        if self._connection is not None:
            answer = await self._connection.ask(self._url, self._request)
            if not self._may_repeat(answer):
                return self._finish(answer)
            self._connection.abort()
            self._connection = None
        opened = await self._client.open(self._url, trusted=self._trusted)
        if isinstance(opened, NoAnswer):
            return opened
        self._connection = opened
        return self._finish(await opened.ask(self._url, self._request))

    def end(self) -> None:
        if self._connection is None:
            return
        if self._complete:
            self._client.release(self._origin, self._connection)
        else:
            self._connection.abort()

    def _finish(self, answer: HttpResponse | NoAnswer) -> HttpResponse | NoAnswer:
        self._complete = isinstance(answer, HttpResponse) and not answer.truncated
        return answer

    def _may_repeat(self, answer: HttpResponse | NoAnswer) -> bool:
        """Whether the server closed an idle connection just as the request was sent (RFC 9112 9.3.1, 9.5)."""
        if not isinstance(answer, NoAnswer) or answer.reason is not NoAnswerReason.LOST or self._connection is None:
            return False
        return not self._connection.wire.received and (self._request.repeatable or not answer.fully_sent)


@lru_cache(16)
def _verifying_context(authorities: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, chain and name checked, HTTP/1.1 by ALPN (RFC 7301)."""
    context = ssl.create_default_context()
    if authorities is not None:
        context.load_verify_locations(authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
