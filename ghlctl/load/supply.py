"""What the wire loop sends, and where it comes from: signed in the producer, or printed here."""

import os
import time
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from ghlctl.load.frames import EVENT_BITS, STAGE_BITS, Ready, tag_of, unpack
from ghlctl.load.plan import LoadPlan
from ghlctl.load.press import Press
from ghlctl.load.producing import Producer
from ghlctl.load.production import CLOSED_OFFSET_NS, closed_choices
from ghlctl.load.schedule import ClosedSegment, OpenSegment, Segment, event_names
from ghlctl.load.stencil import SPARE, unpack_stencils
from ghlctl.providers.catalogue import provider_named
from ghlctl.signing.catalogue import scheme_named
from ghlctl.signing.hmac_timestamp import prepare
from ghlctl.store.keys import resolve_key

AT_ONCE: Final = 16  # sends between two looks at the replies, so that no reply is stamped late
ENOUGH: Final = 256
STOCK: Final = 1500  # fresh events that wait in this process; the pipe holds the rest back
_READ_BYTES: Final = 256 * 1024
_LITTLE_BYTES: Final = 16 * 1024
_AHEAD_NS: Final = 10_000_000
_CREDIT_NS: Final = 250_000_000
_WINDOW: Final = 4096


class Supply(Protocol):
    """`frames` holds what can be sent, oldest first; `fd` is readable when more can be taken in.

    `ended`: the producer is gone, and what it made is used up.
    """

    frames: deque[Ready]
    fd: int
    ended: bool

    def hungry(self) -> bool:
        """Whether there is room for more of what comes through the pipe."""
        ...

    def take_in(self) -> None:
        """Read what the pipe holds."""
        ...

    def begin(self, number: int, segment: Segment, base_unix_ns: int) -> None:
        """From here on only deliveries of `segment` are of use."""
        ...

    def due(self) -> None:
        """An open segment has nothing at hand: see to it."""
        ...

    def slots(self, room: int, sent: int) -> None:
        """A closed segment has sent `sent` and has `room` slots that wait."""
        ...

    def end(self) -> None:
        """Nothing more is wanted of this segment."""
        ...


class Piped:
    """Every request comes whole from the producer: signatures too dear for the wire loop."""

    def __init__(self, producer: Producer) -> None:
        self.frames: deque[Ready] = deque()
        self.fd = producer.fd
        self.ended = False
        self._producer = producer
        self._unread = b""
        self._number = 0
        self._credit: _Credit | None = None

    def hungry(self) -> bool:
        return len(self.frames) < ENOUGH and not self.ended

    def take_in(self) -> None:
        try:
            received = os.read(self.fd, _READ_BYTES)
        except BlockingIOError:
            return
        if not received:
            self.ended = True
            return
        frames, self._unread = unpack(self._unread + received)
        for segment, tag, offset_ns, name, request in frames:
            if segment == self._number:
                self.frames.append((offset_ns, tag, name, request))

    def begin(self, number: int, segment: Segment, base_unix_ns: int) -> None:
        self._number = number
        self.frames.clear()
        self._producer.begin(number, base_unix_ns)
        self._credit = _Credit(segment) if isinstance(segment, ClosedSegment) else None

    def due(self) -> None:
        self.take_in()

    def slots(self, room: int, sent: int) -> None:  # noqa: ARG002 - credit runs ahead of the slots
        if self._credit is not None:
            asked = self._credit.lacking(sent)
            if asked:
                self._producer.credit(self._number, asked)

    def end(self) -> None:
        self._producer.end(self._number)


class _Credit:
    """How many deliveries a closed segment has asked for: a quarter second's worth ahead.

    More would go out with old timestamps, fewer would make slots wait for a signature.
    """

    def __init__(self, segment: ClosedSegment) -> None:
        self._ahead = max(2 * segment.concurrency, AT_ONCE)
        self._least = self._ahead
        self._most = segment.iterations
        self._given = 0
        self._counted = (0, time.monotonic_ns())

    def lacking(self, sent: int) -> int:
        """How many more to ask for: none before half of what was asked for has gone out."""
        before, at_ns = self._counted
        now = time.monotonic_ns()
        if now - at_ns > _CREDIT_NS:
            self._ahead = max(self._least, sent - before)
            self._counted = (sent, now)
        wanted = sent + self._ahead
        if self._most is not None:
            wanted = min(wanted, self._most)
        lacking = wanted - self._given
        if lacking <= 0 or (2 * lacking < self._ahead and wanted != self._most):
            return 0
        self._given += lacking
        return lacking


class Pressed:
    """The producer makes events; each request is printed and signed here, just before it goes."""

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
        self._kept: dict[int, tuple[bytes, bytes]] = {}
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
            self.frames.append((line[0], line[1], *made))
            self._line = next(self._lines, None)

    def slots(self, room: int, sent: int) -> None:  # noqa: ARG002 - nothing is made ahead
        frames, now = self.frames, time.time_ns()
        while len(frames) < room and not self.ended:
            event, twice = self._choice
            made = self._press.make(event, now)
            if made is None:
                return
            first, again = self._tags[event]
            name, request = made
            frames.append((CLOSED_OFFSET_NS, first, name, request))
            if twice:
                frames.append((CLOSED_OFFSET_NS, again, name, request))
            self._choice = next(self._choices)

    def end(self) -> None:
        self._producer.end(self._number)

    def _print(self, line: "_Line") -> tuple[bytes, bytes] | None:
        offset_ns, _, event, row, original = line
        if row != original:
            return self._kept.pop(original)
        made = self._press.make(event, self._base_unix_ns + offset_ns)
        if made is not None and row in self._twice:
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
