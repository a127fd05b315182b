"""How much of everything a run does: counts, rates and seconds, bounded so that the whole stays within its time."""

from dataclasses import dataclass, field

SCENARIOS = ("throughput", "alone", "lanes", "fairness")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One round's amounts. ``budget_seconds``: what has not begun by then is left out, and the report says so."""

    rounds: int
    budget_seconds: float
    letters: dict[str, int]
    light_rate: float = 50
    light_count: int
    accept_count: int
    open_rate: float = 1500
    open_count: int
    idle_rate: float
    idle_count: int
    bulk_depth: int
    bulk_seconds: float
    resets: int
    reset_rate: float = 20
    fairness_depth: int
    fairness_count: int
    fairness_warm: int = 20
    signing_seconds: float = 2.0
    stall_seconds: float = 60.0
    scenarios: tuple[str, ...] = field(default=SCENARIOS)


def default(rounds: int) -> Plan:
    """`make bench`: ten minutes at most."""
    return Plan(
        rounds=rounds,
        budget_seconds=180 * rounds,
        letters={"posthouse": 8000, "postfix": 2400, "celery": 800, "bullmq": 3000},
        light_count=200,
        accept_count=8000,
        open_count=4500,
        idle_rate=20,
        idle_count=300,
        bulk_depth=20_000,
        bulk_seconds=5,
        resets=240,
        fairness_depth=16_000,
        fairness_count=120,
    )


def quick() -> Plan:
    """`--quick`: one short round to try the bench out; two minutes at most. Its figures are no claim."""
    return Plan(
        rounds=1,
        budget_seconds=95,
        letters={"posthouse": 2000, "postfix": 600, "celery": 150, "bullmq": 800},
        light_count=80,
        accept_count=2000,
        open_count=1500,
        idle_rate=20,
        idle_count=80,
        bulk_depth=5000,
        bulk_seconds=2,
        resets=80,
        fairness_depth=4000,
        fairness_count=50,
        signing_seconds=0.5,
        stall_seconds=30,
    )


def full(rounds: int) -> Plan:
    """`--full`: the counts that the claims are stated with (1,000 resets, 60 s of bulk, 1,000 idle sends at 10/s); half an
    hour.
    """
    return Plan(
        rounds=rounds,
        budget_seconds=900 * rounds,
        letters={"posthouse": 20_000, "postfix": 5000, "celery": 2000, "bullmq": 8000},
        light_count=500,
        accept_count=14_000,
        open_count=15_000,
        idle_rate=10,
        idle_count=800,
        bulk_depth=20_000,
        bulk_seconds=15,
        resets=1200,
        fairness_depth=20_000,
        fairness_count=200,
        signing_seconds=4.0,
    )
