"""The deliveries that a worker has leased and not begun: the most urgent first, and which leases it knows of.

Inside a lane the tenants take turns, and a tenant's flows its turns: of a tenant with n flows each flow's next delivery comes
n rounds after the one before, counted from the round that is served when it arrives (start-time fair queueing). So one
tenant's flood, over however many flows, is not before another's first mail.

A lease is *known* from its claim until it is settled or released. What the database says is leased to this worker
and is not known here was claimed by a statement whose answer was lost.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from posthouse.model.message_type import Lane
from posthouse.model.queue import AttemptKey, LeasedDelivery
from posthouse.model.stored_message import SealedContent
from posthouse.pipeline.deliver.lanes import Lanes

Ready = tuple[LeasedDelivery, SealedContent | None]
# Lane, round, deadline, and a sequence number: no two are equal, so the heap never compares deliveries.
_Ranked = tuple[int, int, datetime, int, LeasedDelivery, SealedContent | None]


class ReadyQueue:
    """The deliveries of one worker; ``lanes`` counts what is leased."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._heap: list[_Ranked] = []
        self._known: set[AttemptKey] = set()
        self._sequence = 0
        self._waiting = dict.fromkeys(Lane, 0)
        self._served_round = dict.fromkeys(Lane, 0)
        self._last_round: dict[tuple[int, int], int] = {}
        self._waiting_in_flow: dict[tuple[int, int], int] = {}
        self._flows_of_tenant: dict[tuple[int, int], int] = {}  # that have something waiting
        self._waiting_of_tenant: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, claimed: Sequence[LeasedDelivery], sealed: Mapping[UUID, SealedContent]) -> None:
        """Deliveries just claimed, with their content where it came along."""
        for delivery in claimed:
            self._lanes.leased[delivery.lane] += 1
            self._waiting[Lane(delivery.lane)] += 1
            rounds = self._round_of(delivery)
            self._count_in(delivery)
            self._known.add(delivery.attempt_key)
            self._sequence += 1
            rank = (delivery.lane, rounds, delivery.deadline, self._sequence)
            heapq.heappush(self._heap, (*rank, delivery, sealed.get(delivery.message)))

    def peek(self) -> LeasedDelivery:
        """The most urgent: fastest lane, the flow whose turn it is, earliest deadline."""
        return self._heap[0][4]

    def take(self, can_start: Callable[[LeasedDelivery], bool] = lambda _: True) -> Ready | None:
        """Take the most urgent that can start; its lease stays known. None where none can."""
        if self._heap and can_start(self._heap[0][4]):
            ranked = heapq.heappop(self._heap)
        else:
            # Rare: the first is blocked (its site or the memory is full), so the next in order is looked for.
            first = next((each for each in sorted(self._heap) if can_start(each[4])), None)
            if first is None:
                return None
            self._heap.remove(first)
            heapq.heapify(self._heap)
            ranked = first
        _, round, _, _, delivery, sealed = ranked
        self._served_round[Lane(delivery.lane)] = round
        self._begin(delivery)
        return delivery, sealed

    def drain(self, site: str | None = None) -> list[LeasedDelivery]:
        """Take everything that was not begun (of one site, if given); the leases stay known until ``finish``."""
        drained = [ranked[4] for ranked in self._heap if site in (None, ranked[4].site)]
        self._heap = [ranked for ranked in self._heap if site not in (None, ranked[4].site)]
        heapq.heapify(self._heap)
        for delivery in drained:
            self._begin(delivery)
        return drained

    def finish(self, delivery: LeasedDelivery, *, forget: bool = True) -> None:
        """Its slot is free. ``forget``: it is settled or released; otherwise its lease must not be taken for a lost one."""
        self._lanes.leased[delivery.lane] -= 1
        if forget:
            self._known.discard(delivery.attempt_key)

    def waiting_before(self, lane: int) -> int:
        """How many deliveries would come before another one of this lane."""
        return sum(count for other, count in self._waiting.items() if other <= lane)

    def waiting_of_tenant(self, lane: int, tenant: int) -> int:
        """How many deliveries of a tenant were not begun."""
        return self._waiting_of_tenant.get((lane, tenant), 0)

    def find_unknown(self, leased: Sequence[LeasedDelivery]) -> list[LeasedDelivery]:
        """Of what the database says this worker has leased, what it does not know of."""
        return [delivery for delivery in leased if delivery.attempt_key not in self._known]

    def _round_of(self, delivery: LeasedDelivery) -> int:
        flow = (delivery.lane, delivery.flow)
        served, flows = self._served_round[Lane(delivery.lane)], self._flows_of_tenant.get((delivery.lane, delivery.tenant), 0)
        last = self._last_round.get(flow)
        round = served + flows if last is None else max(served, last + flows)
        self._last_round[flow] = round
        return round

    def _count_in(self, delivery: LeasedDelivery) -> None:
        flow, tenant = (delivery.lane, delivery.flow), (delivery.lane, delivery.tenant)
        before = self._waiting_in_flow.get(flow, 0)
        self._waiting_in_flow[flow] = before + 1
        self._waiting_of_tenant[tenant] = self._waiting_of_tenant.get(tenant, 0) + 1
        if not before:
            self._flows_of_tenant[tenant] = self._flows_of_tenant.get(tenant, 0) + 1

    def _begin(self, delivery: LeasedDelivery) -> None:
        """It waits no longer; a flow of which nothing waits is forgotten."""
        flow, tenant = (delivery.lane, delivery.flow), (delivery.lane, delivery.tenant)
        self._waiting[Lane(delivery.lane)] -= 1
        self._waiting_in_flow[flow] -= 1
        self._waiting_of_tenant[tenant] -= 1
        if not self._waiting_in_flow[flow]:
            del self._waiting_in_flow[flow]
            del self._last_round[flow]
            self._flows_of_tenant[tenant] -= 1
        if not self._waiting_of_tenant[tenant]:
            del self._waiting_of_tenant[tenant]
            del self._flows_of_tenant[tenant]
