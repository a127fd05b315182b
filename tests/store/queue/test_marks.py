"""What a worker leaves behind when it is killed: its marks (D5)."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from posthouse.model.queue import AttemptKey
from posthouse.model.worker import Mark
from posthouse.store.queue.marks import FoundMarks, Marks

ONE, TWO = (AttemptKey(UUID(int=number), 0, 1) for number in (1, 2))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "marks"


def test_a_mark_is_found_and_what_was_cleared_is_not(path: Path) -> None:
    marks = Marks(path)
    kept, gone = marks.make(ONE), marks.make(TWO)
    assert kept is not None
    assert gone is not None
    marks.clear(gone)
    found = FoundMarks.revoke(path)
    assert (found.mark(ONE), found.mark(TWO)) == (Mark.MAY_HAVE_LEFT, None)
    marks.close()


def test_an_acceptance_is_remembered(path: Path) -> None:
    marks = Marks(path)
    slot = marks.make(ONE)
    assert slot is not None
    marks.record_acceptance(slot, Mark.DELIVERED)
    assert FoundMarks.revoke(path).mark(ONE) is Mark.DELIVERED
    marks.close()


def test_after_revocation_nothing_more_can_be_marked(path: Path) -> None:
    marks = Marks(path)
    FoundMarks.revoke(path)
    assert marks.make(ONE) is None
    assert marks.revoked
    assert FoundMarks.revoke(path).mark(ONE) is None
    marks.close()


def test_a_lost_file_says_nothing_so_everything_is_in_doubt(path: Path) -> None:
    assert FoundMarks.revoke(path).mark(ONE) is Mark.MAY_HAVE_LEFT


def test_marks_of_another_boot_say_nothing(path: Path) -> None:
    marks = Marks(path)
    data = bytearray(path.read_bytes())
    data[16:80] = b"another boot".ljust(64, b"\0")
    path.write_bytes(data)
    assert FoundMarks.revoke(path).mark(ONE) is Mark.MAY_HAVE_LEFT
    marks.close()


def test_only_a_worker_that_ended_is_an_orphan_and_its_marks_outlive_it(path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from uuid import UUID; from posthouse.model.queue import AttemptKey; "
        "from posthouse.store.queue.marks import Marks\n"
        "marks = Marks(Path(sys.argv[1])); marks.make(AttemptKey(UUID(int=1), 0, 1)); print('made', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "made\n"
        os.kill(worker.pid, signal.SIGSTOP)
        assert not FoundMarks.orphaned(path)
        worker.kill()
        worker.wait()
    assert FoundMarks.orphaned(path)
    assert FoundMarks.revoke(path).mark(ONE) is Mark.MAY_HAVE_LEFT


def test_a_worker_that_ends_in_order_leaves_nothing(path: Path) -> None:
    Marks(path).close()
    assert not path.exists()
