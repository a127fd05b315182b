"""The Redis of Celery and BullMQ: Debian's, unpacked into the cache; AOF, fsync once a second, as people run it."""

import subprocess
from pathlib import Path

from bench import program
from bench.program import Unavailable
from tests.support import tools

tools.TOOLS["redis-server"] = tools.Tool("redis-server", "usr/bin/redis-server", ("--version",))


def prepare() -> str:
    """Its version. Errors: Unavailable."""
    if reason := tools.fetch(["redis-server"]).get("redis-server"):
        raise Unavailable(f"redis-server: {reason}")
    words = program.run([str(tools.find("redis-server")), "--version"], 20).split()
    return next((word[2:] for word in words if word.startswith("v=")), "?")


def start(folder: Path) -> tuple["subprocess.Popen[bytes]", int]:
    """A server of our own and its port. Errors: Unavailable."""
    port = program.free_port()
    settings = [
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--dir",
        str(folder),
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--save",
        "",
        "--daemonize",
        "no",
    ]
    log = folder / "redis.log"
    server = program.start([str(tools.find("redis-server")), *settings], log)
    try:
        program.wait_for_port(port, server, log)
    except Unavailable:
        program.stop(server)
        raise
    return server, port
