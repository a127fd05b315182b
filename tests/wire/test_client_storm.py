"""Everything at once: whatever goes wrong in whatever order, no mail is lost, none is sent twice, nobody waits for ever."""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Final

import msgspec
import pytest

from posthouse.model.outcome import Bounced, Deferred, Delivered, InDoubt, Refused, Withheld
from posthouse.testing.fake_mx import FakeMx
from tests.support.carrying import HASTY, Gate, parcel, relay

FAULTS: Final = [
    f"{stage}+{fault}"
    for stage in ("mail", "rcpt", "data", "dot")
    for fault in ("close", "rst", "half", "421", "junk", "450", "550+5-1-1", "slow+2", "drip+1", "600", "badmulti")
] + ["dot+accept_close", "dot+accept_rst", "after+close", "after+rst", "rcpt+hang", "dot+hang", "dot+accept_hang"]
LIMITS: Final = msgspec.structs.replace(HASTY, connections=6, messages=25, idle=timedelta(milliseconds=20))


@pytest.mark.parametrize("seed", range(4))
async def test_in_a_storm_the_ledger_and_the_outcomes_agree(seed: int) -> None:
    chance = random.Random(seed)
    recipients = [
        f"f+{chance.choice(FAULTS)}+n{number}@x.test" if number % 4 == 0 else f"n{number}@x.test" for number in range(800)
    ]
    gates = [Gate(shut=chance.random() < 0.02) for _ in recipients]
    async with FakeMx() as mx, relay(mx, LIMITS) as smarthost:
        at_once = asyncio.Semaphore(60)

        async def carry(recipient: str, gate: Gate) -> object:
            async with at_once:
                await asyncio.sleep(chance.random() * 0.005)
                return (await smarthost.send(parcel(recipient, gate=gate))).outcome

        async with asyncio.timeout(45):
            outcomes = await asyncio.gather(*(carry(*pair) for pair in zip(recipients, gates, strict=True)))
    times = Counter(entry.recipient.decode() for entry in mx.ledger)
    for recipient, gate, outcome in zip(recipients, gates, outcomes, strict=True):
        assert gate.asked <= 1
        match outcome:
            case Delivered():
                assert times[recipient] == 1, recipient
            case InDoubt():
                assert times[recipient] <= 1, recipient
            case Withheld():
                assert gate.shut
                assert times[recipient] == 0
            case Deferred() | Bounced() | Refused():
                assert times[recipient] == 0, recipient
    good = [outcome for recipient, outcome in zip(recipients, outcomes, strict=True) if not recipient.startswith("f+")]
    assert sum(isinstance(outcome, Delivered | Withheld) for outcome in good) >= 0.9 * len(good)
