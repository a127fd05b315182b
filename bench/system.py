"""What every system under measure is to the bench: prepared, started, loaded, stopped."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Load:
    """``count`` letters; ``rate`` a second, 0: as fast as they are accepted; recipients begin with ``run``."""

    count: int
    rate: float
    run: str


class System(Protocol):
    """One of those that stand side by side. ``count``: of letters in ``--quick`` and in full."""

    name: str
    title: str
    durability: str

    def prepare(self) -> str:
        """Get what it needs; its version. Errors: Unavailable."""
        ...

    def start(self, folder: Path, sink: int) -> None:
        """Ready to take mail and to deliver it to that port. Errors: Unavailable."""
        ...

    def roots(self) -> list[int]:
        """The pids whose trees are the system with its database."""
        ...

    def generator(self, load: Load, out: Path) -> tuple[list[str], dict[str, str]]:
        """The program that offers this load and writes its rows to ``out``, and its environment."""
        ...

    def stop(self) -> None:
        """End everything that was started."""
        ...
