"""Locust as the control plane: its runner, its statistics, its events; no request is its own.

One user stands for the whole engine, which is a native thread.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ghlctl.load.recorder import Tally
from ghlctl.load.unpatched import (
    Environment,
    StatsEntry,
    StatsError,
    User,
    bucket_response_time,
    gevent,
    task,
)
from ghlctl.load.web import web_page
from ghlctl.model.address import shown_url

PUMP_S = 0.25
_LOOK_S = 0.05
_LONG_S = 3600.0
_METHOD = "POST"


class Sender(User):
    """Stands for an engine among Locust's users; what sends is the wire loop."""

    @task
    def send(self) -> None:
        while True:
            gevent.sleep(_LONG_S)


class ToCautions(logging.Handler):
    """Hands warnings of Locust and everything under it on, so that none is swallowed."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage().splitlines()[0])


@dataclass(frozen=True, slots=True)
class Place:
    """What Locust's page shows as the host, where it is shown, and what its Stop does."""

    url: str
    web_port: int | None
    stop: Callable[[], None]


def environment_for(place: Place) -> Any:
    """Locust's environment of a run; the URL in it is without its secrets."""
    return Environment(user_classes=[Sender], host=shown_url(place.url))


@contextmanager
def locust_alone(place: Place) -> Iterator[Callable[[], Any]]:
    """Locust's local runner with one user; yields what gives its statistics."""
    environment = environment_for(place)
    runner = environment.create_local_runner()
    with web_page(environment, place.web_port, place.stop):
        runner.start(1, spawn_rate=1)
        runner.spawning_greenlet.join()  # it clears the statistics
        yield lambda: environment.stats
        runner.quit()


def breathe(over: Callable[[], bool]) -> None:
    """Let Locust work for a pump's time, or until it is over."""
    until = time.monotonic() + PUMP_S
    while not over() and time.monotonic() < until:
        gevent.sleep(_LOOK_S)


def add_all(stats: Any, tallies: deque[Tally]) -> None:
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
