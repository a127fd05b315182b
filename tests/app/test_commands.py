"""The commands that start our own child processes name modules that exist and run."""

import subprocess
import sys
from importlib.util import find_spec
from typing import get_args

import msgspec
import pytest

from posthouse.app.child import child_command
from posthouse.app.runtime.child_spec import ChildSpec
from posthouse.app.runtime.confined import CPU_SECONDS, WorkKind, confined_command

COMMANDS = [child_command("worker"), *(confined_command(kind) for kind in get_args(WorkKind))]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[-1])
def test_a_command_runs_a_module_of_ours(command: tuple[str, ...]) -> None:
    interpreter, option, module, _ = command
    assert (interpreter, option) == (sys.executable, "-m")
    assert module.startswith("posthouse.app.")
    assert find_spec(module) is not None


def test_every_kind_of_confined_work_has_its_time() -> None:
    assert set(get_args(WorkKind)) == set(CPU_SECONDS)


def test_a_child_ends_at_once_where_its_parent_is_gone() -> None:
    spec = ChildSpec(
        role="worker",
        name="worker-0",
        dsn="postgresql://127.0.0.1:1/nothing",
        secret_keys=(),
        sockets={},
        ready=-1,
        metrics="",
        public_url="",
        parent=-1,
    )
    ended = subprocess.run(child_command("worker"), input=msgspec.json.encode(spec), capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
