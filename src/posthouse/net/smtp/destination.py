"""One destination: the queue of parcels for it, and the connections that serve the queue.

Theory of operation. A parcel joins the queue; an idle connection takes it at once, else a new one is opened, as far as
``net.smtp.growth`` allows and the transport has a slot left. Connections pull (see ``net.smtp.connection``), so
the queue is served in order.

A session that ends under a parcel that was not its first says nothing about the parcel: it goes back to the
front of the queue, twice at most. Under its first parcel the host is at fault, and the parcel is taken to the next
candidate.

Known sharp edges: a destination is a domain (or a relay), not the set of hosts behind it; two domains with the
same MX hosts have a limit each. What cannot be opened while other connections serve fails no parcel.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Final

import msgspec

from posthouse.mail.smtp.handshake import SessionEnded
from posthouse.mail.smtp.reply import queue_id
from posthouse.model.attempt import Attempt
from posthouse.model.clock import Clock
from posthouse.model.content import Parcel
from posthouse.model.outcome import AttemptStage, Delivered, Diagnosis, Outcome, Reason, Scope, Withheld
from posthouse.net.smtp.classifier import OutcomeClassifier
from posthouse.net.smtp.connection import SmtpConnection
from posthouse.net.smtp.dial import Dialler, NotOpened, classify_end
from posthouse.net.smtp.growth import ConcurrencyWindow, ConnectionSlots
from posthouse.net.smtp.limits import TransportLimits
from posthouse.net.smtp.pool import Candidate, PooledConnection, QueuedParcel

_MOST_REQUEUES: Final = 2
_BEHIND_ANOTHER: Final = frozenset({AttemptStage.DOT, AttemptStage.BODY})

FindCandidates = Callable[[], Awaitable[tuple[Candidate, ...] | Outcome]]


class DestinationParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the destinations of a transport share. ``relay``: they are hosts of our own route, whose failures are ``Refused``."""

    adapter: str
    limits: TransportLimits
    clock: Clock
    slots: ConnectionSlots
    classifier: OutcomeClassifier
    relay: bool


class Destination:
    """A destination; the pool of its connections (``net.smtp.pool.ConnectionPool``)."""

    def __init__(self, parts: DestinationParts, find: FindCandidates, dialler: Dialler) -> None:
        """``find`` says where a new connection may go, in order, or why nowhere."""
        self.relay = parts.relay
        self.classifier = parts.classifier
        self._adapter = parts.adapter
        self._limits = parts.limits
        self._clock = parts.clock
        self._slots = parts.slots
        self._find = find
        self._dialler = dialler
        self._window = ConcurrencyWindow(parts.limits.connections)
        self._queue: deque[QueuedParcel] = deque()
        self._under_way = 0
        self._connections: dict[PooledConnection, None] = {}
        self._idle: dict[PooledConnection, None] = {}
        self._sockets: set[PooledConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = 0
        self._closing = False
        self._no_sockets = asyncio.Event()

    # --- for the transport ---

    async def send(self, parcel: Parcel) -> Attempt:
        """One attempt; it may wait in the queue first."""
        queued = QueuedParcel(
            parcel=parcel,
            attempt=asyncio.get_running_loop().create_future(),
            started_at=self._clock.now(),
            began=self._clock.monotonic(),
        )
        self._under_way += 1
        if self._closing:
            self.withhold(queued)
        else:
            self._queue.append(queued)
            self.serve()
        try:
            return await queued.attempt
        finally:
            self._under_way -= 1

    def capacity(self) -> int:
        """How many more may start now."""
        if self._closing or self._window.is_paused(self._clock.monotonic()):
            return 0
        return max(0, self._window.limit * self._limits.depth - self._under_way)

    @property
    def is_forgettable(self) -> bool:
        """Nothing is under way, and nothing was learned that is worth keeping."""
        busy = self._sockets or self._tasks or self._under_way
        return not busy and self._window.is_initial(self._clock.monotonic())

    def serve(self) -> None:
        """Give the queue to idle connections; open more where that is not enough."""
        while self._queue and self._idle:
            connection, _ = self._idle.popitem()
            self._slots.remove_idle(connection)
            connection.serve()
        if self._queue and not self._closing:
            self._grow()

    async def close(self, grace: timedelta) -> None:
        """Start nothing; wait for what is under way; cut off what is left."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._queue:
            self.withhold(self._queue.popleft())
        for connection in tuple(self._idle):
            connection.quit()
        await self._wait_until_closed(grace)
        for connection in tuple(self._sockets):
            connection.abort()
        await self._wait_until_closed(self._limits.quit)

    # --- for connections (net.smtp.pool.ConnectionPool) ---

    def next_parcel(self) -> QueuedParcel | None:
        """The next parcel whose attempt is still awaited."""
        while self._queue:
            parcel = self._queue.popleft()
            if not parcel.attempt.done():
                return parcel
        return None

    def has_too_many(self) -> bool:
        """Whether the limit fell below what is open, others need a slot, or all is ending."""
        limit = 1 if self._slots.contended else self._window.limit
        return self._closing or len(self._connections) > limit

    def socket_opened(self, connection: PooledConnection) -> None:
        """A socket is open."""
        self._sockets.add(connection)

    def became_idle(self, connection: PooledConnection) -> None:
        """Keep it for the next parcel."""
        self._idle[connection] = None
        self._slots.add_idle(connection)

    def finish(self, connection: PooledConnection, parcel: QueuedParcel, outcome: Outcome) -> None:
        """A parcel has its outcome; an accepted one earns back what *too many* had cost."""
        self._finish(parcel, outcome, connection.tls, connection.host)
        if isinstance(outcome, Delivered):
            self._window.record_delivered()
        if self._queue:
            self._grow()

    def withhold(self, parcel: QueuedParcel) -> None:
        """Nothing was sent: too late, or not ours to send any more."""
        reason = Reason.EXPIRED if self._clock.now() >= parcel.parcel.expires_at else Reason.WORKER_LOST
        self._finish(parcel, Withheld(Diagnosis(reason=reason, scope=Scope.US, stage=AttemptStage.DATA)))

    def session_ended(self, connection: PooledConnection, parcel: QueuedParcel, ended: SessionEnded) -> None:
        """In doubt where the body may have left; else back to the queue, or on to the next host."""
        if parcel.body_left:
            stage = ended.stage if ended.stage in _BEHIND_ANOTHER else AttemptStage.DOT
            outcome = self.classifier.no_answer(stage, ended.reason, ended.text, relay=self.relay, left=True)
            self._finish(parcel, outcome, connection.tls, connection.host)
        elif self._closing:
            self.withhold(parcel)
        elif connection.transactions and parcel.requeues < _MOST_REQUEUES:
            parcel.requeues += 1
            self._queue.appendleft(parcel)
            self.serve()
        else:
            self._try_elsewhere(connection, parcel, ended)

    def retire(self, connection: PooledConnection) -> None:
        """It takes no more work."""
        self._idle.pop(connection, None)
        self._slots.remove_idle(connection)
        if connection in self._connections:
            del self._connections[connection]
            self._slots.release()
            self.serve()

    def socket_closed(self, connection: PooledConnection) -> None:
        """Its socket is closed."""
        self._sockets.discard(connection)
        if not self._sockets:
            self._no_sockets.set()

    # --- opening connections ---

    def _grow(self) -> None:
        """Open what the queue needs and the window and the slots allow."""
        wanted = self._window.to_open(waiting=len(self._queue), connections=len(self._connections), opening=self._opening)
        for _ in range(wanted):
            if not self._slots.acquire(self.serve):
                return
            self._opening += 1
            self._start(self._open(self._clock.monotonic()))

    async def _open(self, began: float) -> None:
        result: SmtpConnection | NotOpened = NotOpened(
            self.classifier.no_answer(AttemptStage.CONNECT, Reason.UNKNOWN, relay=self.relay)
        )
        try:
            result = await self._dial(frozenset(), self._limits.session.total_seconds())
        finally:
            self._opening -= 1
            if isinstance(result, SmtpConnection):
                self._admit(result, None)
            else:
                self._slots.release()
                self._fail_queue(result, began)

    async def _dial(self, tried: frozenset[Candidate], seconds: float) -> SmtpConnection | NotOpened:
        found = await self._find()
        if not isinstance(found, tuple):
            return NotOpened(found)
        return await self._dialler.dial([candidate for candidate in found if candidate not in tried], self, seconds)

    def _admit(self, connection: SmtpConnection, parcel: QueuedParcel | None) -> None:
        self._connections[connection] = None
        self._window.record_connected()
        connection.serve(parcel)
        self.serve()

    def _fail_queue(self, failure: NotOpened, began: float) -> None:
        """Where nothing else serves the queue, every parcel in it has this outcome."""
        now = self._clock.monotonic()
        if failure.is_too_many():
            self._window.record_too_many(began, now)
        if self._connections or self._opening or self._closing:
            return
        if not self.relay:
            self._window.record_unreachable(now)
        queue, self._queue = self._queue, deque()
        for parcel in queue:
            self._finish(parcel, failure.outcome, "", failure.host)

    # --- a host that failed under its first parcel ---

    def _try_elsewhere(self, connection: PooledConnection, parcel: QueuedParcel, ended: SessionEnded) -> None:
        """Try the hosts that are left, with this parcel."""
        parcel.tried.add(connection.candidate)
        if ended.stage in _BEHIND_ANOTHER:
            ended = SessionEnded(AttemptStage.MAIL, ended.reply, ended.reason, ended.text)
        if parcel.failure is None:
            parcel.failure = classify_end(ended, connection.candidate, self)
        if asyncio.get_running_loop().time() < parcel.deadline and self._slots.acquire(self.serve):
            self._start(self._rescue(parcel, parcel.failure, connection.host))
        else:
            self._finish(parcel, parcel.failure, connection.tls, connection.host)

    async def _rescue(self, parcel: QueuedParcel, failure: Outcome, host: str) -> None:
        connection: SmtpConnection | None = None
        try:
            left = parcel.deadline - asyncio.get_running_loop().time()
            result = await self._dial(frozenset(parcel.tried), left)
            connection = result if isinstance(result, SmtpConnection) else None
        finally:
            if connection is not None:
                self._admit(connection, parcel)
            else:
                self._slots.release()
                if self._closing:
                    self.withhold(parcel)
                self._finish(parcel, failure, "", host)

    # --- inside ---

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _finish(self, parcel: QueuedParcel, outcome: Outcome | Withheld, tls: str = "", host: str = "") -> None:
        """The sender gets its attempt; none awaits a parcel that was given up."""
        if parcel.attempt.done():
            return
        parcel.attempt.set_result(
            Attempt(
                outcome=outcome,
                adapter=self._adapter,
                started_at=parcel.started_at,
                duration_ms=(self._clock.monotonic() - parcel.began) * 1000,
                host=host,
                remote_id=queue_id(outcome.diagnosis.reply) if isinstance(outcome, Delivered) else "",
                tls=tls,
            )
        )

    async def _wait_until_closed(self, grace: timedelta) -> None:
        """Until no socket is open, but no longer than ``grace``."""
        self._no_sockets.clear()
        if self._sockets:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace.total_seconds()):
                    await self._no_sockets.wait()
