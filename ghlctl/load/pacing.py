"""When to send: the arrivals of open segments at their moments, the slots of closed ones."""

import time
from collections.abc import Callable, Sequence

from ghlctl.load.frames import tag_of
from ghlctl.load.schedule import ClosedSegment, OpenSegment, Segment
from ghlctl.load.supply import AT_ONCE, Supply
from ghlctl.load.wire import Wire

LEAD_NS = 100_000_000
_NEVER_NS = 2**62
_MEETING_NS = 5_000_000

Agree = Callable[[int, int], int | None]
"""Gets a segment's number and the earliest moment at which it could begin here; answers with
the moment at which it begins everywhere, or with None while that is not known yet."""

_now = time.monotonic_ns


def alone(_segment: int, earliest_ns: int) -> int:
    """Where nobody else sends, a segment begins when it can."""
    return earliest_ns


class Pacing:
    """Runs the segments once, one after another, on the wire loop's thread."""

    def __init__(
        self,
        segments: Sequence[Segment],
        wire: Wire,
        supply: Supply,
        *,
        grace_ns: int,
        agree: Agree = alone,
    ) -> None:
        self.producer_died = False
        self._segments = segments
        self._wire = wire
        self._supply = supply
        self._grace_ns = grace_ns
        self._agree = agree
        self._begun: list[tuple[Segment, int, int]] = []

    def run(self, origin_ns: int) -> None:
        """Send everything, wait for what is in flight, hand over every row.

        The supply has begun to make the first segment's deliveries, with its zero at `origin_ns`.
        """
        base_ns = origin_ns
        for number, segment in enumerate(self._segments):
            if number:
                base_ns = self._zero_of(number, max(base_ns, _now() + LEAD_NS))
                if self._wire.aborted:
                    break
                self._supply.begin(number, segment, base_ns + time.time_ns() - _now())
            self._begun.append((segment, base_ns, self._wire.attempts.sent))
            match segment:
                case OpenSegment():
                    base_ns = self._run_open(segment, base_ns)
                case ClosedSegment():
                    base_ns = self._run_closed(segment, base_ns)
            if self._wire.aborted:
                break
            if number + 1 < len(self._segments):
                self._wait(base_ns)
        self._wire.drain()

    def due(self, now_ns: int) -> int:
        """How many requests should have been sent by now; asked from other threads."""
        begun = [*self._begun]
        ends = [sent for _, _, sent in begun[1:]] + [self._wire.attempts.sent]
        total = 0
        for (segment, base_ns, sent), end in zip(begun, ends, strict=True):
            if isinstance(segment, OpenSegment):
                total += int(segment.offset_ns.searchsorted(now_ns - base_ns, side="right"))
            else:
                total += end - sent
        return total

    def _zero_of(self, number: int, earliest_ns: int) -> int:
        """When a later segment begins: all that send it must have come so far."""
        while (agreed := self._agree(number, earliest_ns)) is None and not self._wire.aborted:
            self._wire.turn(_now() + _MEETING_NS)
        return earliest_ns if agreed is None else agreed

    def _wait(self, until_ns: int) -> None:
        while _now() < until_ns and not self._wire.aborted:
            self._wire.turn(until_ns)

    def _run_open(self, segment: OpenSegment, base_ns: int) -> int:
        """The moment at which the next segment may begin."""
        wire, frames = self._wire, self._supply.frames
        end_ns = base_ns + segment.duration_ns
        give_up_ns = end_ns + self._grace_ns
        row = 0
        while row < len(segment) and not wire.aborted and _now() < give_up_ns:
            if not frames:
                self._supply.due()
            sent, held = self._send_due(base_ns)
            row += sent
            if frames or row == len(segment):
                waits = bool(frames) and not held
                wire.turn(base_ns + frames[0][0] if waits else give_up_ns, punctual=waits)
            else:
                self._starve(base_ns + int(segment.offset_ns[row]), give_up_ns)
        before_ns = min(_now(), end_ns) if wire.aborted else end_ns
        self._drop(segment, row, base_ns, before_ns)
        self._supply.end()
        return end_ns

    def _send_due(self, base_ns: int) -> tuple[int, bool]:
        """How many arrivals went out, and whether the bound on connections holds the next."""
        wire, frames = self._wire, self._supply.frames
        for sent in range(AT_ONCE):
            if not frames:
                return sent, False
            intended_ns = base_ns + frames[0][0]
            if intended_ns > _now():
                return sent, False
            connection = wire.attempts.connection()
            if connection is None:
                return sent, True
            _, tag, name, request = frames.popleft()
            wire.attempts.send(connection, tag, name, request, intended_ns)
        return AT_ONCE, False

    def _starve(self, due_ns: int, give_up_ns: int) -> None:
        """Nothing signed is at hand: wait for it, and remember when that makes arrivals late."""
        self._supply.due()
        if self._supply.frames:
            return
        if self._supply.ended:
            self.producer_died = self._wire.aborted = True
            return
        late = due_ns <= _now()
        self._wire.turn(give_up_ns if late else due_ns, hungry=late)

    def _drop(self, segment: OpenSegment, first: int, base_ns: int, before_ns: int) -> None:
        """A row for every arrival from `first` on that was due before `before_ns`."""
        end = int(segment.offset_ns.searchsorted(before_ns - base_ns, side="right"))
        window = slice(first, max(first, end))
        named = dict(enumerate(name for _, _, name, _ in self._supply.frames))
        columns = (segment.offset_ns, segment.stage, segment.event, segment.attempt)
        lines = zip(*(column[window].tolist() for column in columns), strict=True)
        for place, (offset_ns, *what) in enumerate(lines):
            self._wire.attempts.drop(base_ns + offset_ns, tag_of(*what), named.get(place, b""))

    def _run_closed(self, segment: ClosedSegment, base_ns: int) -> int:
        """The moment at which the last slot was done."""
        wire = self._wire
        end_ns = _NEVER_NS if segment.duration_ns is None else base_ns + segment.duration_ns
        left = _NEVER_NS if segment.iterations is None else segment.iterations
        self._supply.slots(0, 0)
        self._wait(base_ns)
        begun = wire.attempts.sent
        while wire.attempts.sent - begun < left and not wire.aborted and _now() < end_ns:
            self._fill_slots(segment, wire.attempts.sent - begun, left)
            hungry = wire.attempts.in_slots < segment.concurrency and not self._supply.frames
            if hungry and self._supply.ended:
                self.producer_died = wire.aborted = True
            elif wire.attempts.sent - begun < left:
                wire.turn(end_ns, hungry=hungry)
        self._supply.end()
        while wire.attempts.in_slots and not wire.aborted:
            wire.turn(_NEVER_NS)
        return _now()

    def _fill_slots(self, segment: ClosedSegment, sent: int, most: int) -> None:
        wire, frames = self._wire, self._supply.frames
        room = min(segment.concurrency - wire.attempts.in_slots, most - sent, AT_ONCE)
        self._supply.slots(room, sent)
        idle, send = wire.attempts.idle, wire.attempts.send_in_slot
        for _ in range(min(room, len(frames))):
            connection = idle.pop() if idle else wire.attempts.connection()
            if connection is None:
                return
            _, tag, name, request = frames.popleft()
            send(connection, tag, name, request)
