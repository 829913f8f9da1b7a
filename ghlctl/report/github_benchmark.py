"""github-action-benchmark's customSmallerIsBetter: times and errors, with half their interval."""

import json

from ghlctl.report import numbers
from ghlctl.report.document import Document, LoadView, short_names
from ghlctl.report.series import Point, points

Entry = dict[str, str | float]


def render(document: Document) -> str:
    """A list; throughput is left out, because more of it is better and one file has one way."""
    entries = [
        _entry(load, point)
        for load in short_names(document).loads
        for point in points(load)
        if point.smaller_is_better
    ]
    return json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _entry(load: LoadView, point: Point) -> Entry:
    entry: Entry = {
        "name": f"{load.label}: {point.metric}",
        "unit": point.unit,
        "value": point.value,
    }
    if point.interval is not None:
        reach = max(point.interval.high - point.value, point.value - point.interval.low)
        entry["range"] = f"± {reach:.4g}"
        entry["extra"] = f"{point.interval.n} blocks, {numbers.count(point.n)} requests"
    else:
        entry["extra"] = f"no interval, {numbers.count(point.n)} requests"
    return entry
