"""What rows add to the run so far: counts, histograms, and replies per event type."""

import numpy as np

from ghlctl.load.counted import Assignment, Counted, EventCount
from ghlctl.load.histogram import Histogram
from ghlctl.load.rows import DROPPED, KINDS, Rows
from ghlctl.model.sample import ErrorKind, Flags, Ints


class Tallying:
    """Everything is of arrivals; of retries only their number."""

    def __init__(self, task: Assignment, origin_ns: int) -> None:
        self._bursts = task.bursts  # all due at one moment: all but the first are late by design
        self._counted_from_ns = origin_ns + task.warmup_ns

    def count(self, rows: Rows) -> Counted:
        retries = int(np.count_nonzero(rows.retry))
        if retries:
            rows = rows.where(rows.retry == 0)
        sent = rows.error != DROPPED
        done = int(sent.sum())
        response = rows.done - rows.intended
        return Counted(
            done=done,
            dropped=len(rows) - done,
            held=int((sent & rows.held).sum()),
            retries=retries,
            errors=_by_kind(rows.error),
            lateness=_packed((rows.sent - rows.intended)[self._free(rows, sent)]),
            response=_packed(response[sent]),
            events=tuple(
                _event_count(event, response[of_event], rows.error[of_event])
                for event in np.flatnonzero(np.bincount(rows.event[sent])).tolist()
                for of_event in (sent & (rows.event == event),)
            ),
        )

    def _free(self, rows: Rows, sent: Flags) -> Flags:
        """Which left as late as they did through this engine's own doing."""
        free = sent & ~rows.held & (rows.intended >= self._counted_from_ns)
        return free & ~np.isin(rows.stage, self._bursts) if self._bursts else free


def _by_kind(errors: Ints) -> dict[str, int]:
    counts = np.bincount(errors, minlength=len(KINDS)).tolist()
    return {
        kind.value: number
        for kind, number in zip(KINDS, counts, strict=True)
        if number and kind is not ErrorKind.NONE
    }


def _packed(values_ns: Ints) -> bytes:
    histogram = Histogram()
    histogram.add(values_ns)
    return histogram.pack()


def _event_count(event: int, response_ns: Ints, errors: Ints) -> EventCount:
    values, counts = np.unique(response_ns // 1_000_000, return_counts=True)
    return EventCount(event, values.tobytes(), counts.tobytes(), _by_kind(errors))
