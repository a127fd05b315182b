"""The listening sockets: bound once by the parent, inherited by the doors.

A port that is taken is tried again for a moment: children of a ``serve`` that was killed hold theirs until they have ended.
"""

import asyncio
import errno
import socket
from typing import Final

from posthouse.config import Listen, Settings, UnusableSettings

_NEEDS = {"http": "api", "smtp": "submission", "smtps": "submission", "inbound": "inbound"}
_SETTING = {"http": "POSTHOUSE_HTTP", "smtp": "POSTHOUSE_SMTP", "smtps": "POSTHOUSE_SMTPS", "inbound": "POSTHOUSE_INBOUND"}
BACKLOG = 1024
PATIENCE: Final = 3.0  # seconds
_TICK: Final = 0.05


class BoundSockets:
    """Sockets by name."""

    def __init__(self, sockets: dict[str, socket.socket]) -> None:
        """They listen already."""
        self._sockets = sockets

    def descriptors(self, *names: str) -> dict[str, int]:
        """What a child inherits, of those named."""
        return {name: each.fileno() for name, each in self._sockets.items() if name in names}

    def close(self) -> None:
        """Hear nobody new: whoever comes is refused at once instead of being kept waiting by a house that closes."""
        for each in self._sockets.values():
            each.close()

    def shown(self, name: str) -> str | None:
        """``127.0.0.1:8025``, with the port that was really taken; None where nothing listens."""
        found = self._sockets.get(name)
        if found is None:
            return None
        host, port = found.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def bind_all(settings: Settings, roles: frozenset[str]) -> BoundSockets:
    """Listen wherever the roles need it. Errors: Unusable, naming the address and what to do."""
    wanted = {"http": settings.http, "smtp": settings.smtp, "smtps": settings.smtps, "inbound": settings.inbound}
    return BoundSockets(
        {name: await _bind(name, listen) for name, listen in wanted.items() if listen is not None and _NEEDS[name] in roles}
    )


def inherited(descriptors: dict[str, int]) -> dict[str, socket.socket]:
    """The child's view of its parent's sockets."""
    return {name: socket.socket(fileno=descriptor) for name, descriptor in descriptors.items()}


async def _bind(name: str, listen: Listen) -> socket.socket:
    clock = asyncio.get_running_loop()
    until = clock.time() + PATIENCE
    while True:
        try:
            return _listening(listen)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or clock.time() > until:
                message = f"{_SETTING[name]}: cannot listen on {listen.host}:{listen.port} ({error.strerror}); free it or choose another"
                raise UnusableSettings(message) from None
        await asyncio.sleep(_TICK)


def _listening(listen: Listen) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((listen.host, listen.port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)  # and not inheritable: who is not given it must not hold the port when the house is gone
    return sock
