"""Samples as CSV: one row per attempt, for spreadsheets and notebooks."""

import pandas as pd

from ghlctl.model.sample import NEVER, Samples, Texts
from ghlctl.report.csv import word

_TIMES = ("intended_ns", "sent_ns", "first_byte_ns", "done_ns")


def samples_as_csv(samples: Samples) -> str:
    """Times in ms from the run's origin; a time that never came is an empty cell."""
    columns: dict[str, object] = {
        "delivery_id": _words(samples.delivery_id),
        "event": _words(samples.event),
        "attempt": samples.attempt,
        "stage": samples.stage,
        "warmup": samples.warmup,
        "retry": samples.retry,
        "location": _words(samples.location),
    }
    for name in _TIMES:
        nanoseconds = pd.Series(getattr(samples, name), dtype="Int64")
        moments = nanoseconds.mask(nanoseconds == NEVER)
        columns[name.replace("_ns", "_ms")] = moments.astype("Float64") / 1e6
    columns["status"] = samples.status
    columns["error"] = _words(samples.error)
    return pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")


def _words(texts: Texts) -> list[str]:
    return [word(text) for text in texts]
