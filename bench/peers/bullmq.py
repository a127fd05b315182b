"""BullMQ + nodemailer + Redis: two worker processes, 20 jobs at a time and an SMTP pool of 5 in each, nodemailer's DKIM."""

import json
import shutil
import subprocess
from pathlib import Path

from bench import keys, letter, program
from bench.peers import redis
from bench.program import Unavailable
from bench.system import Load

PINS = {"bullmq": "6.7.0", "nodemailer": "10.6.0", "ioredis": "6.0.0"}
HOME = program.CACHE / "bullmq"
HERE = Path(__file__).parent / "scripts"
WORKERS = 2


class BullMq:
    """A job a mail."""

    name = "bullmq"
    title = "BullMQ + nodemailer"
    durability = "Redis AOF, fsync once a second"

    def __init__(self) -> None:
        self._programs: list[subprocess.Popen[bytes]] = []
        self._env: dict[str, str] = {}

    def prepare(self) -> str:
        """Its packages under the cache."""
        if not (shutil.which("npm") and shutil.which("node")):
            raise Unavailable("npm is not here")
        server = redis.prepare()
        HOME.mkdir(parents=True, exist_ok=True)
        stamp = HOME / ".pins"
        if not (stamp.exists() and stamp.read_text() == json.dumps(PINS)):
            wanted = [f"{name}@{version}" for name, version in PINS.items()]
            program.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(HOME), *wanted], 300, HOME)
            stamp.write_text(json.dumps(PINS))
        node = program.run(["node", "--version"], 20).strip().lstrip("v")
        return f"{PINS['bullmq']}, nodemailer {PINS['nodemailer']}, Node {node}, Redis {server}"

    def start(self, folder: Path, sink: int) -> None:
        """Redis, then the workers, until they say that they are ready."""
        home = folder / "bullmq"
        home.mkdir(parents=True)
        (home / "reset.txt").write_text(letter.TEXT)
        (home / "reset.html").write_text(letter.HTML)
        server, port = redis.start(home)
        self._programs = [server]
        self._env = {
            "NODE_PATH": str(HOME / "node_modules"),
            "BENCH_REDIS": str(port),
            "BENCH_SMTP": str(sink),
            "BENCH_TEMPLATES": str(home),
            "BENCH_KEY": str(keys.write(home / "key.pem")),
        }
        for number in range(WORKERS):
            log = home / f"worker{number}.log"
            self._programs.insert(0, program.start(["node", str(HERE / "bullmq_worker.cjs")], log, self._env, home))
            program.wait_for_words("ready", 1, self._programs[0], log)

    def roots(self) -> list[int]:
        """The workers and Redis."""
        return [one.pid for one in self._programs]

    def generator(self, load: Load, out: Path) -> tuple[list[str], dict[str, str]]:
        """One producer with 20 calls of ``add`` under way."""
        command = ["node", str(HERE / "bullmq_produce.cjs"), str(load.count), str(load.rate), load.run, str(out)]
        return command, self._env

    def stop(self) -> None:
        """Workers first."""
        for one in self._programs:
            program.stop(one)
        self._programs = []
