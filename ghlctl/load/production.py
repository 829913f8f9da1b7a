"""What is made when: deliveries ahead of their moments, or as a closed segment asks for them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count, islice

import numpy as np

from ghlctl.load.frames import Frame, tag_of
from ghlctl.load.plan import LoadPlan
from ghlctl.load.schedule import (
    ClosedSegment,
    OpenSegment,
    choose_duplicates,
    choose_events,
)
from ghlctl.load.workshop import Copy, Made, Order, Workshop, fresh_id

CLOSED_OFFSET_NS = -1
_CLOSED_BATCH = 4096  # how many choices are drawn at once where no end is known


@dataclass(slots=True)
class OpenProduction:
    """Makes an open segment's frames in the order of their moments."""

    workshop: Workshop
    number: int
    segment: OpenSegment
    base_unix_ns: int
    _next: int = 0
    _kept: dict[int, tuple[bytes, Made]] = field(default_factory=dict)
    _twice: frozenset[int] = frozenset()
    _names: dict[int, tuple[str, float]] = field(default_factory=dict)
    _repeats: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        segment = self.segment
        again, captured = segment.attempt > 1, segment.capture >= 0
        self._twice = frozenset(segment.original[again & ~captured].tolist())
        self._repeats = Counter(segment.original[again & captured].tolist())

    def next_due_unix_ns(self) -> int | None:
        """When the next frame is wanted; None when there is none."""
        if self._next >= len(self.segment):
            return None
        return self.base_unix_ns + int(self.segment.offset_ns[self._next])

    def make(self, until_unix_ns: int, most: int) -> list[Frame]:
        """Up to `most` frames whose moments are before `until_unix_ns`."""
        window = self._window(until_unix_ns, most)
        segment, rows = self.segment, range(window.start, window.stop)
        columns = (segment.stage, segment.event, segment.attempt, segment.offset_ns)
        lines = list(zip(*(column[window].tolist() for column in columns), strict=True))
        originals, captures = (
            column[window].tolist() for column in (segment.original, segment.capture)
        )
        orders = [
            self._order(event, offset_ns)
            if capture < 0
            else self._copy(row, original, capture, offset_ns)
            for row, original, capture, (_, event, _, offset_ns) in zip(
                rows, originals, captures, lines, strict=True
            )
            if capture >= 0 or row == original
        ]
        ids = (order.delivery_id.encode() for order in orders)
        made = zip(ids, self.workshop.make(orders), strict=True)
        frames = []
        for row, original, capture, line in zip(rows, originals, captures, lines, strict=True):
            copied = capture < 0 and row != original
            delivery = self._kept.pop(original) if copied else next(made)
            if row in self._twice:
                self._kept[row] = delivery
            name, (location, request) = delivery
            stage, event, attempt, offset_ns = line
            tag = tag_of(stage, event, attempt, location)
            frames.append(Frame(self.number, tag, offset_ns, name, request))
        return frames

    def _window(self, until_unix_ns: int, most: int) -> slice:
        begin = self._next
        before = until_unix_ns - self.base_unix_ns
        end = int(self.segment.offset_ns.searchsorted(before, side="right"))
        self._next = max(begin, min(end, begin + most))
        return slice(begin, self._next)

    def _order(self, event: int, offset_ns: int) -> Order:
        at = (self.base_unix_ns + offset_ns) / 1e9
        return Order(self.workshop.events[event], at, fresh_id())

    def _copy(self, row: int, original: int, capture: int, offset_ns: int) -> Copy:
        """What was captured more than once is one delivery: one id, one moment in its body."""
        at = (self.base_unix_ns + offset_ns) / 1e9
        if row == original:
            name, happened_at = fresh_id(), at
            if self._repeats[original]:
                self._names[row] = (name, at)
            return Copy(capture, at, happened_at, name)
        name, happened_at = self._names[original]
        self._repeats[original] -= 1
        if not self._repeats[original]:
            del self._names[original]
        return Copy(capture, at, happened_at, name)


@dataclass(slots=True)
class ClosedProduction:
    """Makes a closed segment's frames as the wire loop asks for them."""

    workshop: Workshop
    number: int
    segment: ClosedSegment
    choices: Iterator[tuple[int, bool]]
    _again: list[Frame] = field(default_factory=list)

    def make(self, most: int, now_unix_s: float) -> list[Frame]:
        """`most` frames, stamped with the present: nobody knows yet when they will go."""
        frames: list[Frame] = []
        while len(frames) < most:
            if self._again:
                frames.append(self._again.pop())
                continue
            event, twice = next(self.choices)
            order = Order(self.workshop.events[event], now_unix_s, fresh_id())
            location, request = self.workshop.make([order])[0]
            tags = [tag_of(self.segment.stage, event, attempt, location) for attempt in (1, 2)]
            name = order.delivery_id.encode()
            frame = Frame(self.number, tags[0], CLOSED_OFFSET_NS, name, request)
            frames.append(frame)
            if twice:
                self._again.append(frame._replace(tag=tags[1]))
        return frames


def closed_choices(plan: LoadPlan, stage: int) -> Iterator[tuple[int, bool]]:
    """Event index and whether it is sent twice, without end, by the plan's seed and share."""
    every = chain.from_iterable(_choices(plan, stage))
    return islice(every, plan.share.index, None, plan.share.of)


def _choices(plan: LoadPlan, stage: int) -> Iterator[Iterable[tuple[int, bool]]]:
    for batch in count():
        salt = (stage << 32) + batch
        events = choose_events(plan, salt, _CLOSED_BATCH)
        twice = np.zeros(_CLOSED_BATCH, dtype=np.bool_)
        twice[choose_duplicates(plan, salt, _CLOSED_BATCH)] = True
        yield zip(events.tolist(), twice.tolist(), strict=True)
