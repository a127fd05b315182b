"""The HTTP door behind a real socket: uvicorn as the product runs it, on a loop and in a thread of its own."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn
import uvloop

from posthouse.store.postgres.database import connect
from posthouse.testing.clock import FakeClock
from tests.support.http_door import HttpDoor, open_door
from tests.support.postgres import NOW

HURRY = 1000


class HurriedClock(FakeClock):
    """Stands at the tests' moment for the wall, and runs a thousand times too fast for durations: nobody waits long."""

    def monotonic(self) -> float:
        """Seconds, hurried."""
        return time.monotonic() * HURRY


@dataclass(frozen=True)
class Served:
    """Where it answers, and its keys."""

    url: str
    live: str
    test: str


@contextlib.contextmanager
def served(dsn: str) -> Iterator[Served]:
    """The door over the database of ``dsn``, answering until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    server: list[uvicorn.Server] = []
    doors: list[HttpDoor] = []
    thread = threading.Thread(target=lambda: uvloop.run(_serve(dsn, listener, server, doors)))
    thread.start()
    try:
        _await_start(thread, server)
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", doors[0].live, doors[0].test)
    finally:
        if server:
            server[0].should_exit = True
        thread.join(20)
        listener.close()


def _await_start(thread: threading.Thread, server: list[uvicorn.Server]) -> None:
    until = time.monotonic() + 20
    while not (server and server[0].started):
        assert thread.is_alive(), "the server ended before it began"
        assert time.monotonic() < until, "the server does not start"
        time.sleep(0.01)


async def _serve(dsn: str, listener: socket.socket, server: list[uvicorn.Server], doors: list[HttpDoor]) -> None:
    database = await connect(dsn, size=4, application="served")
    doors.append(await open_door(database, NOW, clock=HurriedClock(NOW)))
    config = uvicorn.Config(
        doors[0].app,
        http="httptools",
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        proxy_headers=False,
    )
    server.append(uvicorn.Server(config))
    await server[0]._serve(sockets=[listener])
    await database.close()
