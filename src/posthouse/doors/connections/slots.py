"""Who may be connected to a listener, and who goes first when it is full?

A listener has a fixed number of slots, and one address may hold three quarters of them. Where slots run short, the connection
that has been idle longest makes room; one that is being answered is never idle. So clients that connect and say nothing can
neither shut out those that come after them nor, from one address, those at another.

Pure: no sockets, no clock. The order of calls is the order of time. Every call takes constant time.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address
from typing import Final, Generic, TypeVar

C = TypeVar("C", bound=Hashable)


class NoSlot(StrEnum):
    """Why a connection is refused: the listener is full, or its address has its share, and none of them is idle."""

    LISTENER_FULL = "listener_full"
    ADDRESS_FULL = "address_full"


@dataclass(frozen=True, slots=True)
class SlotDecision(Generic[C]):
    """``refused`` None: the connection is open. ``evicted``: an idle one that the caller closes now; its slot is free already."""

    refused: NoSlot | None = None
    evicted: C | None = None

    @property
    def is_open(self) -> bool:
        """Whether the new connection has a slot."""
        return self.refused is None


class ListenerSlots(Generic[C]):
    """The slots of one listener; ``C`` is whatever the caller calls a connection."""

    def __init__(self, most: int) -> None:
        """``most`` connections at once, at least one."""
        self.most: Final = max(1, most)
        self.most_per_address: Final = max(1, self.most * 3 // 4)
        self._groups: dict[C, str | None] = {}
        self._per_group: dict[str, int] = {}
        self._idle: OrderedDict[C, None] = OrderedDict()
        self._idle_per_group: dict[str, OrderedDict[C, None]] = {}

    def __len__(self) -> int:
        """How many are open."""
        return len(self._groups)

    def open(self, connection: C, address: str | None) -> SlotDecision[C]:
        """A slot for a new connection, which is idle until ``busy``. ``address`` None: a trusted proxy, counted for none."""
        group = None if address is None else address_group(address)
        evicted: C | None = None
        if group is not None and self._per_group.get(group, 0) >= self.most_per_address:
            evicted = next(iter(self._idle_per_group.get(group, ())), None)
            if evicted is None:
                return SlotDecision(NoSlot.ADDRESS_FULL)
        elif len(self._groups) >= self.most:
            evicted = next(iter(self._idle), None)
            if evicted is None:
                return SlotDecision(NoSlot.LISTENER_FULL)
        if evicted is not None:
            self.close(evicted)
        self._groups[connection] = group
        if group is not None:
            self._per_group[group] = self._per_group.get(group, 0) + 1
            self._idle_per_group.setdefault(group, OrderedDict())
        self.idle(connection)
        return SlotDecision(evicted=evicted)

    def idle(self, connection: C) -> None:
        """It waits for its client from now on; nothing where it has no slot."""
        if connection not in self._groups:
            return
        self._idle[connection] = None
        self._idle.move_to_end(connection)
        group = self._groups[connection]
        if group is not None:
            of_group = self._idle_per_group[group]
            of_group[connection] = None
            of_group.move_to_end(connection)

    def busy(self, connection: C) -> None:
        """It is being answered: nobody takes its slot until it is idle again."""
        if self._idle.pop(connection, self) is self:
            return
        group = self._groups[connection]
        if group is not None:
            del self._idle_per_group[group][connection]

    def close(self, connection: C) -> None:
        """Its slot is free; nothing where it had none."""
        self.busy(connection)
        group = self._groups.pop(connection, None)
        if group is None:
            return
        self._per_group[group] -= 1
        if not self._per_group[group]:
            del self._per_group[group], self._idle_per_group[group]


def address_group(address: str) -> str:
    """What counts as one address: an IPv4 address (also in its IPv6 form), or the /64 that one IPv6 customer has as a rule."""
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else str(IPv6Address(int(parsed) >> 64 << 64)) + "/64"
