"""What a child process does first: read its spec, tie its life to its parent's, and run its role.

Run as ``child_command`` says, by ``app.supervisor.child_process``; never by hand.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
import uvloop

from posthouse.app.runtime.child_spec import ChildSpec, die_with_parent
from posthouse.app.runtime.descriptors import close_all_but
from posthouse.app.runtime.logs import configure_logs
from posthouse.app.runtime.runtime import ChildContext
from posthouse.config import Settings, load
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy

Role = Callable[[ChildContext], Coroutine[Any, Any, None]]

GC_THRESHOLD: Final = 50_000
STOP_SECONDS: Final = 29.0  # the parent kills after thirty


def child_command(role: str) -> tuple[str, ...]:
    """The command that runs this module as a child; the role is there for people who list processes."""
    return (sys.executable, "-m", __name__, role)


def main() -> None:
    """Read the spec from standard input and run the role until SIGTERM."""
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=ChildSpec)
    die_with_parent(spec.parent)
    close_all_but({spec.ready, *spec.sockets.values()})
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the parent decides what ends
    if spec.metrics:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = spec.metrics
    configure_logs()
    settings = load(os.environ)
    uvloop.run(_run_role(_load_role(spec.role), spec, settings))


def _load_role(name: str) -> Role:
    # Each role imports only what it needs: a worker loads no web framework.
    if name == "doors":
        from posthouse.app.roles.doors import run  # noqa: PLC0415 - see above
    elif name == "inbound":
        from posthouse.app.roles.inbound import run  # noqa: PLC0415 - see above
    elif name == "fanout":
        from posthouse.app.roles.fanout import run  # noqa: PLC0415 - see above
    else:
        from posthouse.app.roles.worker import run  # noqa: PLC0415 - see above
    return run


async def _run_role(role: Role, spec: ChildSpec, settings: Settings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    # What is loaded now lives as long as the process: the collector need not walk it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    context = ChildContext(
        spec=spec,
        settings=settings,
        clock=SystemClock(),
        entropy=Entropy(),
        stop=stop,
        notify_ready=lambda: _notify_ready(spec.ready),
    )
    running = asyncio.create_task(role(context))
    await asyncio.wait([running, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    done, _ = await asyncio.wait([running], timeout=STOP_SECONDS)
    if not done:
        os._exit(1)  # whatever blocks it: when the parent has ended, no child may be left behind
    await running


def _notify_ready(descriptor: int) -> None:
    os.write(descriptor, b"1")
    os.close(descriptor)


if __name__ == "__main__":
    main()
