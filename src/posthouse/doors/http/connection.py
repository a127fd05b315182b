"""One HTTP connection: uvicorn's protocol with bounds on heads, on waiting, and on how many there are.

uvicorn and httptools bound neither a head, a trailer nor a silent client. What breaks a bound never meets the application: a head
past 64 KB or 100 fields is answered 431 (RFC 6585 5) without a body. A connection is closed that brings no complete head within
15 s, no byte of a body for 30 s, no next request within 75 s, or takes nothing of its response for 60 s. One whose request is
complete and being answered has no time limit here.

The server calls ``close_if_overdue`` about once a second; there is no timer per request.
"""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any, Final

import msgspec
from httptools import HttpParserError
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from posthouse.doors.connections.proxies import TrustedProxies
from posthouse.doors.connections.record import ConnectionRecord
from posthouse.doors.connections.slots import ListenerSlots
from posthouse.doors.http.problem import MEDIA_TYPE, problem
from posthouse.model.send_request import Rejection

HEAD_BYTES: Final = 64 * 1024
HEAD_FIELDS: Final = 100
HEAD_SECONDS: Final = 15.0
NEXT_REQUEST_SECONDS: Final = 75.0
BODY_SILENCE_SECONDS: Final = 30.0
UNREAD_SECONDS: Final = 60.0
_LINGER_SECONDS: Final = 2.0  # how long a refused client may go on sending before its connection is reset
_LINGER_BYTES: Final = 1 << 20
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_NO_HTTP: Final = Rejection("invalid_json", "This is no HTTP/1.1 request; nothing of it was read.")


class ConnectionRules(msgspec.Struct, frozen=True):
    """What the connections of one listener share. ``request_id`` makes the id of a response to what is no request."""

    slots: ListenerSlots["ServedConnection"]
    record: ConnectionRecord
    proxies: TrustedProxies
    request_id: Callable[[], str]


class ServedConnection(HttpToolsProtocol):
    """Made by uvicorn for each connection, through ``functools.partial`` with the rules."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        rules: ConnectionRules,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._rules = rules
        self._peer = ""
        self._is_proxy = False
        self._deadline = inf  # of the loop's clock
        self._overdue = ""  # the reason to count when the deadline has passed
        self._is_between = True  # no byte of a next request has come
        self._in_head = False
        self._has_moved = False  # this call brought a byte of a body or the end of a request
        self._unframed = 0  # bytes since the head began, or since the last byte of the body
        self._is_too_large = False
        self._is_refused = False
        self._unread_bytes = 0
        self._unread_until = inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a slot, or close at once."""
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        self._is_proxy = self._rules.proxies.trusts(self._peer)
        decision = self._rules.slots.open(self, None if self._is_proxy else self._peer)
        if decision.evicted is not None:
            decision.evicted.cut("evicted")
        if decision.refused is not None:
            self.cut(decision.refused.value)
            return
        self._wait(HEAD_SECONDS, "no_head")

    def connection_lost(self, exc: Exception | None) -> None:
        """Free the slot."""
        self._rules.slots.close(self)
        super().connection_lost(exc)

    def cut(self, reason: str) -> None:
        """Close without a word, and count it."""
        self._rules.record.count(reason, self._peer)
        self._rules.slots.close(self)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Bound what the parser is fed."""
        if self._is_refused:
            self._linger(len(data))
            return
        was_between, self._has_moved = self._is_between, False
        self._unframed += len(data)
        super().data_received(data)
        if self._has_moved:
            self._unframed = 0
        if self._is_between or self._is_refused:
            return
        if self._in_head:
            if (was_between or self._has_moved) and not self._is_answering():
                self._wait(HEAD_SECONDS, "no_head")
        elif self._has_moved and not self.pipeline:
            self._wait(BODY_SILENCE_SECONDS, "silent_body")
        if self._unframed > HEAD_BYTES or len(self.headers) > HEAD_FIELDS:
            self._is_too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """A head begins."""
        self._is_between, self._in_head = False, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole: check its size, find the peer, start the application."""
        headers = self.headers
        if len(headers) > HEAD_FIELDS or (self._unframed > HEAD_BYTES and _size(self.url, headers) > HEAD_BYTES):
            self._is_too_large = True
            raise HttpParserError
        self._in_head, self._has_moved = False, True
        self.headers = []  # of a trailer, which nobody sees (RFC 9110 6.5.1)
        if self._is_proxy and self.client is not None:
            forwarded = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
            self.scope["client"] = (self._rules.proxies.peer(self._peer, forwarded), 0 if forwarded else self.client[1])
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Progress."""
        self._has_moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Nothing more is waited for: the rest is ours to do."""
        self._has_moved = self._is_between = True
        super().on_message_complete()
        if self.cycle.response_complete:
            self._wait(NEXT_REQUEST_SECONDS, "")
        else:
            self._deadline = inf
            self._rules.slots.busy(self)

    def on_response_complete(self) -> None:
        """As uvicorn's, without a timer per request."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            if not self._is_between:
                self._wait(BODY_SILENCE_SECONDS, "silent_body")
        elif self._is_between:
            self._wait(NEXT_REQUEST_SECONDS, "")
        elif self._in_head:
            self._wait(HEAD_SECONDS, "no_head")

    def close_if_overdue(self, now: float) -> None:
        """Close where the client kept us waiting too long. ``now``: the loop's clock."""
        unread = self.transport.get_write_buffer_size()
        if not unread:
            self._unread_until = inf
        elif self._unread_until == inf or unread < self._unread_bytes:
            self._unread_until = now + UNREAD_SECONDS
        self._unread_bytes = unread
        if self.flow.read_paused and self._deadline != inf and not self._is_refused:
            self._deadline = now + BODY_SILENCE_SECONDS  # it is we who do not read
        if now >= self._unread_until:
            self.cut("unread_response")
        elif now >= self._deadline and not self.transport.is_closing():
            self._end_waiting(unread)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text, which ours replaces
        """The last response of the connection, whose next byte could be anything (RFC 9112 9.3). It is left out where another
        response is being written.
        """
        if self._is_answering():
            if self.pipeline or self.cycle.response_started:
                self.cut("broken_request")
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._is_refused = True
        if self._is_too_large:
            self._rules.record.count("head_too_large", self._peer)
        self._rules.slots.idle(self)
        self.transport.write(_TOO_LARGE if self._is_too_large else self._no_http())
        self.transport.write_eof()
        self._unframed = 0
        self._deadline, self._overdue = self.loop.time() + _LINGER_SECONDS, ""

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _no_http(self) -> bytes:
        body = msgspec.json.encode(problem(_NO_HTTP))
        head = (
            f"HTTP/1.1 400 Bad Request\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
            f"Request-Id: {self._rules.request_id()}\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + body

    def _linger(self, count: int) -> None:
        """A client that is still sending would lose our response to a reset; it may, for a while, and nothing is kept."""
        self._unframed += count
        if self._unframed > _LINGER_BYTES:
            self.transport.abort()

    def _wait(self, seconds: float, reason: str) -> None:
        self._deadline, self._overdue = self.loop.time() + seconds, reason
        self._rules.slots.idle(self)

    def _end_waiting(self, unread: int) -> None:
        if self._overdue:
            self.cut(self._overdue)
        elif unread or self._is_refused:
            self.transport.abort()
        else:
            self.transport.close()


def _size(url: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    """Bytes of a head, as it was sent but for optional spaces."""
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)
