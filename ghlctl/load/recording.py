"""A captured file as a part of the plan: when each delivery came, and where in the file it is.

The file is read once, line by line, before anything is sent; bodies stay in the file until their
moment comes. What is kept of a capture is some 40 bytes, and while the file is read its id.
"""

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from ghlctl.errors import UsageError
from ghlctl.load.frames import ATTEMPT_MASK
from ghlctl.model.sample import Ints
from ghlctl.scenario.bounds import MAX_DURATION_S, MAX_LOCATIONS
from ghlctl.scenario.scenario import Replay, Stage
from ghlctl.transport.capture import Captured, Line, read_lines
from ghlctl.transport.replay import delivery_id_of, end_to_end, event_type_of, location_of_body
from ghlctl.transport.sendable import fault_in

MOST_CAPTURES = 1_000_000
_MOST_TYPES = 10_000
_LONGEST_NAME = 200
_COLUMNS = ("offset_ns", "begin", "line", "event", "location", "first")


class Recording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The columns are int64, as bytes, in the order of the captured moments.

    `first` is the row of the first capture of the same delivery: a sender that sent it again
    named it alike. `event` and `location` index the tuples, -1 for no location. `left_out` counts
    captures that are no POST.
    """

    path: str
    size: int
    events: tuple[str, ...]
    locations: tuple[str, ...]
    offset_ns: bytes
    begin: bytes
    line: bytes
    event: bytes
    location: bytes
    first: bytes
    left_out: int = 0

    def column(self, name: str) -> Ints:
        """One of the columns as an array that must not be written to."""
        return np.frombuffer(getattr(self, name), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.offset_ns) // 8


@dataclass(slots=True)
class _Survey:
    """Columns in the order of the file; a capture is let go as soon as it is noted."""

    at: "array[float]" = field(default_factory=lambda: array("d"))
    begin: "array[int]" = field(default_factory=lambda: array("q"))
    line: "array[int]" = field(default_factory=lambda: array("q"))
    event: "array[int]" = field(default_factory=lambda: array("q"))
    location: "array[int]" = field(default_factory=lambda: array("q"))
    delivery: "array[int]" = field(default_factory=lambda: array("q"))
    events: dict[str, int] = field(default_factory=dict)
    locations: dict[str, int] = field(default_factory=dict)
    deliveries: dict[str, int] = field(default_factory=dict)

    def note(self, line: Line) -> None:
        one = line.captured
        body = one.raw()
        named, location = delivery_id_of(one), location_of_body(body)
        self.at.append(one.at)
        self.begin.append(line.begin)
        self.line.append(line.number)
        self.event.append(_number(self.events, event_type_of(body)))
        self.location.append(_number(self.locations, location) if location else -1)
        self.delivery.append(_number(self.deliveries, named) if named else -line.number)


def recordings_of(stages: Iterable[Stage]) -> tuple[Recording, ...]:
    """One for each replay among the stages; raise UsageError for a file that is none."""
    return tuple(
        survey(Path(stage.path), stage.speed) for stage in stages if isinstance(stage, Replay)
    )


def survey(path: Path, speed: float = 1.0) -> Recording:
    """Read the whole file once; UsageError for what cannot be replayed, with the line of it."""
    noted, left_out = _Survey(), 0
    for line in read_lines(path):
        if line.captured.method != "POST":
            left_out += 1
            continue
        check_sendable(line.captured, f"{path}:{line.number}")
        noted.note(line)
        _check_bounds(noted, path)
    if not noted.at:
        raise UsageError(f"{path} holds no captured delivery", "ghlctl listen writes such files")
    at_s = np.frombuffer(noted.at, dtype=np.float64)
    order = np.argsort(at_s, kind="stable")
    since_s = at_s[order] - at_s[order[0]]
    _check_span(float(since_s[-1]) / speed, path)
    columns = {name: np.frombuffer(getattr(noted, name), np.int64)[order] for name in _COLUMNS[1:5]}
    columns["offset_ns"] = np.rint(since_s * 1e9).astype(np.int64)
    columns["first"] = _first_rows(np.frombuffer(noted.delivery, dtype=np.int64)[order])
    return Recording(
        path=str(path.resolve()),
        size=path.stat().st_size,
        events=tuple(noted.events),
        locations=tuple(noted.locations),
        left_out=left_out,
        **{name: columns[name].tobytes() for name in _COLUMNS},
    )


def attempts(first: Ints) -> Ints:
    """The number of each capture among those of its delivery, from 1; a tag holds no more."""
    order = np.argsort(first, kind="stable")
    grouped = first[order]
    starts = np.searchsorted(grouped, grouped)
    numbers = np.empty(len(first), dtype=np.int64)
    numbers[order] = np.arange(len(first)) - starts + 1
    return np.minimum(numbers, ATTEMPT_MASK)


def check_sendable(one: Captured, where: str) -> None:
    """Raise UsageError for a header that no HTTP request can carry."""
    if not math.isfinite(one.at):
        raise UsageError(f"{where}: this delivery came at no time", "at is in unix seconds")
    headers = end_to_end(one.headers)
    fault = fault_in(headers)
    if fault:
        raise UsageError(f"{where}: {fault}", "remove that header there")
    for name, value in headers:
        if not value.isascii() and max(value) > "\xff":
            raise UsageError(f"{where}: header {name} has characters beyond Latin-1", "remove it")


def _check_bounds(noted: _Survey, path: Path) -> None:
    if len(noted.at) > MOST_CAPTURES:
        raise UsageError(
            f"{path} holds more than {MOST_CAPTURES:,} deliveries", "replay it in parts"
        )
    if len(noted.locations) > MAX_LOCATIONS or len(noted.events) > _MOST_TYPES:
        raise UsageError(
            f"{path} names more locations or event types than a run holds", "replay it in parts"
        )


def _check_span(seconds: float, path: Path) -> None:
    if seconds > MAX_DURATION_S:
        raise UsageError(
            f"{path} takes {seconds / 86_400:,.1f} days to replay at this speed",
            f"raise the speed until it takes {MAX_DURATION_S / 86_400:.0f} days at most",
        )


def _first_rows(delivery: Ints) -> Ints:
    """The first row at which each row's delivery stands."""
    _, first, number = np.unique(delivery, return_index=True, return_inverse=True)
    return first[number].astype(np.int64)


def _number(table: dict[str, int], text: str) -> int:
    shown = text[:_LONGEST_NAME].encode("utf-8", "replace").decode()  # a body may say anything
    return table.setdefault(shown, len(table))
