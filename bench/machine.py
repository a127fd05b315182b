"""What the figures were measured on, so that somebody else can judge them."""

import os
import platform
import time
from pathlib import Path
from typing import Any


def describe(folder: Path) -> dict[str, Any]:
    """Processor, memory, system, file system of the data, what an fsync costs there, and how busy it was before."""
    memory = next((line for line in _lines("/proc/meminfo") if line.startswith("MemTotal:")), "MemTotal: 0 kB")
    name = next((line for line in _lines("/etc/os-release") if line.startswith("PRETTY_NAME=")), "=unknown")
    model = next((line for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ": unknown")
    return {
        "processor": model.partition(":")[2].strip(),
        "cores": len(os.sched_getaffinity(0)),
        "memoryGiB": round(int(memory.split()[1]) / 2**20, 1),
        "system": name.partition("=")[2].strip('"'),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "fileSystem": _file_system(folder),
        "fsyncMicroseconds": round(_fsync(folder), 1),
        "loadBefore": [round(value, 2) for value in os.getloadavg()],
        "user": "root" if os.geteuid() == 0 else "not root",
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _file_system(folder: Path) -> str:
    """The type of the longest mount that holds it."""
    mounts = [line.split()[1:3] for line in _lines("/proc/mounts")]
    holds = [(len(place), kind) for place, kind in mounts if folder.is_relative_to(place)]
    return max(holds, default=(0, "unknown"))[1]


def _fsync(folder: Path) -> float:
    """Microseconds for 8 KB written over and fdatasync, median of 200."""
    path, took = folder / "fsync", []
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        for _ in range(200):
            begun = time.perf_counter()
            os.pwrite(descriptor, bytes(8192), 0)
            os.fdatasync(descriptor)
            took.append((time.perf_counter() - begun) * 1e6)
    finally:
        os.close(descriptor)
        path.unlink()
    return sorted(took)[len(took) // 2]
