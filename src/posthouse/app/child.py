"""What a child process does first: hear its brief, tie its life to its parent's, and play its role.

Run as ``python -m posthouse.app.child ROLE`` by ``app.supervisor.child_process``; never by hand.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
import structlog
import uvloop

from posthouse.app.runtime.child_spec import ChildSpec, die_with_parent
from posthouse.config import Settings, load
from posthouse.telemetry.error_location import error_location

Role = Callable[[ChildSpec, Settings, asyncio.Event, Callable[[], None]], Coroutine[Any, Any, None]]


def main() -> None:
    """Read the brief from standard input and run the role until SIGTERM."""
    brief = msgspec.json.decode(sys.stdin.buffer.read(), type=ChildSpec)
    die_with_parent(brief.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if brief.metrics:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = brief.metrics
    quiet_logs()
    settings = load(os.environ)
    role = _role(brief.role)
    uvloop.run(_play(role, brief, settings))


def quiet_logs() -> None:
    """Structured lines on standard error; libraries only from warning up, in our form."""
    logging.basicConfig(level=logging.WARNING, handlers=[_Lines()])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


class _Lines(logging.Handler):
    """What libraries say, a line each: where and of which kind, never what an exception quotes, which may be somebody's address."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        said = record.getMessage().partition("\n")[0]
        structlog.get_logger().log(
            record.levelno, "library", logger=record.name, said=said, kind=type(error).__name__, at=error_location(error)
        )


def _role(name: str) -> Role:
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


async def _play(role: Role, brief: ChildSpec, settings: Settings) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    # What is loaded now lives as long as the process: the collector need not walk it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)
    playing = asyncio.create_task(role(brief, settings, stop, lambda: _tell_ready(brief.ready)))
    await asyncio.wait([playing, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
    done, _ = await asyncio.wait([playing], timeout=LAST)
    if not done:
        os._exit(1)  # whatever holds it up, an ended parent must not leave a child behind
    await playing


GC_THRESHOLD: Final = 50_000
LAST: Final = 29.0  # seconds; the parent waits thirty


def _tell_ready(descriptor: int) -> None:
    os.write(descriptor, b"1")
    os.close(descriptor)


if __name__ == "__main__":
    main()
