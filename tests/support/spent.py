"""Processor time of something, as a bound wants it: not what other threads or the collector did meanwhile."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is done inside takes less of this thread's processor time. The collector waits: its walks grow with the whole test
    run.
    """
    gc.disable()
    begun = time.thread_time()
    try:
        yield
    finally:
        spent = time.thread_time() - begun
        gc.enable()
    assert spent < seconds, f"{spent:.2f} s"
