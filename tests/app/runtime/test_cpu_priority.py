"""Who steps back when the processor is short, as the kernel has it then."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own files are read")

STEP = """
import os, pathlib
from posthouse.app.runtime.cpu_priority import lower_priority
lower_priority({niceness}, batch={batch})
group = pathlib.Path("/proc/self/autogroup")
print(os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), *(group.read_text().split() if group.exists() else []))
"""


def stepped(niceness: int, *, batch: bool, session: bool) -> list[str]:
    code = STEP.format(niceness=niceness, batch=batch)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30, start_new_session=session
    ).stdout.split()


@pytest.mark.parametrize(("niceness", "batch"), [(5, True), (10, False)])
def test_a_process_that_leads_a_session_steps_back_with_it(niceness: int, batch: bool) -> None:
    nice, policy, *group = stepped(niceness, batch=batch, session=True)
    assert int(nice) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
    assert int(policy) == (os.SCHED_BATCH if batch else os.SCHED_OTHER)
    if group:
        assert group[-2:] == ["nice", str(niceness)]


def test_the_session_of_somebody_else_is_left_alone() -> None:
    ours = Path("/proc/self/autogroup")
    # the kernel has no such file, or leaves it empty: the session of the machine's first process belongs to no group
    before = ours.read_text(encoding="ascii").split() if ours.exists() else []
    assert stepped(5, batch=False, session=False)[2:] == before
