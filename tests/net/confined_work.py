"""A confined child whose work is to misbehave as it is told; started by test_confine."""

import os
import socket
import time
from pathlib import Path

from posthouse.app.runtime import confined

KEPT: list[bytearray] = []


def misbehave(payload: bytes) -> bytes:
    word, _, rest = payload.decode().partition(" ")
    if word == "say":
        return rest.encode()
    if word == "keep":
        KEPT.append(bytearray(int(rest) << 20))
        return b"kept"
    if word == "need":
        return bytes(bytearray(int(rest) << 20)[:1])
    return {
        "spin": spin,
        "sleep": sleep,
        "grow": grow,
        "deep": deep,
        "die": die,
        "large": large,
        "write": write,
        "connect": connect,
        "environment": environment,
        "work": work,
        "pid": pid,
    }[word]()


def pid() -> bytes:
    return str(os.getpid()).encode()


def spin() -> bytes:
    while True:
        pass


def sleep() -> bytes:
    time.sleep(5)
    return b""


def grow() -> bytes:
    return bytes(512 << 20)[:1]


def deep() -> bytes:
    return deep()


def die() -> bytes:
    os._exit(3)


def large() -> bytes:
    return bytes(confined.MOST_RESULT + 1)


def write() -> bytes:
    try:
        Path("/tmp/confined").write_text("here", encoding="ascii")
    except OSError:
        return b"refused"
    return b"written"


def connect() -> bytes:
    try:
        socket.create_connection(("127.0.0.1", 9), timeout=0.05)
    except ConnectionRefusedError:
        return b"reached"
    except OSError:
        return b"refused"
    return b"reached"


def environment() -> bytes:
    return b"refused" if not os.environ.get("PATH") else b"known"


def work() -> bytes:
    until = time.process_time() + 0.01
    while time.process_time() < until:
        pass
    return b"worked"


if __name__ == "__main__":
    import sys

    sys.argv[1:1] = ["render"]
    confined._load_work = lambda kind: misbehave  # noqa: ARG005 - whatever it is called
    confined.main()
