"""Rows as a table of samples, column by column: a text is never made for each row."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ghlctl.load.counted import Assignment
from ghlctl.load.identity import ID_BYTES
from ghlctl.load.rows import KINDS, Rows
from ghlctl.model.sample import NEVER, Ints
from ghlctl.store.samples import SCHEMA

_UNNAMED: Final = ("",)


class Sampling:
    """Knows the names that rows carry numbers of; raise UnicodeError for what is no text."""

    def __init__(self, task: Assignment, locations: tuple[str, ...]) -> None:
        self._events = pa.array(task.events, pa.string())
        self._locations = pa.array(_UNNAMED + locations, pa.string())
        self._kinds = pa.array([kind.value for kind in KINDS], pa.string())
        self._warmup_ns = task.warmup_ns

    def table(self, rows: Rows, origin_ns: int) -> pa.Table:
        """In the order of the rows, with times from `origin_ns`."""
        intended = rows.intended - origin_ns
        found = {
            "delivery_id": _ids(rows.ids),
            "event": _labels(rows.event, self._events),
            "intended_ns": intended,
            "sent_ns": _after(origin_ns, rows.sent),
            "first_byte_ns": _after(origin_ns, rows.first_byte),
            "done_ns": _after(origin_ns, rows.done),
            "status": rows.status,
            "error": _labels(rows.error, self._kinds),
            "attempt": rows.attempt,
            "stage": rows.stage,
            "warmup": (intended < self._warmup_ns) | rows.warmup,
            "retry": rows.retry,
            "location": _labels(rows.location, self._locations),
        }
        return pa.table([pa.array(found[field.name]) for field in SCHEMA], schema=SCHEMA)


def _after(origin_ns: int, moments: Ints) -> Ints:
    return np.where(moments == NEVER, NEVER, moments - origin_ns)


def _labels(numbers: Ints, names: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(numbers.astype(np.int32), names)


def _ids(ids: npt.NDArray[np.bytes_]) -> pa.Array:
    """All are equally long but those of arrivals that were never made: one look at their ends."""
    if not ids.view(np.uint8)[ID_BYTES - 1 :: ID_BYTES].all():
        return pa.array([text.decode() for text in ids.tolist()], pa.string())
    ends = np.arange(len(ids) + 1, dtype=np.int32) * ID_BYTES
    return pa.StringArray.from_buffers(len(ids), pa.py_buffer(ends), pa.py_buffer(ids.tobytes()))
