"""The key beside the embedded database: made once, for its owner alone, never replaced."""

import os
import stat
from pathlib import Path

import pytest

from posthouse.ops import secret_key
from posthouse.store.postgres.refusal import StoreRefusal


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    assert secret_key.read_key(tmp_path) is None
    key = secret_key.create_key(tmp_path, os.urandom)
    assert len(key) >= 43
    assert secret_key.create_key(tmp_path, os.urandom) == key
    assert secret_key.read_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / secret_key.FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [secret_key.FILE]


def test_what_a_crash_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / f".{secret_key.FILE}.{os.getpid()}").write_text("half")
    assert secret_key.read_key(tmp_path) is None
    assert secret_key.create_key(tmp_path, os.urandom) == secret_key.read_key(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_file_that_holds_no_key_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    (tmp_path / secret_key.FILE).write_bytes(content)
    with pytest.raises(StoreRefusal, match="secret"):
        secret_key.read_key(tmp_path)
    assert (tmp_path / secret_key.FILE).read_bytes() == content


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreRefusal, match="cannot be written"):
        secret_key.create_key(tmp_path / "missing", os.urandom)
