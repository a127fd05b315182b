"""What the magic recipients do (X2): ``bounced@simulator.test`` and the like, also with ``+label``.

They take the whole path and end in the built-in inbox; only the reply is made up here.
"""

from datetime import timedelta
from typing import Final

import msgspec

from posthouse.model.outcome import AttemptStage, Bounced, Deferred, Delivered, Diagnosis, Outcome, Reason, Scope

DOMAIN: Final = "simulator.test"
SUPPRESSED: Final = "suppressed"
NAMES: Final = ("delivered", "bounced", "soft-bounced", "deferred", "slow", "complained", SUPPRESSED)
NO_SUCH: Final = "is no address of the simulator"


class Simulated(msgspec.Struct, frozen=True):
    """The outcome, and how long it takes."""

    outcome: Outcome
    after: timedelta = timedelta(0)


def _diagnosis(reason: Reason, code: int, enhanced: str, text: str, stage: AttemptStage = AttemptStage.RCPT) -> Diagnosis:
    return Diagnosis(
        reason=reason,
        scope=Scope.RECIPIENT,
        stage=stage,
        reply_code=code,
        enhanced_code=enhanced,
        reply=f"{code} {enhanced} {text}",
    )


_OK: Final = Delivered(_diagnosis(Reason.ACCEPTED, 250, "2.0.0", "Ok: simulated", AttemptStage.DOT))
_UNKNOWN: Final = Bounced(_diagnosis(Reason.UNKNOWN_RECIPIENT, 550, "5.1.1", "User unknown (simulated)"))
_FULL: Final = Bounced(_diagnosis(Reason.MAILBOX_FULL, 552, "5.2.2", "Mailbox full (simulated)"))
_LATER: Final = Deferred(_diagnosis(Reason.BUSY, 451, "4.3.2", "Try again later (simulated)"), wait=timedelta(seconds=1))


def simulate(local: str, number: int) -> Simulated | None:
    """The outcome of attempt ``number`` (from 1) for a local part; None for one the simulator does not know."""
    match _simulated_name(local):
        case "delivered" | "complained":
            return Simulated(_OK)
        case "bounced":
            return Simulated(_UNKNOWN)
        case "soft-bounced":
            return Simulated(_FULL)
        case "deferred":
            return Simulated(_LATER if number == 1 else _OK)
        case "slow":
            return Simulated(_OK, after=timedelta(seconds=10))
        case _:
            return None


def unknown(local: str) -> str | None:
    """The error for a local part that the simulator does not know, with those it knows; None for one of these."""
    if _simulated_name(local) in NAMES:
        return None
    return f"{NO_SUCH}; there are {', '.join(f'{name}@{DOMAIN}' for name in NAMES)}, each also with +label"


def complains(recipient: str) -> bool:
    """Whether this recipient complains about what was delivered."""
    local, _, domain = recipient.rpartition("@")
    return domain == DOMAIN and _simulated_name(local) == "complained"


def _simulated_name(local: str) -> str:
    return local.partition("+")[0].lower()
