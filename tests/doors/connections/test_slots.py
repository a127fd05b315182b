"""Claims about slots: who is evicted, who is refused, and that no address can shut out another."""

from posthouse.doors.connections.slots import ListenerSlots, NoSlot, address_group


def _filled(most: int, *, busy: bool = False) -> ListenerSlots[int]:
    """One connection per address, all slots taken."""
    slots: ListenerSlots[int] = ListenerSlots(most)
    for number in range(most):
        assert slots.open(number, f"192.0.2.{number}").is_open
        if busy:
            slots.busy(number)
    return slots


def test_the_longest_idle_connection_makes_room_in_a_full_listener() -> None:
    slots = _filled(4)
    slots.busy(0)
    slots.idle(0)
    decision = slots.open(99, "198.51.100.1")
    assert (decision.is_open, decision.evicted, len(slots)) == (True, 1, 4)


def test_a_connection_that_is_answered_is_never_evicted() -> None:
    slots = _filled(4, busy=True)
    assert slots.open(99, "198.51.100.1").refused is NoSlot.LISTENER_FULL
    slots.idle(2)
    assert slots.open(99, "198.51.100.1").evicted == 2


def test_one_address_holds_three_quarters_and_then_evicts_its_own() -> None:
    slots: ListenerSlots[int] = ListenerSlots(8)
    slots.open(100, "127.0.0.2")
    for number in range(6):
        assert slots.open(number, "127.0.0.1").evicted is None
    assert slots.open(6, "127.0.0.1").evicted == 0
    assert slots.open(101, "127.0.0.2").evicted is None


def test_an_address_whose_connections_are_all_answered_is_refused_and_others_are_not() -> None:
    slots: ListenerSlots[int] = ListenerSlots(8)
    for number in range(6):
        slots.open(number, "127.0.0.1")
        slots.busy(number)
    assert slots.open(6, "127.0.0.1").refused is NoSlot.ADDRESS_FULL
    assert slots.open(7, "127.0.0.2").is_open


def test_a_trusted_proxy_counts_for_no_address() -> None:
    slots: ListenerSlots[int] = ListenerSlots(4)
    for number in range(4):
        assert slots.open(number, None).is_open
        slots.busy(number)
    assert slots.open(4, None).refused is NoSlot.LISTENER_FULL


def test_a_closed_connection_leaves_nothing_behind() -> None:
    slots: ListenerSlots[int] = ListenerSlots(4)
    for number in range(100):
        assert slots.open(number, "127.0.0.1").evicted is None
        slots.busy(number)
        slots.close(number)
        slots.close(number)
        slots.idle(number)
    assert len(slots) == 0
    assert not any((slots._groups, slots._per_group, slots._idle, slots._idle_per_group))


def test_an_ipv6_network_of_64_bits_is_one_address() -> None:
    assert address_group("2001:db8::1") == address_group("2001:db8::ffff:2") != address_group("2001:db8:0:1::1")
    assert address_group("::ffff:127.0.0.1") == address_group("127.0.0.1")
