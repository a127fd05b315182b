"""One HTTP/1.1 connection to an address that was checked before: a request out, one bounded response in (RFC 9112).

h11 knows the protocol; this module owns the socket. The request is written at once and the response read while it leaves,
so that an early refusal is read. More than the limits allow is not read: the response counts as ``truncated`` and
the connection is not used again. Bytes that arrive on an idle connection make it unusable: they would be taken for the
response to the next request.

Known sharp edges: ``fully_sent`` means that the kernel took the last byte, not that the server has it. Content codings
are neither requested nor decoded.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import h11

from posthouse.model.http import HttpRequest, HttpResponse, NoAnswer, NoAnswerReason, Url
from posthouse.net.http.limits import HttpLimits
from posthouse.net.smtp.tls import describe_session

_HIGH_WATER: Final = 128 * 1024
_MAX_INTERIM: Final = 8


class HttpWire(asyncio.Protocol):
    """Bytes as they arrive; reading pauses while nothing reads them from here."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.ended = False
        self.received = 0
        self.written = True
        self._buffer = bytearray()
        self._waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's."""
        self.transport = transport
        # With a limit of zero asyncio reports by ``pause_writing`` whenever the kernel has not taken everything yet.
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
        self.received += len(data)
        if len(self._buffer) > _HIGH_WATER:
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
        """The bytes that have arrived; empty at the end."""
        while not self._buffer and not self.ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        data = bytes(self._buffer)
        if len(self._buffer) > _HIGH_WATER and not self.transport.is_closing():
            self.transport.resume_reading()
        self._buffer.clear()
        return data

    @property
    def is_idle(self) -> bool:
        """Whether the next byte to arrive can only belong to the response to the next request."""
        return not self.ended and not self._buffer and not self.transport.is_closing()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class HttpConnection:
    """A connection to one origin. ``idle_since``: in monotonic seconds."""

    def __init__(self, wire: HttpWire, url: Url, address: str, agent: str, limits: HttpLimits) -> None:
        """``wire`` is connected (and encrypted, where the origin is)."""
        self.wire = wire
        self.address = address
        self.tls = describe_session(wire.transport.get_extra_info("ssl_object"))
        self.idle_since = 0.0
        self._host = url.authority
        self._agent = agent
        self._limits = limits
        self._requests = 0
        self._ended = False
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.head)

    async def ask(self, url: Url, request: HttpRequest) -> HttpResponse | NoAnswer:
        """The response to one request; without a time limit of its own."""
        self.wire.received = 0
        self._requests += 1
        try:
            self.wire.transport.write(self._request(url, request))
            return await self._answer()
        except h11.LocalProtocolError as fault:
            return NoAnswer(reason=NoAnswerReason.PROTOCOL, text=f"the request cannot be written: {fault}", address=self.address)
        except h11.RemoteProtocolError as fault:
            if self._ended:
                return self._no_answer(NoAnswerReason.LOST, "the connection was closed before the answer was whole")
            return self._no_answer(NoAnswerReason.PROTOCOL, _describe(fault))

    @property
    def fully_sent(self) -> bool:
        """Whether the kernel has taken the whole request."""
        return self._requests > 0 and self.wire.written

    def make_idle(self) -> bool:
        """Prepare for the next request; False where this was the last."""
        if (
            self._requests >= self._limits.requests
            or self._protocol.our_state is not h11.DONE
            or self._protocol.their_state is not h11.DONE
        ):
            return False
        if self._protocol.trailing_data[0]:  # sent without a request
            return False
        self._protocol.start_next_cycle()
        return self.wire.is_idle

    def abort(self) -> None:
        """Close at once."""
        self.wire.transport.abort()

    def _request(self, url: Url, request: HttpRequest) -> bytes:
        own = [("Host", self._host), ("User-Agent", self._agent), ("Accept-Encoding", "identity")]
        length = [("Content-Length", str(len(request.body)))] if request.body or request.method not in ("GET", "HEAD") else []
        head = h11.Request(method=request.method, target=url.target, headers=[*own, *request.headers, *length])
        parts = [
            self._protocol.send(head),
            self._protocol.send(h11.Data(data=request.body)),
            self._protocol.send(h11.EndOfMessage()),
        ]
        return b"".join(part for part in parts if part)

    async def _answer(self) -> HttpResponse | NoAnswer:
        head, interim = None, 0
        body = bytearray()
        while True:
            event = self._protocol.next_event()
            if event is h11.NEED_DATA:
                self._protocol.receive_data(await self._more())
            elif isinstance(event, h11.InformationalResponse):
                interim += 1
                if interim > _MAX_INTERIM:
                    return self._no_answer(NoAnswerReason.PROTOCOL, "it says only that it will answer")
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data) and head is not None:
                body += event.data
                if len(body) > self._limits.body:
                    return self._response(head, body)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return self._response(head, body)
            else:
                return self._no_answer(NoAnswerReason.LOST, "the connection was closed before an answer came")

    async def _more(self) -> bytes:
        """Bytes for h11; an empty string once, at the end."""
        data = await self.wire.read()
        self._ended = not data
        return data

    def _response(self, head: h11.Response, body: bytearray) -> HttpResponse:
        return HttpResponse(
            status=head.status_code,
            headers=_plain(head.headers),
            body=bytes(body[: self._limits.body]),
            truncated=len(body) > self._limits.body,
            address=self.address,
            tls=self.tls,
        )

    def _no_answer(self, reason: NoAnswerReason, text: str) -> NoAnswer:
        return NoAnswer(reason=reason, text=text, fully_sent=self.fully_sent, address=self.address)


def _plain(headers: Sequence[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _describe(fault: h11.RemoteProtocolError) -> str:
    """h11's status hint tells a header that is too large from a response that is malformed."""
    too_large = fault.error_status_hint == 431
    return "the answer's header is too large" if too_large else f"the answer is no HTTP/1.1: {str(fault)[:120]}"
