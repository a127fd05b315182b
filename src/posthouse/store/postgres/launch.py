"""As whom Postgres' programs run, and how their life is tied to ours.

Postgres refuses to run as root. As root it is therefore started in a user namespace of its own (nothing is
mapped: to itself it is *nobody*, to the file system it is root without root's powers), so that nobody is added
and no directory is opened; where namespaces are refused, as an ordinary user who is given the Postgres
folder alone. Parents of that folder are never chmodded or chowned.

Known sharp edges: the kernel sends the death signal when the *thread* that forked ends, so ``start`` must be
called from one that lives as long as the process (the event loop's). ``preexec_fn`` runs between fork and
exec: it only makes system calls through names that were resolved before.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final

import msgspec

from posthouse.store.postgres.refusal import StoreRefusal

ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_CLONE_NEWUSER: Final = 0x10000000
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


class CannotRun(StoreRefusal):
    """There is no user as whom Postgres could run here."""


class ProcessIdentity(msgspec.Struct, frozen=True):
    """As whom: ourselves, ourselves in a ``namespace``, or another ``user`` (uid, gid)."""

    namespace: bool = False
    user: tuple[int, int] | None = None


def choose(folder: Path, program: Path) -> ProcessIdentity:
    """As whom ``program`` can run and reach ``folder``; a folder that belongs to an ordinary user stays theirs.

    Errors: CannotRun, one sentence.
    """
    if os.geteuid() != 0:
        return ProcessIdentity()
    owner = folder.stat()
    candidates = (
        [ProcessIdentity(user=(owner.st_uid, owner.st_gid))]
        if owner.st_uid
        else [ProcessIdentity(namespace=True), *_others(folder)]
    )
    for guise in candidates:
        if _works(guise, folder, program):
            return guise
    raise CannotRun(
        f"Postgres does not run as root, this system refuses user namespaces, and no ordinary user may enter {folder}; "
        "start Posthouse as an ordinary user, or set POSTHOUSE_DATABASE_URL."
    )


def give_all(folder: Path, guise: ProcessIdentity) -> None:
    """Hand the folder and all in it to the identity's user, once; nothing above it is touched."""
    if guise.user is None or folder.stat().st_uid == guise.user[0]:
        return
    for root, _, files in os.walk(folder, topdown=False):
        for name in (*files, ""):
            give(Path(root, name), guise)


def give(path: Path, guise: ProcessIdentity) -> None:
    """Hand one thing that we just made to the identity's user."""
    if guise.user is not None:
        os.chown(path, *guise.user, follow_symlinks=False)


def start(
    command: Sequence[str | Path], guise: ProcessIdentity, folder: Path, output: "IO[bytes] | int"
) -> "subprocess.Popen[bytes]":
    """Start a child in ``folder`` that is interrupted (SIGINT) when we die, apart from our terminal."""
    user, group = guise.user or (None, None)
    return subprocess.Popen(  # noqa: S603 - our own programs
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=ENVIRONMENT,
        cwd=folder,
        start_new_session=True,
        preexec_fn=_tie(guise, os.getpid()),  # noqa: PLW1509 - see the sharp edges
        user=user,
        group=group,
        extra_groups=None if guise.user is None else [],
    )


def is_postmaster(pid: int, cluster: Path) -> bool:
    """Whether this pid is a Postgres started with our ``-D``; a zombie or another program is not."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return not Path("/proc/self").exists() and f"-D {cluster}" in _ps(pid)
    return b"-D" in words and words[words.index(b"-D") + 1 :][:1] == [os.fsencode(cluster)]


def interrupt(pid: int, cluster: Path, how: signal.Signals) -> bool:
    """Signal a postmaster of ours that is not our child; False, and nothing is signalled, where the pid is another's."""
    if sys.platform != "linux":
        if ours := is_postmaster(pid, cluster):
            os.kill(pid, how)
        return ours
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:  # the descriptor pins the process: what is checked is what is signalled
        if not is_postmaster(pid, cluster):
            return False
        signal.pidfd_send_signal(descriptor, how)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)


def _others(folder: Path) -> list[ProcessIdentity]:
    """Ordinary users, the likeliest first: who owns the folder around it, then the usual names."""
    parent = folder.parent.stat()
    users = [(parent.st_uid, parent.st_gid)] if parent.st_uid else []
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        users.append((entry.pw_uid, entry.pw_gid))
    return [ProcessIdentity(user=user) for user in users]


def _works(guise: ProcessIdentity, folder: Path, program: Path) -> bool:
    """Whether the program starts, and reaches the folder (before it is given away: what it stands in) by its path."""
    give_later = guise.user is not None and folder.stat().st_uid != guise.user[0]
    reached = folder.parent if give_later else folder
    command: list[str | Path] = ["/bin/sh", "-c", 'cd -- "$0" && exec "$1" --version', reached, program]
    try:
        return start(command, guise, Path("/"), subprocess.DEVNULL).wait() == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _tie(guise: ProcessIdentity, parent: int) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    unshare, prctl = _LIBC.unshare, _LIBC.prctl

    def tie() -> None:
        if guise.namespace and unshare(_CLONE_NEWUSER) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)  # we died between fork and prctl

    return tie


def _ps(pid: int) -> str:
    command = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - a number
