"""Which of our modules does a piece of work enter? A tracer that counts every module of which a function is called.

Every module entered is a file that a reader of that path opens, so the number is kept small on purpose.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

PACKAGE: Final = "posthouse."


@contextmanager
def entered_modules() -> Iterator[set[str]]:
    """The names of the modules entered on this thread while the context is open; the set fills while it is.

    Coroutines that other tasks of the same loop run meanwhile are counted too.
    """
    entered: set[str] = set()

    def trace(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            name = frame.f_globals.get("__name__", "")
            if name.startswith(PACKAGE):
                entered.add(name)

    before = sys.getprofile()
    sys.setprofile(trace)
    try:
        yield entered
    finally:
        sys.setprofile(before)
