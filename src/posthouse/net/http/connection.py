"""One HTTP/1.1 connection to an address that was judged before: a request out, one bounded answer in (RFC 9112).

h11 knows the protocol; this module owns the socket. The request is written at once and the answer read while it leaves,
so a server that refuses early is heard. More than the limits allow is not read: the answer counts as ``truncated`` and
the connection is not used again. What a server says unasked, on a connection at rest, makes the connection unusable: else it
would be taken for the answer to the next request.

Known sharp edges: *left* means that the kernel took the last byte, which is more than that the server has it. Content codings
are not asked for and not undone.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import h11

from posthouse.model.http import HttpRequest, HttpResponse, NoAnswer, NoAnswerReason, Url
from posthouse.net.http.limits import HttpLimits
from posthouse.net.smtp.tls import describe_session

_HIGH: Final = 128 * 1024
_MOST_INTERIM: Final = 8


class HttpWire(asyncio.Protocol):
    """Bytes as they come; reading rests while nobody takes them."""

    def __init__(self) -> None:
        """Not connected yet."""
        self.transport: Any = None
        self.ended = False
        self.heard = 0
        self.written = True
        self._buffer = bytearray()
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's; from here on it says when bytes wait that the kernel has not taken, and when none do."""
        self.transport = transport
        self.transport.set_write_buffer_limits(high=0)

    def pause_writing(self) -> None:
        """Asyncio's."""
        self.written = False

    def resume_writing(self) -> None:
        """Asyncio's."""
        self.written = True

    def data_received(self, data: bytes) -> None:
        """Asyncio's."""
        self._buffer += data
        self.heard += len(data)
        if len(self._buffer) > _HIGH:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Asyncio's; the transport closes itself."""
        self.ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - whatever it was, it has ended
        """Asyncio's."""
        self.ended = True
        self._wake()

    async def read(self) -> bytes:
        """What has arrived; empty at the end."""
        while not self._buffer and not self.ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        data = bytes(self._buffer)
        if len(self._buffer) > _HIGH and not self.transport.is_closing():
            self.transport.resume_reading()
        self._buffer.clear()
        return data

    @property
    def at_rest(self) -> bool:
        """Whether the next byte to come can only be the answer to the next request."""
        return not self.ended and not self._buffer and not self.transport.is_closing()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class HttpConnection:
    """A connection to one origin. ``since``: when it came to rest, in monotonic seconds."""

    def __init__(self, wire: HttpWire, url: Url, address: str, agent: str, limits: HttpLimits) -> None:
        """``wire`` is connected (and encrypted, where the origin is)."""
        self.wire = wire
        self.address = address
        self.tls = describe_session(wire.transport.get_extra_info("ssl_object"))
        self.since = 0.0
        self._host = url.authority
        self._agent = agent
        self._limits = limits
        self._served = 0
        self._over = False
        self._talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.head)

    async def ask(self, url: Url, request: HttpRequest) -> HttpResponse | NoAnswer:
        """The answer to one request; without a time limit of its own."""
        self.wire.heard = 0
        self._served += 1
        try:
            self.wire.transport.write(self._written(url, request))
            return await self._answer()
        except h11.LocalProtocolError as fault:
            return NoAnswer(trouble=NoAnswerReason.PROTOCOL, text=f"the request cannot be written: {fault}", address=self.address)
        except h11.RemoteProtocolError as fault:
            if self._over:
                return self._lost(NoAnswerReason.LOST, "the connection was closed before the answer was whole")
            return self._lost(NoAnswerReason.PROTOCOL, _said(fault))

    @property
    def left(self) -> bool:
        """Whether nothing of the request waits here any more."""
        return self._served > 0 and self.wire.written

    def rest(self) -> bool:
        """Make ready for the next request; False where this was the last."""
        if (
            self._served >= self._limits.requests
            or self._talk.our_state is not h11.DONE
            or self._talk.their_state is not h11.DONE
        ):
            return False
        if self._talk.trailing_data[0]:  # said unasked
            return False
        self._talk.start_next_cycle()
        return self.wire.at_rest

    def abort(self) -> None:
        """Close without a word."""
        self.wire.transport.abort()

    def _written(self, url: Url, request: HttpRequest) -> bytes:
        own = [("Host", self._host), ("User-Agent", self._agent), ("Accept-Encoding", "identity")]
        length = [("Content-Length", str(len(request.body)))] if request.body or request.method not in ("GET", "HEAD") else []
        head = h11.Request(method=request.method, target=url.target, headers=[*own, *request.headers, *length])
        parts = [self._talk.send(head), self._talk.send(h11.Data(data=request.body)), self._talk.send(h11.EndOfMessage())]
        return b"".join(part for part in parts if part)

    async def _answer(self) -> HttpResponse | NoAnswer:
        head, interim = None, 0
        body = bytearray()
        while True:
            event = self._talk.next_event()
            if event is h11.NEED_DATA:
                self._talk.receive_data(await self._more())
            elif isinstance(event, h11.InformationalResponse):
                interim += 1
                if interim > _MOST_INTERIM:
                    return self._lost(NoAnswerReason.PROTOCOL, "it says only that it will answer")
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data) and head is not None:
                body += event.data
                if len(body) > self._limits.body:
                    return self._found(head, body)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return self._found(head, body)
            else:
                return self._lost(NoAnswerReason.LOST, "the connection was closed before an answer came")

    async def _more(self) -> bytes:
        """What h11 is given; an empty string once, at the end."""
        data = await self.wire.read()
        self._over = not data
        return data

    def _found(self, head: h11.Response, body: bytearray) -> HttpResponse:
        return HttpResponse(
            status=head.status_code, headers=_plain(head.headers), body=bytes(body[: self._limits.body]),
            truncated=len(body) > self._limits.body, address=self.address, tls=self.tls,
        )  # fmt: skip

    def _lost(self, error: NoAnswerReason, text: str) -> NoAnswer:
        return NoAnswer(trouble=error, text=text, left=self.left, address=self.address)


def _plain(headers: Sequence[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _said(fault: h11.RemoteProtocolError) -> str:
    """h11 tells by its hint what of the answer was too much; its other words are about the server's bytes."""
    too_large = fault.error_status_hint == 431
    return "the answer's header is too large" if too_large else f"the answer is no HTTP/1.1: {str(fault)[:120]}"
