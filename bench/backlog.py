"""A backlog of Posthouse's, and the mails that are sent beside it: for *lanes*, *fairness* and ``bench.tarpit``.

It is fed over HTTP by a process of its own (``bench.feeder``), in batches, before anything is measured or meanwhile.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench import letter, measure, program
from bench.mailbox import Mailbox
from bench.pace import Row
from bench.posthouse import Posthouse
from bench.program import Unavailable
from bench.system import Load

CONNECTIONS = 8


@dataclass
class Backlog:
    """Mails of a type to a site. ``accepted`` so far; ``least``: the least depth while it was kept."""

    system: Posthouse
    mailbox: Mailbox
    type: str
    site: str = letter.SITE
    accepted: int = 0
    least: float = field(default=0)

    def fill(self, depth: int) -> None:
        """Until so many wait. Errors: Unavailable."""
        self._read(program.run([*self._feeder(depth), "--once"], 60 + depth / 200))

    @contextmanager
    def kept(self, depth: int, folder: Path) -> Iterator[None]:
        """While so many wait. Errors: Unavailable."""
        with (folder / "feeder.log").open("w") as errors:
            feeder = subprocess.Popen(self._feeder(depth), cwd=program.ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert feeder.stdout is not None
        try:
            if feeder.stdout.readline().strip() != "deep":
                raise Unavailable(f"the feeder could not: {(folder / 'feeder.log').read_text()[-300:]}")
            yield
            feeder.terminate()
            self._read(feeder.communicate(timeout=30)[0])
        finally:
            if feeder.poll() is None:
                feeder.kill()
            feeder.wait()
            feeder.stdout.close()

    def _feeder(self, depth: int) -> list[str]:
        return [
            sys.executable,
            "-m",
            "bench.feeder",
            "--port",
            str(self.system.port),
            "--key",
            self.system.key,
            "--depth",
            str(depth),
            "--counts",
            str(self.mailbox.counts),
            "--type",
            self.type,
            "--site",
            self.site,
            "--begin",
            str(self.accepted),
        ]

    def _read(self, said: str) -> None:
        last = json.loads(said.strip().splitlines()[-1])
        self.accepted, self.least = last["accepted"], last["least"]


def resets(system: Posthouse, load: Load, folder: Path, key: str, stall: float) -> list[Row]:
    """Password resets at an even pace, a few connections' worth; their rows. Errors: Unavailable."""
    out = folder / f"{load.run}.jsonl"
    return measure.offer(system.generator(load, out, key=key, connections=CONNECTIONS), load, out, stall)
