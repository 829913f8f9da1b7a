"""Waiting in a process whose hub is Locust's: never so that it stops answering."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from ghlctl.load.unpatched import gevent

_SOON_S = 0.001
_LOOK_S = 0.01
Made = TypeVar("Made")


def wait_for(condition: Callable[[], bool], most_s: float) -> bool:
    """Let Locust work until the condition holds; whether it came to hold in time."""
    deadline = time.monotonic() + most_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        gevent.sleep(_SOON_S)
    return True


def aside(work: Callable[[], Made]) -> Made:
    """Do what takes long on a thread, and let Locust go on meanwhile; raises what it raises."""
    with ThreadPoolExecutor(1, "aside") as pool:
        done: Future[Made] = pool.submit(work)
        while not done.done():
            gevent.sleep(_LOOK_S)
        return done.result()
