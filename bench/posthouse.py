"""Posthouse, as its users run it: `posthouse serve` with its embedded database, everything at its defaults."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import program
from bench.program import Unavailable
from bench.system import Load
from tests.support import product

CONNECTIONS = 32


class Posthouse:
    """HTTP in, two signatures, SMTP out. Unlike the peers it can be stopped and started again on the same data."""

    name = "posthouse"
    title = "Posthouse"
    durability = "fsync before the 202"

    def __init__(self) -> None:
        self._product: product.Product | None = None
        self._env: dict[str, str] = {}
        self._keys: dict[str, Any] = {}
        self._second = ""

    def prepare(self) -> str:
        """Nothing to fetch."""
        said = program.run([sys.executable, "-m", "posthouse", "--version"], 60)
        return said.strip()

    def start(self, folder: Path, sink: int, roles: str = "", *, second: bool = False, **settings: str) -> None:
        """A first tenant and its domain; ``second``: another tenant, too. ``roles``: only these. ``settings`` as in the
        environment.
        """
        self._env = product.environment(folder / "posthouse", **({"ROUTES": f"smtp://127.0.0.1:{sink}?tls=off"} | settings))
        try:
            self._keys = json.loads(product.command(self._env, "init", "--json").stdout)
            product.command(self._env, "domain", "add", "shop.example", "--trust")
            if second:
                self._add_tenant()
        except subprocess.SubprocessError as error:
            raise Unavailable(f"posthouse: {getattr(error, 'stderr', '') or error}") from None
        self._serve(roles)

    def _add_tenant(self) -> None:
        made = json.loads(product.command(self._env, "tenant", "add", "neighbour", "--json").stdout)
        product.command(self._env, "domain", "add", "shop.example", "--trust", "--tenant", made["tenant"])
        self._second = str(made["liveKey"])

    def _serve(self, roles: str) -> None:
        arguments = ("--roles", roles) if roles else ()
        try:
            self._product = product.start(self._env, *arguments, keys=self._keys)
        except AssertionError as error:
            raise Unavailable(f"posthouse: {error}") from None

    def again(self, roles: str = "") -> None:
        """Stop, and start with other roles on the same data."""
        self.stop()
        self._serve(roles)

    @property
    def port(self) -> int:
        """Where HTTP answers."""
        assert self._product is not None
        return self._product.http[1]

    @property
    def key(self) -> str:
        """The first tenant's."""
        return str(self._keys["liveKey"])

    @property
    def second_key(self) -> str:
        """The second tenant's; they share nothing."""
        return self._second

    def roots(self) -> list[int]:
        """The supervisor; Postgres is its child."""
        assert self._product is not None
        return [self._product.process.pid]

    def generator(self, load: Load, out: Path, key: str = "", connections: int = CONNECTIONS) -> tuple[list[str], dict[str, str]]:
        """32 kept connections."""
        command = [
            sys.executable,
            "-m",
            "bench.load",
            "--port",
            str(self.port),
            "--key",
            key or self.key,
            "--count",
            str(load.count),
            "--connections",
            str(connections),
            "--rate",
            str(load.rate),
            "--run",
            load.run,
            "--out",
            str(out),
        ]
        return command, {}

    def stop(self) -> None:
        """As an operator does; if that takes too long, with its descendants by pid."""
        if self._product is None:
            return
        running, self._product = self._product, None
        below = program.tree([running.process.pid])
        try:
            if running.process.poll() is None:
                running.stop()
        except subprocess.TimeoutExpired:
            print("  posthouse did not stop within 40 s; killed", file=sys.stderr)
        for process in program.left(below):
            os.kill(process.pid, signal.SIGKILL)
