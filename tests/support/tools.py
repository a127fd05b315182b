"""Strangers as referees: programs from Debian's packages, had without root and without installing anything.

``python -m tests.support.tools`` looks for each program on the machine and, where it is missing, downloads its package
and what that depends on (``apt-get download``), unpacks them under ``.cache/tools`` (``dpkg -x``) and writes a small
wrapper that finds the unpacked libraries. All of apt's state is kept in the same folder, so any user may do this.

Known sharp edges: an unpacked Chromium has no setuid sandbox (start it with ``--no-sandbox``); the machine's own C library
is always used, so a package built for a newer release does not start and then counts as missing.
"""

import contextlib
import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

CACHE: Final = Path(__file__).resolve().parents[2] / ".cache" / "tools"
UNPACKED: Final = CACHE / "root"
WRAPPERS: Final = CACHE / "bin"
LISTS: Final = CACHE / "apt" / "lists"
LISTS_KEEP_SECONDS: Final = 86_400
NEVER_UNPACKED: Final = frozenset({"libc6", "libc-bin", "libcrypt1"})
PERL_FOLDERS: Final = ("usr/share/perl5", "usr/share/perl/5*", "usr/lib/*/perl5/5*", "usr/lib/*/perl/5*", "usr/lib/*/perl-base")
SEARCH_PATH: Final = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])


class Tool(NamedTuple):
    """A program: the package that has it, where it stands in there, and arguments with which it must end well."""

    package: str
    path: str
    probe: tuple[str, ...]
    also: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    perl: bool = False


_SWAKS_NEEDS: Final = ("libnet-ssleay-perl", "libio-socket-ssl-perl", "libnet-dns-perl")
TOOLS: Final = {
    "smtp-sink": Tool("postfix", "usr/sbin/smtp-sink", ("-h",)),
    "smtp-source": Tool("postfix", "usr/sbin/smtp-source", ("-h",)),
    "swaks": Tool("swaks", "usr/bin/swaks", ("--support",), also=_SWAKS_NEEDS, perl=True),
    "opendkim": Tool("opendkim", "usr/sbin/opendkim", ("-V",)),
    "chromium": Tool(
        "chromium", "usr/lib/chromium/chromium", ("--version",), names=("chromium", "chromium-browser", "google-chrome")
    ),
}


def find(name: str) -> Path | None:
    """The wrapper of an unpacked program, else the machine's own; None where neither is there."""
    wrapper = WRAPPERS / name
    if wrapper.exists():
        return wrapper
    own = (shutil.which(candidate, path=SEARCH_PATH) for candidate in TOOLS[name].names or (name,))
    return next((Path(path) for path in own if path), None)


def fetch(names: Iterable[str]) -> dict[str, str]:
    """Make every program of ``names`` available; what could not be had, with the reason."""
    missing = [name for name in names if not _works(name)]
    if not missing:
        return {}
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return dict.fromkeys(missing, "no apt-get and dpkg on this machine")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        options = _apt_options()
        return {name: reason for name in missing if (reason := _provide(name, options))}


def _works(name: str) -> bool:
    """Whether the program is there and starts."""
    found = find(name)
    if found is None:
        return False
    command = [str(found), *TOOLS[name].probe]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    # Postfix's programs answer -h with their usage and exit 1: they start, which is what is asked.
    return ended.returncode == 0 or b"usage:" in ended.stderr


def _provide(name: str, options: list[str]) -> str:
    """Download, unpack, wrap; empty, or why it could not be had."""
    if _works(name):
        return ""
    tool = TOOLS[name]
    try:
        for archive in _download([tool.package, *tool.also], options):
            _run(["dpkg", "-x", str(archive), str(UNPACKED)])
            archive.unlink()
        _wrap(name, tool)
    except subprocess.CalledProcessError as error:
        return (error.stderr or str(error)).strip().splitlines()[-1]
    except subprocess.TimeoutExpired:
        return "the download took too long"
    if _works(name):
        return ""
    (WRAPPERS / name).unlink(missing_ok=True)
    return "unpacked, but it does not start here"


def _apt_options() -> list[str]:
    """Run apt with its state in our folder; with the machine's package lists where new ones cannot be fetched."""
    archives = CACHE / "apt" / "cache" / "archives" / "partial"
    for folder in (archives, LISTS / "partial", UNPACKED, WRAPPERS):
        folder.mkdir(parents=True, exist_ok=True)
    common = ["-o", f"Dir::Cache={CACHE / 'apt' / 'cache'}", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2"]
    private = [*common, "-o", f"Dir::State::lists={LISTS}"]
    return private if _lists_are_fresh(private) else common


def _lists_are_fresh(private: list[str]) -> bool:
    """Fetch the package lists where the last ones are a day old; False where there are none."""
    stamp = CACHE / "apt" / "updated"
    if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_KEEP_SECONDS:
        return True
    with contextlib.suppress(subprocess.SubprocessError):
        _run(["apt-get", *private, "-qq", "update"])
        stamp.touch()
    return any(LISTS.glob("*_Packages*"))


def _download(packages: list[str], options: list[str]) -> list[Path]:
    """The packages and what they depend on and the machine lacks, as archives."""
    plan = _run(["apt-get", *options, "-s", "-qq", "--no-install-recommends", "install", *packages])
    needed = set(re.findall(r"^Inst (\S+)", plan, re.MULTILINE)) | set(packages)
    folder = CACHE / "archives"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _run(["apt-get", *options, "-qq", "download", *sorted(needed - NEVER_UNPACKED)], folder)
    return sorted(folder.glob("*.deb"))


def _run(command: list[str], folder: Path | None = None) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=True)
    return ended.stdout


def _wrap(name: str, tool: Tool) -> None:
    """A script that starts the unpacked program in its own place, keeping its process id."""
    # Some libraries stand a folder deeper and are found by an absolute path, which holds only where they are installed
    # (pulseaudio).
    deep = {path.parent for pattern in ("**/lib/*/*.so*", "**/lib/*/*/lib*.so*") for path in UNPACKED.glob(pattern)}
    libraries = sorted(deep | {UNPACKED / "usr/lib"})
    modules = sorted(path for pattern in PERL_FOLDERS for path in UNPACKED.glob(pattern))
    lines = ["#!/bin/sh", _prepend("LD_LIBRARY_PATH", libraries), _prepend("PERL5LIB", modules)]
    if not Path("/etc/fonts/fonts.conf").exists():
        lines.append(f"export FONTCONFIG_FILE={shlex.quote(str(_font_settings()))}")
    interpreter = [shutil.which("perl") or str(UNPACKED / "usr/bin/perl")] if tool.perl else []
    lines.append(f'exec {shlex.join([*interpreter, str(UNPACKED / tool.path)])} "$@"')
    wrapper = WRAPPERS / name
    wrapper.write_text("\n".join(lines) + "\n")
    wrapper.chmod(0o755)


def _prepend(variable: str, folders: list[Path]) -> str:
    value = shlex.quote(os.pathsep.join(map(str, folders)))
    return f"export {variable}={value}${{{variable}:+:${variable}}}"


def _font_settings() -> Path:
    path = CACHE / "fonts.conf"
    folders = f"<dir>{UNPACKED / 'usr/share/fonts'}</dir><cachedir>{CACHE / 'fonts'}</cachedir>"
    path.write_text(f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>{folders}</fontconfig>\n')
    return path


def main(arguments: list[str]) -> int:
    """Fetch the programs named, or all; say for each where it stands. Missing ones are the tests' business: exit 0."""
    wanted = arguments or list(TOOLS)
    reasons = fetch(wanted)
    for name in wanted:
        where = f"MISSING: {reasons[name]}" if name in reasons else find(name)
        sys.stdout.write(f"  {name:12} {where}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
