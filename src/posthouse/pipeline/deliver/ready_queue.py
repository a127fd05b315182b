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
        for claimed in taken:
            self._lanes.held[claimed.lane] += 1
            self._waiting[Lane(claimed.lane)] += 1
            self._flows[claimed.lane, claimed.flow] = self.waiting(claimed.lane, claimed.flow) + 1
            self._known.add(_name(claimed))
            self._sequence += 1
            place = (claimed.lane, self._turn(claimed), claimed.deadline, self._sequence)
            heapq.heappush(self._heap, (*place, claimed, sealed.get(claimed.message)))

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
        _, turn, _, _, claimed, sealed = entry
        self._round[Lane(claimed.lane)] = turn
        self._begun(claimed)
        return claimed, sealed

    def ahead(self, lane: int) -> int:
        """How many deliveries that were not begun would come before another one of this lane."""
        return sum(count for other, count in self._waiting.items() if other <= lane)

    def take_all(self, site: str | None = None) -> list[LeasedDelivery]:
        """Take everything that was not begun (of one site, if given); it stays known until let go."""
        taken = [entry[4] for entry in self._heap if site in (None, entry[4].site)]
        self._heap = [entry for entry in self._heap if site not in (None, entry[4].site)]
        heapq.heapify(self._heap)
        for claimed in taken:
            self._begun(claimed)
        return taken

    def waiting(self, lane: int, flow: int) -> int:
        """How many of a flow were not begun."""
        return self._flows.get((lane, flow), 0)

    def let_go(self, claimed: LeasedDelivery, *, forget: bool = True) -> None:
        """It is settled or given back. Not ``forget``: its place is free, but nobody may take it for lost."""
        self._lanes.held[claimed.lane] -= 1
        if forget:
            self._known.discard(_name(claimed))

    def lost(self, leased: Sequence[LeasedDelivery]) -> list[LeasedDelivery]:
        """Of what the database says we hold, what we never heard of."""
        return [claimed for claimed in leased if _name(claimed) not in self._known]

    def _turn(self, claimed: LeasedDelivery) -> int:
        flow = (claimed.lane, claimed.flow)
        turn = max(self._round[Lane(claimed.lane)], self._last.get(flow, -1) + 1)
        self._last[flow] = turn
        return turn

    def _begun(self, claimed: LeasedDelivery) -> None:
        """It waits no longer; a flow of which nothing waits is forgotten."""
        flow = (claimed.lane, claimed.flow)
        self._waiting[Lane(claimed.lane)] -= 1
        self._flows[flow] -= 1
        if not self._flows[flow]:
            del self._flows[flow]
            del self._last[flow]


def _name(claimed: LeasedDelivery) -> Name:
    return claimed.message, claimed.position, claimed.number
