"""``posthouse`` and ``python -m posthouse``: the composition root of the command line.

The one place beside config that sees ``os.environ``, to hand it over. What a command needs of app and net is
handed to ``doors.cli`` as values; app is imported only by the commands that use it, so that the others start fast.
"""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from posthouse.app.runtime.probe_targets import probe_targets
from posthouse.config import Settings
from posthouse.doors import cli
from posthouse.doors.cli.shared.context import CliContext
from posthouse.model.queue import FlowHead
from posthouse.net.authority import authority_pem
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.ops.doctor_network import check_network, look_up
from posthouse.ops.open_store import OpenStore, StoreOptions
from posthouse.pipeline.accept.accept import Announcer, Intake
from posthouse.store.queue import queue

CLOCK: Final = SystemClock()
ENTROPY: Final = Entropy()


class _Later(Announcer):
    """Remembers what to tell the workers; a command tells them once, at its end."""

    def __init__(self) -> None:
        self.heads: list[FlowHead] = []

    def __call__(self, heads: Sequence[FlowHead]) -> None:
        self.heads.extend(heads)


def main() -> None:
    """Run the command that the arguments name; exits with its code."""
    cli.main(
        CliContext(
            environ=os.environ,
            clock=CLOCK,
            new_id=ENTROPY.new_id,
            random=ENTROPY.bytes,
            store_options=_opening,
            serve=_serve,
            intake=_intake,
            probe_targets=probe_targets,
            check_network=check_network,
            look_up_records=look_up,
            authority=authority_pem,
        )
    )


def _opening(settings: Settings) -> StoreOptions:
    return StoreOptions(
        database_url=settings.database_url,
        data_dir=settings.data_dir,
        secret_keys=settings.secret_keys,
        random=ENTROPY.bytes,
        now=CLOCK.now(),
    )


def _serve(settings: Settings, roles: frozenset[str] | None, as_json: bool, *, welcome: bool) -> None:
    from posthouse.app.supervisor.serve import serve  # noqa: PLC0415 - brings the web framework with it

    serve(settings, roles, as_json, environ=os.environ, welcome=welcome)


@asynccontextmanager
async def _intake(settings: Settings, store: OpenStore) -> AsyncIterator[Intake]:
    from posthouse.app.child import quiet_logs  # noqa: PLC0415 - only a command that sends needs these
    from posthouse.app.runtime.accept import intake_over  # noqa: PLC0415

    quiet_logs()
    CLOCK.anchor(await store.database.now())
    later = _Later()
    intake = intake_over(settings, store.database, store.sealer, CLOCK, ENTROPY, later)
    yield intake
    await intake.drain()
    if later.heads:
        async with store.database.session() as session:
            await queue.notify(session, later.heads)


if __name__ == "__main__":
    main()
