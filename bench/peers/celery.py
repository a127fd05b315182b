"""Celery + Redis as people write it: Jinja2, email.message, dkimpy, a new smtplib connection for every mail; prefork -c 2."""

import subprocess
import sys
from pathlib import Path

from bench import keys, letter, program
from bench.peers import redis
from bench.system import Load

PINS = ("celery==5.7.0", "redis==8.1.0", "jinja2==3.1.6", "dkimpy==1.1.8", "packaging==25.0")
HOME = program.CACHE / "celery"
PYTHON = HOME / "bin" / "python"
HERE = Path(__file__).parent / "scripts"


class Celery:
    """A task a mail."""

    name = "celery"
    title = "Celery + Redis"
    durability = "Redis AOF, fsync once a second"

    def __init__(self) -> None:
        self._programs: list[subprocess.Popen[bytes]] = []
        self._env: dict[str, str] = {}

    def prepare(self) -> str:
        """An environment of its own under the cache."""
        server = redis.prepare()
        stamp = HOME / ".pins"
        if not (stamp.exists() and stamp.read_text() == " ".join(PINS)):
            program.run([sys.executable, "-m", "venv", str(HOME)], 120)
            program.run([str(PYTHON), "-m", "pip", "-q", "--disable-pip-version-check", "install", *PINS], 300)
            stamp.write_text(" ".join(PINS))
        return f"{PINS[0].rpartition('=')[2]}, Redis {server}, dkimpy {PINS[3].rpartition('=')[2]}"

    def start(self, folder: Path, sink: int) -> None:
        """Redis, then the worker, until it says that it is ready."""
        home = folder / "celery"
        (home / "templates").mkdir(parents=True)
        (home / "templates" / "reset.txt").write_text(letter.TEXT)
        (home / "templates" / "reset.html").write_text(letter.HTML)
        server, port = redis.start(home)
        self._programs = [server]
        self._env = {
            "PYTHONPATH": str(HERE),
            "BENCH_REDIS": f"redis://127.0.0.1:{port}/0",
            "BENCH_SMTP": str(sink),
            "BENCH_TEMPLATES": str(home / "templates"),
            "BENCH_KEY": str(keys.write(home / "key.pem")),
        }
        log = home / "celery.log"
        worker = [str(PYTHON), "-m", "celery", "-A", "celery_tasks", "worker", "-c", "2", "-l", "info"]
        self._programs.insert(0, program.start(worker, log, self._env, home))
        program.wait_for_words(" ready.", 1, self._programs[0], log)

    def roots(self) -> list[int]:
        """The worker and Redis."""
        return [one.pid for one in self._programs]

    def generator(self, load: Load, out: Path) -> tuple[list[str], dict[str, str]]:
        """One producer that calls ``delay``, as a web process does."""
        command = [
            str(PYTHON),
            str(HERE / "celery_produce.py"),
            "--count",
            str(load.count),
            "--rate",
            str(load.rate),
            "--run",
            load.run,
            "--out",
            str(out),
        ]
        return command, self._env

    def stop(self) -> None:
        """Worker first."""
        for one in self._programs:
            program.stop(one)
        self._programs = []
