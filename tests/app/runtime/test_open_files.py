"""Claims about open files: the soft limit is raised, and connections leave room for everything else."""

import subprocess
import sys

from posthouse.app.runtime.open_files import connection_slots

_RAISED = """
import resource
from posthouse.app.runtime.open_files import raise_soft_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (256, {hard}))
print(raise_soft_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    command = [sys.executable, "-c", _RAISED.format(hard=700)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == ["700"] * 3


def test_connections_take_nine_tenths_of_the_files_without_a_reserve() -> None:
    assert connection_slots(20_000, 1) == 17_936
    assert connection_slots(20_000, 2) == 8_968
    assert connection_slots(64, 3) == 16
