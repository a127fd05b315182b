"""The whole product as its users run it: `posthouse serve` in processes of its own, spoken to through its doors."""

import contextlib
import http.client
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """The environment of a product on free ports with nothing of the tester's own."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("POSTHOUSE_")}
    ours = {"DATA_DIR": str(data_dir), "HTTP": "127.0.0.1:0", "SMTP": "127.0.0.1:0", "HOSTNAME": "mail.posthouse.test"} | settings
    return mine | {f"POSTHOUSE_{name}": value for name, value in ours.items()}


def command(env: dict[str, str], *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """`posthouse …`, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "posthouse", *arguments],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=check,
        timeout=60,
    )


@dataclass
class Product:
    """A running `serve`. ``ready``: what it said when it was; ``keys``: what `init` printed.

    ``answer_seconds``: how long `ask` waits.
    """

    env: dict[str, str]
    process: subprocess.Popen[str]
    ready: dict[str, Any]
    keys: dict[str, Any] = field(default_factory=dict)
    answer_seconds: float = 10.0

    @property
    def http(self) -> tuple[str, int]:
        """Where HTTP answers."""
        host, _, port = str(self.ready["http"]).rpartition(":")
        return host, int(port)

    @property
    def smtp(self) -> tuple[str, int]:
        """Where SMTP answers."""
        host, _, port = str(self.ready["smtp"]).rpartition(":")
        return host, int(port)

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None, **headers: str) -> tuple[int, Any]:
        """One request; status and decoded JSON. Errors: OSError where nobody answers."""
        connection = http.client.HTTPConnection(*self.http, timeout=self.answer_seconds)
        with contextlib.closing(connection):
            data = None if body is None else json.dumps(body)
            sent = {"Authorization": f"Bearer {key or self.keys['liveKey']}", "Content-Type": "application/json", **headers}
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            text = answer.read()
            kind = answer.getheader("Content-Type", "")
            return answer.status, json.loads(text) if "json" in kind and text else text

    def send(self, key: str | None = None, **fields: Any) -> dict[str, Any]:
        """A message that must be taken."""
        status, answer = self.ask("POST", "/v1/send", fields, key)
        assert status == 202, answer
        return dict(answer)

    def wait(self, message: str, *states: str, key: str | None = None, seconds: float = PATIENCE) -> dict[str, Any]:
        """The message once its status is one of ``states``."""
        until = time.monotonic() + seconds
        while True:
            status, answer = self.ask("GET", f"/v1/messages/{message}", key=key)
            if status == 200 and answer["status"] in states:
                return dict(answer)
            assert time.monotonic() < until, answer
            time.sleep(0.02)

    def children(self, word: str) -> list[int]:
        """Pids of the children whose command line has ``word`` (doors, worker, postgres)."""
        return [pid for pid in descendants(self.process.pid) if word in command_line(pid)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; its exit code."""
        self.process.send_signal(number)
        try:
            return self.process.wait(40)
        finally:
            self.process.kill()
            if self.process.stdout is not None:
                self.process.stdout.close()


@contextlib.contextmanager
def running(
    env: dict[str, str], *arguments: str, keys: dict[str, Any] | None = None, inherited: tuple[int, ...] = ()
) -> Iterator[Product]:
    """A product that is ready, and ended afterwards. ``keys`` None: `init` is run first. ``inherited``: open descriptors."""
    if keys is None:
        keys = json.loads(command(env, "init", "--json").stdout)
    product = start(env, *arguments, keys=keys, inherited=inherited)
    try:
        yield product
    finally:
        if product.process.poll() is None:
            product.stop()


def start(env: dict[str, str], *arguments: str, keys: dict[str, Any], inherited: tuple[int, ...] = ()) -> Product:
    """Start `serve --json` and wait for its line."""
    errors = Path(env["POSTHOUSE_DATA_DIR"]) / "serve.log"
    errors.parent.mkdir(parents=True, exist_ok=True)
    with errors.open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "posthouse", "serve", "--json", *arguments],
            env=env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            pass_fds=inherited,
        )
    assert process.stdout is not None
    line = process.stdout.readline() if select.select([process.stdout], [], [], PATIENCE)[0] else ""
    if not line:
        process.kill()
        process.wait()
        process.stdout.close()
        raise AssertionError(f"not ready in {PATIENCE} s: {errors.read_text()[-2000:]}")
    return Product(env, process, json.loads(line), keys)


def descendants(pid: int) -> list[int]:
    """Pids of its children, and theirs."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                found.append((int(entry.name), parent))
    mine, grown = {pid}, True
    while grown:
        more = {child for child, parent in found if parent in mine} - mine
        mine |= more
        grown = bool(more)
    return sorted(mine - {pid})


def command_line(pid: int) -> str:
    """Its arguments with blanks between; empty where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


@contextlib.contextmanager
def sink(ledger: Path, *arguments: str) -> Iterator[int]:
    """A scripted mail server in a process of its own that writes its ledger before it answers; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "posthouse.testing.fake_mx", "--port", "0", "--ledger", str(ledger), "--json", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield int(json.loads(process.stdout.readline())["port"])
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
