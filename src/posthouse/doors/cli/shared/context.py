"""What the composition root hands to the command line as values, because a door may import neither app nor net."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from posthouse.config import Settings
from posthouse.model.dns_answer import PublishedRecords
from posthouse.ops.doctor_network import CheckResult, ProbeTargets
from posthouse.ops.open_store import OpenStore, StoreOptions
from posthouse.pipeline.accept.accept import Intake


class ServeCommand(Protocol):
    """The supervisor: runs until it is told to stop. Errors: Unusable."""

    def __call__(self, settings: Settings, roles: frozenset[str] | None, as_json: bool, *, welcome: bool) -> None:
        """``roles`` None: all. ``as_json``: one line when ready. ``welcome``: credentials and samples at the start."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CliContext:
    """Everything a command needs from outside its room.

    ``now`` is the house's clock and ``random`` its entropy. ``opening`` says how these settings open the store
    (joining or starting it for a command). ``serve`` runs until it is told to stop. ``intake`` gives one for the
    length of a command. ``look_outside`` tries the ways out and the nameserver, which ``outside`` reads from the settings; ``look_up`` reads
    records of a (name, type).
    ``authority`` gives the self-signed authority as PEM (data directory, host name, now).
    """

    environ: Mapping[str, str]
    now: Callable[[], datetime]
    random: Callable[[int], bytes]
    opening: Callable[[Settings], StoreOptions]
    serve: ServeCommand
    intake: Callable[[Settings, OpenStore], AbstractAsyncContextManager[Intake]]
    outside: Callable[[Settings, str | None], ProbeTargets]
    look_outside: Callable[[ProbeTargets], Awaitable[Sequence[CheckResult]]]
    look_up: Callable[[Sequence[tuple[str, str]], tuple[str, int] | None], Awaitable[Sequence[PublishedRecords]]]
    authority: Callable[[Path, str, datetime], str]
