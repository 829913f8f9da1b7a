"""Samples as an HdrHistogram log, for the tools that read those: one histogram per interval.

Values are nanoseconds. Lines without a tag are the response times of all counted arrivals; tags
name an event type, and service_time, alone or with one. An arrival belongs to the interval in
which it was due; retries are in none.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import numpy as np

from ghlctl.model.run import Run
from ghlctl.model.sample import NEVER, Flags, Ints, Samples
from ghlctl.stats.hdr_histogram import encoded

_NS = 1_000_000_000
_MOST_INTERVALS: Final = 600
_LEGEND = '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'
_BREAKS = str.maketrans(dict.fromkeys(", \t\r\n\x0b\x0c", "_"))


def render_log(run: Run, samples: Samples) -> str:
    """The log, in the order of time; without a counted arrival that ended it holds no interval."""
    arrivals = samples.arrivals
    counted = arrivals.where(~arrivals.warmup & arrivals.sent & (arrivals.done_ns != NEVER))
    began_s = run.origin_unix_ns / _NS
    began = datetime.fromtimestamp(began_s, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    lines = [
        f"#[Logged by ghlctl {run.tool_version}, run {run.id}; nanoseconds]",
        "#[Histogram log format version 1.3]",
        f"#[StartTime: {began_s:.3f} (seconds since epoch), {began}]",
        f"#[BaseTime: {began_s:.3f} (seconds since epoch)]",
        _LEGEND,
        *_intervals(counted),
    ]
    return "\n".join(lines) + "\n"


def _intervals(counted: Samples) -> Iterator[str]:
    if not len(counted):
        return
    length_ns = _length_ns(counted.intended_ns)
    number = counted.intended_ns // length_ns  # ascending, as samples are read
    begins = np.flatnonzero(np.diff(number, prepend=-1)).tolist()
    for begin, end in pairwise([*begins, len(counted)]):
        start_s, length_s = int(number[begin]) * length_ns / _NS, length_ns / _NS
        interval = counted.where(np.arange(begin, end))
        response = interval.done_ns - interval.intended_ns
        service = interval.done_ns - interval.sent_ns
        for tag, rows in _tags(interval).items():
            yield _line(tag, start_s, length_s, response[rows])
            yield _line(_joined("service_time", tag), start_s, length_s, service[rows])


def _length_ns(intended_ns: Ints) -> int:
    """A second, or whole seconds where a run would have too many."""
    seconds = int(intended_ns.max() - intended_ns.min()) // _NS + 1
    return -(-seconds // _MOST_INTERVALS) * _NS


def _tags(interval: Samples) -> dict[str, Flags]:
    """The rows of each event type that there are some of, and under no name all of them."""
    every = np.ones(len(interval), dtype=np.bool_)
    names = sorted(set(interval.event.tolist()))
    return {"": every} | {name.translate(_BREAKS): interval.event == name for name in names}


def _joined(metric: str, tag: str) -> str:
    return f"{metric}:{tag}" if tag else metric


def _line(tag: str, begin_s: float, length_s: float, values_ns: Ints) -> str:
    label = f"Tag={tag}," if tag else ""
    most_ms = int(values_ns.max()) / 1e6
    return f"{label}{begin_s:.3f},{length_s:.3f},{most_ms:.3f},{encoded(values_ns)}"
