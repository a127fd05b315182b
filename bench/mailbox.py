"""The sink as the bench sees it: started, watched while it takes mail, and read at the end."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import program
from bench.sink import COUNTS


class Mailbox:
    """A running ``bench.sink``; ``port`` is where it takes mail, ``counts`` the file of its shared numbers."""

    def __init__(self, folder: Path) -> None:
        self._out = folder / "sink.jsonl"
        self.counts = Path(f"{self._out}.count")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.sink", "--out", str(self._out)], cwd=program.ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def taken(self) -> int:
        """How many mails it has."""
        return int(COUNTS.unpack(self.counts.read_bytes())[0])

    def wait(self, count: int, seconds: float, alive: Callable[[], bool] = lambda: True) -> bool:
        """Until it has that many; False where they did not come in time."""
        until = time.monotonic() + seconds
        while self.taken() < count:
            if time.monotonic() > until or not alive():
                return False
            time.sleep(0.02)
        return True

    def close(self) -> dict[str, int]:
        """End it; when each recipient's (first) mail was answered 250."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)
        if self._process.stdout is not None:
            self._process.stdout.close()
        seen: dict[str, int] = {}
        if self._out.exists():
            for line in self._out.read_text().splitlines():
                recipient, at = json.loads(line)
                seen.setdefault(recipient, at)
        return seen
