"""The listening sockets: bound once by the parent, inherited by the children with listeners.

A port that is taken is tried again for a moment: children of a ``serve`` that was killed hold theirs until they have ended.
"""

import asyncio
import errno
import socket
from typing import Final

from posthouse.config import Listen, Settings, UnusableSettings

_ROLE: Final = {"http": "api", "smtp": "submission", "smtps": "submission", "inbound": "inbound"}
_SETTING: Final = {"http": "POSTHOUSE_HTTP", "smtp": "POSTHOUSE_SMTP", "smtps": "POSTHOUSE_SMTPS", "inbound": "POSTHOUSE_INBOUND"}
BACKLOG: Final = 1024
PATIENCE: Final = 3.0  # seconds
_TICK: Final = 0.05


class BoundSockets:
    """Sockets by name; they listen already."""

    def __init__(self, sockets: dict[str, socket.socket]) -> None:
        self._sockets = sockets

    def descriptors(self, *names: str) -> dict[str, int]:
        """What a child inherits, of those named."""
        return {name: each.fileno() for name, each in self._sockets.items() if name in names}

    def close(self) -> None:
        """Accept no more: a new client is refused at once instead of waiting for a process that is about to end."""
        for each in self._sockets.values():
            each.close()

    def address(self, name: str) -> str | None:
        """``127.0.0.1:8025``, with the port that was really bound; None where nothing listens."""
        sock = self._sockets.get(name)
        if sock is None:
            return None
        host, port = sock.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def bind_all(settings: Settings, roles: frozenset[str]) -> BoundSockets:
    """Listen wherever the roles need it. Errors: UnusableSettings, naming the address and what to do."""
    addresses = {"http": settings.http, "smtp": settings.smtp, "smtps": settings.smtps, "inbound": settings.inbound}
    return BoundSockets(
        {name: await _bind(name, listen) for name, listen in addresses.items() if listen is not None and _ROLE[name] in roles}
    )


def inherited_sockets(descriptors: dict[str, int]) -> dict[str, socket.socket]:
    """The child's view of its parent's sockets."""
    return {name: socket.socket(fileno=descriptor) for name, descriptor in descriptors.items()}


async def _bind(name: str, listen: Listen) -> socket.socket:
    clock = asyncio.get_running_loop()
    until = clock.time() + PATIENCE
    while True:
        try:
            return _open_listener(listen)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or clock.time() > until:
                where = f"{listen.host}:{listen.port} ({error.strerror})"
                raise UnusableSettings(f"{_SETTING[name]}: cannot listen on {where}; free it or choose another") from None
        await asyncio.sleep(_TICK)


def _open_listener(listen: Listen) -> socket.socket:
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((listen.host, listen.port))
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    sock.setblocking(
        False
    )  # and not inheritable: a child that was not given it must not hold the port after the others have ended
    return sock
