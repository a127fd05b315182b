"""What a worker holds and has not yet let go: the most urgent first, and each by name.

Inside a lane the flows take turns: a flow's k-th waiting delivery comes in the k-th round, counted from the round
that is served when it arrives (start-time fair queueing). So one tenant's flood is not before another's first mail.

A delivery is *known* from its claim until it is settled or given back. What the database says is leased to
this worker and is not known here was claimed by a statement whose answer was lost.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from posthouse.model.message_type import Lane
from posthouse.model.queue import LeasedDelivery
from posthouse.model.stored_message import SealedContent
from posthouse.pipeline.deliver.lanes import Lanes

Name = tuple[UUID, int, int]
Entry = tuple[int, int, datetime, int, LeasedDelivery, SealedContent | None]


class ReadyQueue:
    """The deliveries of one worker."""

    def __init__(self, lanes: Lanes) -> None:
        """Empty; ``lanes`` counts what is held."""
        self._lanes = lanes
        self._heap: list[Entry] = []
        self._round = dict.fromkeys(Lane, 0)
        self._last: dict[tuple[int, int], int] = {}
        self._flows: dict[tuple[int, int], int] = {}
        self._known: set[Name] = set()
        self._sequence = 0
        self._waiting = dict.fromkeys(Lane, 0)

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, taken: Sequence[LeasedDelivery], sealed: Mapping[UUID, SealedContent]) -> None:
        """Deliveries just claimed, with their content where there is any."""
        for delivery in taken:
            self._lanes.held[delivery.lane] += 1
            self._waiting[Lane(delivery.lane)] += 1
            self._flows[delivery.lane, delivery.flow] = self.waiting(delivery.lane, delivery.flow) + 1
            self._known.add(_name(delivery))
            self._sequence += 1
            place = (delivery.lane, self._turn(delivery), delivery.deadline, self._sequence)
            heapq.heappush(self._heap, (*place, delivery, sealed.get(delivery.message)))

    def first(self) -> LeasedDelivery:
        """The most urgent: fastest lane, the flow whose turn it is, earliest deadline."""
        return self._heap[0][4]

    def take(self, fits: Callable[[LeasedDelivery], bool] = lambda _: True) -> tuple[LeasedDelivery, SealedContent | None] | None:
        """Take the most urgent that ``fits``, to deliver it; it stays known. None where none does."""
        if self._heap and fits(self._heap[0][4]):
            entry = heapq.heappop(self._heap)
        else:
            found = next((entry for entry in sorted(self._heap) if fits(entry[4])), None)
            if found is None:
                return None
            self._heap.remove(found)
            heapq.heapify(self._heap)
            entry = found
        _, turn, _, _, delivery, sealed = entry
        self._round[Lane(delivery.lane)] = turn
        self._begun(delivery)
        return delivery, sealed

    def ahead(self, lane: int) -> int:
        """How many deliveries that were not begun would come before another one of this lane."""
        return sum(count for other, count in self._waiting.items() if other <= lane)

    def take_all(self, site: str | None = None) -> list[LeasedDelivery]:
        """Take everything that was not begun (of one site, if given); it stays known until let go."""
        taken = [entry[4] for entry in self._heap if site in (None, entry[4].site)]
        self._heap = [entry for entry in self._heap if site not in (None, entry[4].site)]
        heapq.heapify(self._heap)
        for delivery in taken:
            self._begun(delivery)
        return taken

    def waiting(self, lane: int, flow: int) -> int:
        """How many of a flow were not begun."""
        return self._flows.get((lane, flow), 0)

    def let_go(self, delivery: LeasedDelivery, *, forget: bool = True) -> None:
        """It is settled or given back. Not ``forget``: its place is free, but nobody may take it for lost."""
        self._lanes.held[delivery.lane] -= 1
        if forget:
            self._known.discard(_name(delivery))

    def lost(self, leased: Sequence[LeasedDelivery]) -> list[LeasedDelivery]:
        """Of what the database says we hold, what we never heard of."""
        return [delivery for delivery in leased if _name(delivery) not in self._known]

    def _turn(self, delivery: LeasedDelivery) -> int:
        flow = (delivery.lane, delivery.flow)
        turn = max(self._round[Lane(delivery.lane)], self._last.get(flow, -1) + 1)
        self._last[flow] = turn
        return turn

    def _begun(self, delivery: LeasedDelivery) -> None:
        """It waits no longer; a flow of which nothing waits is forgotten."""
        flow = (delivery.lane, delivery.flow)
        self._waiting[Lane(delivery.lane)] -= 1
        self._flows[flow] -= 1
        if not self._flows[flow]:
            del self._flows[flow]
            del self._last[flow]


def _name(delivery: LeasedDelivery) -> Name:
    return delivery.message, delivery.position, delivery.number
