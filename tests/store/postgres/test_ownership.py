"""A directory has one owner at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from posthouse.store.postgres.ownership import DirectoryInUse, DirectoryUnusable, Ownership

TAKES = """
import sys
from pathlib import Path
from posthouse.store.postgres.ownership import Ownership
owned = Ownership.take(Path(sys.argv[1]))
print("owned", flush=True)
sys.stdin.read()
"""


def test_the_second_owner_hears_of_the_first(tmp_path: Path) -> None:
    owned = Ownership.take(tmp_path)
    with pytest.raises(DirectoryInUse) as refused:
        Ownership.take(tmp_path)
    assert refused.value.pid == os.getpid()
    owned.release()
    owned.release()
    Ownership.take(tmp_path).release()


def test_an_owner_that_is_killed_owns_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", TAKES, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(DirectoryInUse, match=str(other.pid)):
            Ownership.take(tmp_path)
        other.kill()
        other.wait()
        Ownership.take(tmp_path).release()


def test_the_folder_is_made_for_us_alone(tmp_path: Path) -> None:
    Ownership.take(tmp_path / "a" / "b").release()
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


def test_what_is_no_folder_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DirectoryUnusable, match="cannot be used"):
        Ownership.take(tmp_path / "file")
