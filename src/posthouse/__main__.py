"""``posthouse`` and ``python -m posthouse``: the composition root of the command line.

The one place beside config that sees ``os.environ``, to pass it on. What a command needs of app and net is
given to ``doors.cli`` as values; app is imported only by the commands that use it, so that the others start fast.
"""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

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
from posthouse.pipeline.accept.accept import Intake
from posthouse.store.queue import queue


class _DeferredNotifier:
    """Collects what the workers are to be notified of; a command notifies them once, at its end."""

    def __init__(self) -> None:
        self.heads: list[FlowHead] = []

    def __call__(self, heads: Sequence[FlowHead]) -> None:
        self.heads.extend(heads)


def main() -> None:
    """Run the command that the arguments name; exits with its code."""
    clock, entropy = SystemClock(), Entropy()
    cli.main(
        CliContext(
            environ=os.environ,
            now=clock.now,
            random=entropy.bytes,
            opening=partial(_store_options, clock, entropy),
            serve=_serve,
            intake=partial(_intake, clock, entropy),
            outside=probe_targets,
            look_outside=partial(check_network, clock=clock),
            look_up=partial(look_up, clock=clock),
            authority=authority_pem,
        )
    )


def _store_options(clock: SystemClock, entropy: Entropy, settings: Settings) -> StoreOptions:
    return StoreOptions(
        database_url=settings.database_url,
        data_dir=settings.data_dir,
        secret_keys=settings.secret_keys,
        random=entropy.bytes,
        now=clock.now(),
    )


def _serve(settings: Settings, roles: frozenset[str] | None, as_json: bool, *, welcome: bool) -> None:
    from posthouse.app.supervisor.serve import serve  # noqa: PLC0415 - only this command needs the supervisor

    serve(settings, roles, as_json, environ=os.environ, welcome=welcome)


@asynccontextmanager
async def _intake(clock: SystemClock, entropy: Entropy, settings: Settings, store: OpenStore) -> AsyncIterator[Intake]:
    from posthouse.app.runtime.accept import build_intake  # noqa: PLC0415 - only a command that sends needs these
    from posthouse.app.runtime.logs import configure_logs  # noqa: PLC0415 - as above
    from posthouse.app.runtime.runtime import runtime_of  # noqa: PLC0415 - as above

    configure_logs()
    clock.anchor(await store.database.now())
    notifier = _DeferredNotifier()
    intake = build_intake(runtime_of(store, settings, clock, entropy), notifier)
    yield intake
    await intake.drain()
    if notifier.heads:
        async with store.database.session() as session:
            await queue.notify(session, notifier.heads)


if __name__ == "__main__":
    main()
