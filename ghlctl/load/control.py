"""Locust as the control plane: its runner, its statistics, its events; no request is its own.

One user runs the whole engine, which is a native thread. Locust's monkey-patching is switched
off: the engine needs the system's sockets, threads and clocks, and this thread's hub none.
"""

import logging
import os
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import numpy as np

from ghlctl.load.recorder import Tally

os.environ["LOCUST_SKIP_MONKEY_PATCH"] = "1"  # read by Locust while it is imported

import gevent
from locust import User, task
from locust.env import Environment
from locust.stats import StatsEntry, StatsError, bucket_response_time

PUMP_S = 0.25
_LOOK_S = 0.05
_METHOD = "POST"


class ToCautions(logging.Handler):
    """Hands warnings of Locust and everything under it on, so that none is swallowed."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage().splitlines()[0])


def run_locust(alive: Callable[[], bool], tallies: deque[Tally], pump: Callable[[], None]) -> None:
    """Run Locust's local runner until `alive` is False; `pump` is called four times a second."""

    class Sender(User):
        @task
        def send(self) -> None:
            while alive():
                _breathe(alive)
                _add_all(self.environment.stats, tallies)
                pump()
            self.environment.runner.quit()

    environment = Environment(user_classes=[Sender])
    runner = environment.create_local_runner()
    runner.start(1, spawn_rate=1)
    runner.greenlet.join()
    _add_all(environment.stats, tallies)


def _breathe(alive: Callable[[], bool]) -> None:
    until = time.monotonic() + PUMP_S
    while alive() and time.monotonic() < until:
        gevent.sleep(_LOOK_S)


def _add_all(stats: Any, tallies: deque[Tally]) -> None:
    while tallies:
        tally = tallies.popleft()
        for entry in (stats.total, stats.get(tally.event, _METHOD)):
            add_in_bulk(entry, tally, time.time())
        _add_errors(stats, tally)


def add_in_bulk(entry: StatsEntry, tally: Tally, now: float) -> None:
    """What StatsEntry.log does for one request, for a whole chunk."""
    count, second = len(tally.response_ms), int(now)
    last = entry.last_request_timestamp
    if entry.use_response_times_cache and last and second > int(last):
        entry._cache_response_times(second - 1)  # noqa: SLF001 - Locust's percentiles of the last seconds need it
    least, most = int(tally.response_ms.min()), int(tally.response_ms.max())
    entry.num_requests += count
    entry.num_reqs_per_sec[second] += count
    entry.last_request_timestamp = now
    entry.total_response_time += int(tally.response_ms.sum())
    known = entry.min_response_time
    entry.min_response_time = least if known is None else min(known, least)
    entry.max_response_time = max(entry.max_response_time, most)
    values, counts = np.unique(tally.response_ms, return_counts=True)
    for value, times in zip(values.tolist(), counts.tolist(), strict=True):
        entry.response_times[bucket_response_time(value)] += times
    failures = tally.failures.total()
    if failures:
        entry.num_failures += failures
        entry.num_fail_per_sec[second] += failures


def _add_errors(stats: Any, tally: Tally) -> None:
    failures: Counter[str] = tally.failures
    for kind, count in failures.items():
        key = StatsError.create_key(_METHOD, tally.event, kind)
        error = stats.errors.setdefault(key, StatsError(_METHOD, tally.event, kind))
        error.occurrences += count
