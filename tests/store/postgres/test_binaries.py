"""Which Postgres programs are run."""

from pathlib import Path

import pytest

from posthouse.store.postgres.binaries import OLDEST, NoBinaries, find


def program(folder: Path, version: str) -> Path:
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


def test_the_wheels_programs_are_found_without_importing_its_python() -> None:
    found = find()
    assert found.major >= OLDEST
    assert found.postgres.is_file()
    assert found.initdb.is_file()


@pytest.mark.parametrize(
    ("version", "major"), [("15.4", 15), ("18.6 (Debian 18.6-1.pgdg12)", 18), ("19devel", 19), ("19beta1", 19)]
)
def test_an_own_folder_wins(tmp_path: Path, version: str, major: int) -> None:
    assert find(program(tmp_path, version)).major == major
    assert find(tmp_path).folder == tmp_path


def test_an_own_folder_that_does_not_serve_is_refused_by_name(tmp_path: Path) -> None:
    for folder in (tmp_path, program(tmp_path, "14.9")):
        with pytest.raises(NoBinaries, match=str(tmp_path)):
            find(folder)
