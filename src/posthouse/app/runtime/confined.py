"""The confined child: what it may do, and the loop in which it does it.

Run as ``confined_command`` says, with the parent's process id, by ``net.confine``; never by hand. The *fork server* loads what
the work needs, then forks a *worker* with these bounds, all kept by the kernel: 64 MB of address space above what is loaded, some
processor time a job (SIGPROF ends it), one open file beside its pipes (RLIMIT_NOFILE: the data of a language is read when
first needed), a network namespace with nothing in it, nothing written (RLIMIT_FSIZE), no new privileges, an empty
environment, ended when the parent ends. A worker that dies is replaced.

Known sharp edges: processor time is counted in the kernel's ticks, so the bound is good to some 5 ms. Root can fork in spite
of RLIMIT_NPROC. Where the kernel grants no network namespace, the job could open a socket; only its code does not.
"""

import gc
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec

from posthouse.app.runtime.child_spec import die_with_parent
from posthouse.app.runtime.cpu_priority import lower_priority
from posthouse.app.runtime.descriptors import close_all_but

WorkKind = Literal["render", "save", "read"]
Work = Callable[[bytes], bytes]

CPU_SECONDS: Final = {"render": 0.05, "save": 1.0, "read": 0.5}
MEMORY: Final = 64 << 20
NICENESS: Final = 10
MOST_RESULT: Final = 8 << 20
_LENGTH: Final = 4
_IN: Final = 0
_OUT: Final = 1
_SECURE: Final = 38  # prctl(2) PR_SET_NO_NEW_PRIVS
_ALONE: Final = 0x10000000 | 0x40000000  # unshare(2) CLONE_NEWUSER | CLONE_NEWNET
_FILES: Final = 4
_DONE, _REFUSED, _STOPPED, _DIED = 0, 1, 2, 3  # the first octet of an answer (``net.confine``)
GROWN: Final = 36 << 20  # a worker that has grown by so much ends between two batches, and the next begins small
_NO_MEMORY, _RENEW = 70, 71  # exit codes of a worker


def confined_command(kind: WorkKind) -> tuple[str, ...]:
    """The command that runs this module for one kind of work; ``net.confine`` adds the parent's process id."""
    return (sys.executable, "-m", __name__, kind)


def main() -> None:
    """Load the work, report that it is ready, and run one worker after the other until the parent closes the pipe."""
    kind, parent = sys.argv[1], int(sys.argv[2])
    die_with_parent(parent)
    close_all_but(())
    if kind != "render":  # a send waits for that one; saving and returned mail let others go first
        lower_priority(NICENESS)
    work = _load_work(kind)
    gc.collect()
    gc.freeze()
    _answer(_DONE, b"ready")
    while True:
        pid = os.fork()
        if pid == 0:
            _confine(parent=os.getppid())
            os._exit(_run_jobs(work, CPU_SECONDS[kind]))
        _, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            return
        if not (os.WIFEXITED(status) and os.WEXITSTATUS(status) == _RENEW):
            _answer(*_describe_death(status, CPU_SECONDS[kind]))


def _load_work(kind: str) -> Work:
    # Each kind loads only what it needs.
    if kind == "render":
        from posthouse.pipeline.render.confined_renderer import render_job  # noqa: PLC0415 - see above

        return render_job
    if kind == "save":
        from posthouse.pipeline.render.confined_renderer import save_job  # noqa: PLC0415 - see above

        return save_job
    from posthouse.pipeline.feedback.read_returned import read_job  # noqa: PLC0415 - see above

    return read_job


def _confine(parent: int) -> None:
    die_with_parent(parent)
    import ctypes  # noqa: PLC0415 - loaded by die_with_parent already

    kernel = ctypes.CDLL(None)
    kernel.unshare(_ALONE)
    kernel.prctl(_SECURE, 1, 0, 0, 0)
    limits = {
        resource.RLIMIT_AS: _address_space() + MEMORY,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: _FILES,
    }
    for which, limit in limits.items():
        resource.setrlimit(which, (limit, limit))


def _run_jobs(work: Work, seconds: float) -> int:
    """Work on batches until the pipe closes (0) or the worker has grown (_RENEW); any other exit status is a death."""
    began_with = _address_space()
    while (batch := _read_frame()) is not None:
        for payload in msgspec.msgpack.decode(batch, type=list[bytes]):
            signal.setitimer(signal.ITIMER_PROF, seconds)
            try:
                result = work(payload)
            except MemoryError:
                return _NO_MEMORY  # this worker may be full of what others asked for; the pool asks a fresh one once more
            except RecursionError:
                word, result = _REFUSED, b"is nested too deeply"
            else:
                word = _DONE
            signal.setitimer(signal.ITIMER_PROF, 0)
            if len(result) > MOST_RESULT:
                word, result = _REFUSED, b"makes too much"
            _answer(word, result)
        if _address_space() - began_with > GROWN:
            return _RENEW
    return 0


def _address_space() -> int:
    """Of this process, in octets; what RLIMIT_AS counts (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


def _read_frame() -> bytes | None:
    head = _read_exactly(_LENGTH)
    return None if head is None else _read_exactly(int.from_bytes(head, "big"))


def _read_exactly(length: int) -> bytes | None:
    parts = []
    while length:
        part = os.read(_IN, min(length, 1 << 20))
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _answer(word: int, body: bytes) -> None:
    frame = memoryview((len(body) + 1).to_bytes(_LENGTH, "big") + bytes((word,)) + body)
    while frame:
        frame = frame[os.write(_OUT, frame) :]


def _describe_death(status: int, seconds: float) -> tuple[int, bytes]:
    """The first octet of the answer, and the sentence."""
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGPROF:
        return _STOPPED, f"takes more than {seconds * 1000:g} ms of processor time".encode()
    if code == _NO_MEMORY:
        return _DIED, b"needs too much memory"
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return _DIED, f"needs too much memory, or ended unexpectedly ({how})".encode()


if __name__ == "__main__":
    main()
