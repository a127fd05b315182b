"""One destination: the line of deliveries that wait for it, and the connections that serve the line.

Theory of operation. An errand joins the line; an idle connection takes it at once, else a new one is opened, as long as
the line is longer than what is being opened, the destination's limit is not reached and the transport has a socket left.
Growth is slow at first (two connections, then at most double those that were welcomed), so that a receiver is
never met by twenty at once. Connections pull (see ``net.smtp.connection``), so the line is served in order.

A session that ends under an errand that was not its first says nothing about the errand: it goes back to the
front of the line, twice at most. Under its first errand the host is at fault, and the errand is taken to the next
candidate.

Known sharp edges: a destination is a domain (or a relay), not the set of hosts behind it; two domains with the
same MX hosts have a limit each. What cannot be opened while other connections serve fails nobody.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Final

from posthouse.mail.smtp.handshake import SessionEnded
from posthouse.mail.smtp.reply import queue_id
from posthouse.model.attempt import Attempt
from posthouse.model.clock import Clock
from posthouse.model.content import Parcel
from posthouse.model.outcome import AttemptStage, Delivered, Diagnosis, Outcome, Reason, Scope, Withheld
from posthouse.net.smtp.concurrency_window import ConcurrencyWindow
from posthouse.net.smtp.connection import SmtpConnection
from posthouse.net.smtp.connection_slots import ConnectionSlots
from posthouse.net.smtp.dial import Dialler, NotOpened, judge
from posthouse.net.smtp.limits import TransportLimits
from posthouse.net.smtp.pool import Candidate, PooledConnection, QueuedParcel
from posthouse.policy.deliver import classify

_FIRST: Final = 2
_MOST_RETURNS: Final = 2
_BEHIND_ANOTHER: Final = frozenset({AttemptStage.DOT, AttemptStage.BODY})

Find = Callable[[], Awaitable[tuple[Candidate, ...] | Outcome]]


class Destination:
    """A destination; the pool of its connections. ``relay``: a host of our own route, whose trouble is ``Refused``."""

    def __init__(
        self,
        adapter: str,
        find: Find,
        dialler: Dialler,
        limits: TransportLimits,
        clock: Clock,
        berths: ConnectionSlots,
        *,
        relay: bool,
    ) -> None:
        """``find`` says where a new connection may go, in order, or why nowhere."""
        self.relay = relay
        self._adapter = adapter
        self._find = find
        self._dialler = dialler
        self._limits = limits
        self._clock = clock
        self._berths = berths
        self._line: deque[QueuedParcel] = deque()
        self._under_way = 0
        self._connections: dict[PooledConnection, None] = {}
        self._idle: dict[PooledConnection, None] = {}
        self._sockets: set[PooledConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = 0
        self._allowance = ConcurrencyWindow(limits.connections)
        self._closing = False
        self._empty = asyncio.Event()

    # --- for the transport ---

    async def send(self, parcel: Parcel) -> Attempt:
        """One try; it may wait in the line first."""
        errand = QueuedParcel(parcel, asyncio.get_running_loop().create_future(), self._clock.now(), self._clock.monotonic())
        self._under_way += 1
        if self._closing:
            self.withheld(None, errand)
        else:
            self._line.append(errand)
            self.work()
        try:
            return await errand.answer
        finally:
            self._under_way -= 1

    def room(self) -> int:
        """How many more may start now."""
        if self._closing or self._allowance.paused(self._clock.monotonic()):
            return 0
        return max(0, self._allowance.limit * self._limits.depth - self._under_way)

    @property
    def quiet(self) -> bool:
        """Nothing is under way, and nothing was learned that is worth keeping."""
        busy = self._sockets or self._tasks or self._under_way
        return not busy and self._allowance.forgettable(self._clock.monotonic())

    def work(self) -> None:
        """Give the line to idle connections; open more where that is not enough."""
        while self._line and self._idle:
            connection, _ = self._idle.popitem()
            self._berths.busy(connection)
            connection.serve()
        if self._line and not self._closing:
            self._grow()

    async def close(self, grace: timedelta) -> None:
        """Start nothing; wait for what is under way; cut off what is left."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        while self._line:
            self.withheld(None, self._line.popleft())
        for connection in tuple(self._idle):
            connection.quit()
        await self._emptied(grace)
        for connection in tuple(self._sockets):
            connection.abort()
        await self._emptied(self._limits.quit)

    # --- for connections (net.smtp.pool.Pool) ---

    def take(self) -> QueuedParcel | None:
        """The next errand that somebody still waits for."""
        while self._line:
            errand = self._line.popleft()
            if not errand.answer.done():
                return errand
        return None

    def crowded(self) -> bool:
        """Whether the limit fell below what is open, others need a place, or all is ending."""
        limit = 1 if self._berths.wanted else self._allowance.limit
        return self._closing or len(self._connections) > limit

    def made(self, connection: PooledConnection) -> None:
        """A socket is open."""
        self._sockets.add(connection)

    def idle(self, connection: PooledConnection) -> None:
        """Keep it for the next."""
        self._idle[connection] = None
        self._berths.idle(connection)

    def settle(self, connection: PooledConnection, errand: QueuedParcel, outcome: Outcome) -> None:
        """An errand is done; a good answer earns back what *too many* had cost."""
        self._finish(errand, outcome, connection.tls, str(connection.candidate))
        if isinstance(outcome, Delivered):
            self._allowance.good()
        if self._line:
            self._grow()

    def withheld(self, _connection: PooledConnection | None, errand: QueuedParcel) -> None:
        """Nothing was sent: too late, or not ours to send any more."""
        reason = Reason.EXPIRED if self._clock.now() >= errand.parcel.expires_at else Reason.WORKER_LOST
        self._finish(errand, Withheld(Diagnosis(reason=reason, scope=Scope.US, stage=AttemptStage.DATA)))

    def lost(self, connection: PooledConnection, errand: QueuedParcel, ended: SessionEnded) -> None:
        """In doubt where the body may have left; else back to the line, or on to the next host."""
        if errand.left:
            stage = ended.stage if ended.stage in _BEHIND_ANOTHER else AttemptStage.DOT
            outcome = classify.no_answer(stage, ended.reason, ended.text, relay=self.relay, left=True)
            self._finish(errand, outcome, connection.tls, str(connection.candidate))
        elif self._closing:
            self.withheld(connection, errand)
        elif connection.served and errand.returns < _MOST_RETURNS:
            errand.returns += 1
            self._line.appendleft(errand)
            self.work()
        else:
            self._elsewhere(connection, errand, ended)

    def gone(self, connection: PooledConnection) -> None:
        """It takes no more work."""
        self._idle.pop(connection, None)
        self._berths.busy(connection)
        if connection in self._connections:
            del self._connections[connection]
            self._berths.give()
            self.work()

    def closed(self, connection: PooledConnection) -> None:
        """Its socket is closed."""
        self._sockets.discard(connection)
        if not self._sockets:
            self._empty.set()

    # --- inside ---

    def _grow(self) -> None:
        """Open what the line needs and the limits allow."""
        open_now = len(self._connections) + self._opening
        if open_now >= self._allowance.limit:
            return
        window = max(_FIRST, 2 * len(self._connections))
        for _ in range(min(len(self._line) - self._opening, min(self._allowance.limit, window) - open_now)):
            if not self._berths.take(self.work):
                return
            self._opening += 1
            self._start(self._open(self._clock.monotonic()))

    async def _open(self, began: float) -> None:
        result: SmtpConnection | NotOpened = NotOpened(classify.no_answer(AttemptStage.CONNECT, Reason.UNKNOWN, relay=self.relay))
        try:
            result = await self._dial(frozenset(), self._limits.session.total_seconds())
        finally:
            self._opening -= 1
            if isinstance(result, SmtpConnection):
                self._admit(result, None)
            else:
                self._berths.give()
                self._not_opened(result, began)

    async def _dial(self, but: frozenset[Candidate], seconds: float) -> SmtpConnection | NotOpened:
        found = await self._find()
        if not isinstance(found, tuple):
            return NotOpened(found)
        return await self._dialler.dial([candidate for candidate in found if candidate not in but], self, seconds)

    def _admit(self, connection: SmtpConnection, errand: QueuedParcel | None) -> None:
        self._connections[connection] = None
        self._allowance.opened()
        connection.serve(errand)
        self.work()

    def _not_opened(self, error: NotOpened, began: float) -> None:
        """Where nothing else serves the line, the whole line has this answer."""
        now = self._clock.monotonic()
        if error.too_many():
            self._allowance.too_many(began, now)
        if self._connections or self._opening or self._closing:
            return
        if not self.relay:
            self._allowance.unreachable(now)
        line, self._line = self._line, deque()
        for errand in line:
            self._finish(errand, error.outcome, "", error.host)

    def _elsewhere(self, connection: PooledConnection, errand: QueuedParcel, ended: SessionEnded) -> None:
        """The host failed under its first errand: try the hosts that are left, with this errand."""
        errand.tried.add(connection.candidate)
        if ended.stage in _BEHIND_ANOTHER:
            ended = SessionEnded(AttemptStage.MAIL, ended.reply, ended.reason, ended.text)
        if errand.trouble is None:
            errand.trouble = judge(ended, connection.candidate, relay=self.relay)
        if asyncio.get_running_loop().time() < errand.until and self._berths.take(self.work):
            self._start(self._rescue(errand, errand.trouble, str(connection.candidate)))
        else:
            self._finish(errand, errand.trouble, connection.tls, str(connection.candidate))

    async def _rescue(self, errand: QueuedParcel, error: Outcome, host: str) -> None:
        result: SmtpConnection | None = None
        try:
            left = errand.until - asyncio.get_running_loop().time()
            dialled = await self._dial(frozenset(errand.tried), left)
            result = dialled if isinstance(dialled, SmtpConnection) else None
        finally:
            if result is not None:
                self._admit(result, errand)
            else:
                self._berths.give()
                if self._closing:
                    self.withheld(None, errand)
                self._finish(errand, error, "", host)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _finish(self, errand: QueuedParcel, outcome: Outcome | Withheld, tls: str = "", host: str = "") -> None:
        """Whoever waits hears it; nobody waits for an errand that was given up."""
        if errand.answer.done():
            return
        errand.answer.set_result(
            Attempt(
                outcome=outcome,
                adapter=self._adapter,
                started_at=errand.started_at,
                duration_ms=(self._clock.monotonic() - errand.began) * 1000,
                host=host,
                remote_id=queue_id(outcome.diagnosis.reply) if isinstance(outcome, Delivered) else "",
                tls=tls,
            )
        )

    async def _emptied(self, grace: timedelta) -> None:
        """Until no socket is open, but no longer than ``grace``."""
        self._empty.clear()
        if self._sockets:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace.total_seconds()):
                    await self._empty.wait()
