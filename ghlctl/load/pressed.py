"""Requests that are printed and signed in the wire loop, from events that the producer makes."""

import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final

from ghlctl.load.frames import EVENT_BITS, STAGE_BITS, Ready, tag_of
from ghlctl.load.plan import LoadPlan
from ghlctl.load.press import Press
from ghlctl.load.producing import Producer
from ghlctl.load.production import CLOSED_OFFSET_NS, closed_choices
from ghlctl.load.schedule import ClosedSegment, OpenSegment, Segment, event_names
from ghlctl.load.stencil import SPARE, unpack_stencils
from ghlctl.load.supply import AT_ONCE
from ghlctl.providers.catalogue import provider_named
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.hmac_timestamp import prepare
from ghlctl.store.keys import resolve_key

STOCK: Final = 1500  # fresh events that wait in this process; the pipe holds the rest back
_LITTLE_BYTES: Final = 16 * 1024
_AHEAD_NS: Final = 10_000_000
_WINDOW: Final = 4096


class Pressed:
    """Each request is made just before it goes."""

    def __init__(self, producer: Producer, plan: LoadPlan, environ: Mapping[str, str]) -> None:
        self.frames: deque[Ready] = deque()
        self.fd = producer.fd
        self.ended = False
        self._producer = producer
        self._plan = plan
        scheme = scheme_named(plan.scheme)
        key = scheme.read_signing_key(resolve_key(plan.key_ref, environ))
        moment = provider_named(plan.provider).moment
        self._press = Press(prepare(key), moment, len(event_names(plan)))
        self._unread = b""
        self._number = 0
        self._base_unix_ns = 0
        self._lines: Iterator[_Line] = iter(())
        self._line: _Line | None = None
        self._kept: dict[int, tuple[int, bytes, bytes]] = {}
        self._twice: frozenset[int] = frozenset()
        self._tags: list[tuple[int, int]] = []
        self._choices: Iterator[tuple[int, bool]] = iter(())
        self._choice = (0, False)

    def hungry(self) -> bool:
        return self._press.stock < STOCK and not self.ended

    def take_in(self) -> None:
        try:
            received = os.read(self.fd, _LITTLE_BYTES)
        except BlockingIOError:
            return
        if not received:
            self.ended = True
            return
        stencils, self._unread = unpack_stencils(self._unread + received)
        for stencil in stencils:
            if stencil.segment in (self._number, SPARE):
                self._press.add(stencil)

    def begin(self, number: int, segment: Segment, base_unix_ns: int) -> None:
        self._number = number
        self.frames.clear()
        self._press.forget_fresh()
        self._base_unix_ns = base_unix_ns
        self._kept.clear()
        self._twice = frozenset()
        match segment:
            case OpenSegment():
                self._twice = frozenset(segment.original[segment.attempt > 1].tolist())
                self._lines = _lines(segment)
                self._line = next(self._lines, None)
            case ClosedSegment():
                types = range(len(self._plan.events))
                self._tags = [
                    (tag_of(segment.stage, event, 1), tag_of(segment.stage, event, 2))
                    for event in types
                ]
                self._choices = closed_choices(self._plan, segment.stage)
                self._choice = next(self._choices)
        self._producer.begin(number, base_unix_ns)

    def due(self) -> None:
        horizon = time.time_ns() + _AHEAD_NS - self._base_unix_ns
        for _ in range(0 if self.ended else AT_ONCE):
            line = self._line
            if line is None or (self.frames and line[0] > horizon):
                return
            made = self._print(line)
            if made is None:
                return
            location, name, request = made
            self.frames.append((line[0], line[1] | location, name, request))
            self._line = next(self._lines, None)

    def slots(self, room: int, sent: int) -> None:  # noqa: ARG002 - nothing is made ahead
        frames, now, make = self.frames, time.time_ns(), self._press.make
        while len(frames) < room and not self.ended:
            event, twice = self._choice
            made = make(event, now)
            if made is None:
                return
            name, request = made
            location = self._press.location
            first, again = self._tags[event]
            frames.append((CLOSED_OFFSET_NS, first | location, name, request))
            if twice:
                frames.append((CLOSED_OFFSET_NS, again | location, name, request))
            self._choice = next(self._choices)

    def end(self) -> None:
        self._producer.end(self._number)

    def _print(self, line: "_Line") -> tuple[int, bytes, bytes] | None:
        offset_ns, _, event, row, original = line
        if row != original:
            return self._kept.pop(original)
        printed = self._press.make(event, self._base_unix_ns + offset_ns)
        if printed is None:
            return None
        made = (self._press.location, *printed)
        if row in self._twice:
            self._kept[row] = made
        return made


_Line = tuple[int, int, int, int, int]
"""One arrival: offset in ns, tag, event, its row, and the row whose delivery it is."""


def _lines(segment: OpenSegment) -> Iterator[_Line]:
    tags = segment.stage << STAGE_BITS | segment.event << EVENT_BITS | segment.attempt
    columns = (segment.offset_ns, tags, segment.event, segment.original)
    for begin in range(0, len(segment), _WINDOW):
        window = slice(begin, begin + _WINDOW)
        lists = (column[window].tolist() for column in columns)
        for row, (offset_ns, tag, event, original) in enumerate(zip(*lists, strict=True), begin):
            yield offset_ns, tag, event, row, original
