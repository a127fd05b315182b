"""What the composition root gives the command line as values, because a door may import neither app nor net."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from posthouse.config import Settings
from posthouse.model.clock import Clock
from posthouse.model.dns_answer import PublishedRecords
from posthouse.ops.doctor_network import CheckResult, ProbeTargets
from posthouse.ops.open_store import OpenStore, StoreOptions
from posthouse.pipeline.accept.accept import Intake


class ServeCommand(Protocol):
    """The supervisor: runs until it is stopped. Errors: UnusableSettings."""

    def __call__(self, settings: Settings, roles: frozenset[str] | None, as_json: bool, *, welcome: bool) -> None:
        """``roles`` None: all. ``as_json``: one line when ready. ``welcome``: credentials and samples at the start."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CliContext:
    """Everything a command needs from outside its room.

    ``new_id`` gives time-ordered ids and ``random`` so many bytes. ``store_options`` says how these settings open the store
    (joining or starting it for a command). ``serve`` runs until it is stopped. ``intake`` gives one for the length of a command.
    ``check_network`` tries the routes and the nameserver, which ``probe_targets`` reads from the settings; ``look_up_records``
    reads DNS records of a (name, type). ``authority`` gives the self-signed authority as PEM (data directory, host name, now).
    """

    environ: Mapping[str, str]
    clock: Clock
    new_id: Callable[[datetime], UUID]
    random: Callable[[int], bytes]
    store_options: Callable[[Settings], StoreOptions]
    serve: ServeCommand
    intake: Callable[[Settings, OpenStore], AbstractAsyncContextManager[Intake]]
    probe_targets: Callable[[Settings, str | None], ProbeTargets]
    check_network: Callable[[ProbeTargets], Awaitable[Sequence[CheckResult]]]
    look_up_records: Callable[[Sequence[tuple[str, str]], tuple[str, int] | None], Awaitable[Sequence[PublishedRecords]]]
    authority: Callable[[Path, str, datetime], str]
