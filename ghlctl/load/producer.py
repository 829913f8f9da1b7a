"""The process that makes and signs deliveries: `python -m ghlctl.load.producer`.

A process of its own, because the wire loop must never wait for the interpreter's lock. It takes
the plan as the first line of its standard input, then orders; it writes frames.
"""

import os
import selectors
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ghlctl.errors import GhlctlError
from ghlctl.load import messages
from ghlctl.load.frames import pack
from ghlctl.load.messages import Begin, Credit, End, Ready
from ghlctl.load.plan import LoadPlan, decode_plan
from ghlctl.load.production import ClosedProduction, OpenProduction, closed_choices
from ghlctl.load.schedule import ClosedSegment, OpenSegment, Segment
from ghlctl.load.split import own_segments
from ghlctl.load.stencil import pack_stencil
from ghlctl.load.workshop import Copy, Order, Workshop, fresh_id, open_workshop, rehearse, spares

AHEAD_NS = 3_000_000_000
_BATCH = 32
_REHEARSALS = 16
_IDLE_S = 0.05
_STDIN, _STDOUT = 0, 1
AT_ONCE = 500  # fresh events that are made without a pause, at the begin of a segment
_TOGETHER = 8  # one wake-up for several events
PAUSE_S = {OpenSegment: 0.0005, ClosedSegment: 0.01}
"""After that, between two fresh events: a closed segment goes as fast as it can, and what the
producer takes is taken from the wire loop's share of the machine."""


class Orders:
    """What the wire loop asked for so far; `gone` when it is no longer there."""

    def __init__(self) -> None:
        self.begun: dict[int, int] = {}
        self.credit: Counter[int] = Counter()
        self.ended: set[int] = set()
        self.gone = False
        self._unread = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(_STDIN, selectors.EVENT_READ)

    def first_line(self) -> bytes:
        """The plan: one with captures in it can be long, so it is not searched again and again."""
        received = bytearray()
        while b"\n" not in self._unread and not self.gone:
            received += self._unread
            self._unread = b""
            self._read()
        line, _, self._unread = self._unread.partition(b"\n")
        return bytes(received + line)

    def look(self, wait_s: float) -> None:
        """Take in what has come, waiting at most `wait_s` for it."""
        if self._selector.select(wait_s):
            self._read()
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            self._obey(line)

    def _read(self) -> None:
        received = os.read(_STDIN, 65536)
        self.gone = not received
        self._unread += received

    def _obey(self, line: bytes) -> None:
        match messages.to_producer(line):
            case Begin(segment, base_unix_ns):
                self.begun[segment] = base_unix_ns
            case Credit(segment, count):
                self.credit[segment] += count
            case End(segment):
                self.ended.add(segment)


def main() -> int:
    orders = Orders()
    try:
        plan = decode_plan(orders.first_line())
        workshop = open_workshop(plan, os.environ, os.cpu_count() or 1)
        first = [] if plan.recordings else [*spares(workshop, plan, time.time())]
        ready = Ready(
            _rehearse(workshop, plan),
            stencils=bool(first),
            locations=tuple(workshop.locations),
        )
    except GhlctlError as fault:
        _write(messages.encode(messages.refusal(fault)) + b"\n")
        return 1
    _write(messages.encode(ready) + b"\n")
    try:
        _write(b"".join(map(pack_stencil, first)))
        _produce(plan, workshop, orders, stencils=ready.stencils)
    except BrokenPipeError:  # the wire loop ended first: that is its right
        return 0
    return 0


def _step_back() -> None:
    """The wire loop comes first: without fresh events it is on time with earlier ones."""
    if sys.platform == "linux":
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)


def _rehearse(workshop: Workshop, plan: LoadPlan) -> float:
    """Seconds for one delivery, after a first round that fills every cache."""
    now = time.time()
    orders = [
        Order(event, now, f"{number:036d}")
        for number, event in enumerate(([*plan.events] * _REHEARSALS)[:_REHEARSALS])
    ]
    rehearse(workshop, plan, orders)
    if plan.recordings:
        workshop.make([Copy(0, now, now, orders[0].delivery_id)])  # or a scheme cannot sign it
    began = time.perf_counter()
    rehearse(workshop, plan, orders)
    return (time.perf_counter() - began) / len(orders)


def _produce(plan: LoadPlan, workshop: Workshop, orders: Orders, *, stencils: bool) -> None:
    for number, segment in enumerate(own_segments(plan)):
        while number not in orders.begun and not orders.gone:
            orders.look(1.0)
        if orders.gone:
            return
        if stencils:
            contents = _contents(plan, segment, orders.begun[number])
            _produce_stencils(Stretch(number, segment, contents), workshop, orders)
            continue
        match segment:
            case OpenSegment():
                base = orders.begun[number]
                _produce_open(OpenProduction(workshop, number, segment, base), orders)
            case ClosedSegment():
                choices = closed_choices(plan, segment.stage)
                _produce_closed(ClosedProduction(workshop, number, segment, choices), orders)


@dataclass(frozen=True, slots=True)
class Stretch:
    """One segment's deliveries, duplicates left out: event index and unix second of each."""

    number: int
    segment: Segment
    contents: Iterator[tuple[int, float]]


def _produce_stencils(stretch: Stretch, workshop: Workshop, orders: Orders) -> None:
    """Fresh events in the order of the plan, until the wire loop wants no more of this segment.

    The first ones are made before the segment begins, and so that nothing keeps them from it.
    """

    def over() -> bool:
        return orders.gone or stretch.number in orders.ended

    for made, (event, at) in enumerate(stretch.contents):
        if made == AT_ONCE:
            _step_back()
        if made >= AT_ONCE and made % _TOGETHER == 0:
            orders.look(_TOGETHER * PAUSE_S[type(stretch.segment)])
        while not over() and time.time() < at - AHEAD_NS / 1e9:
            _step_back()
            orders.look(_IDLE_S)
        if over():
            return
        order = Order(workshop.events[event], at, fresh_id())
        stencil = workshop.stencil(order, segment=stretch.number, event=event)
        if stencil is None:
            raise TypeError("a plan whose first deliveries had holes has one without")
        _write(pack_stencil(stencil))
    while not over():
        orders.look(1.0)


def _contents(plan: LoadPlan, segment: Segment, base_ns: int) -> Iterator[tuple[int, float]]:
    match segment:
        case OpenSegment():
            first = segment.attempt == 1
            columns = segment.event[first].tolist(), segment.offset_ns[first].tolist()
            for event, offset_ns in zip(*columns, strict=True):
                yield event, (base_ns + offset_ns) / 1e9
        case ClosedSegment():
            for event, _ in closed_choices(plan, segment.stage):
                yield event, time.time()


def _produce_open(production: OpenProduction, orders: Orders) -> None:
    while (due := production.next_due_unix_ns()) is not None and not orders.gone:
        horizon = time.time_ns() + AHEAD_NS
        if due > horizon:
            orders.look(min(_IDLE_S, (due - horizon) / 1e9))
            continue
        _write(b"".join(map(pack, production.make(horizon, _BATCH))))


def _produce_closed(production: ClosedProduction, orders: Orders) -> None:
    number = production.number
    while number not in orders.ended and not orders.gone:
        orders.look(0.0 if orders.credit[number] else 1.0)
        count = min(orders.credit[number], _BATCH)
        if count:
            orders.credit[number] -= count
            _write(b"".join(map(pack, production.make(count, time.time()))))


def _write(text: bytes) -> None:
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(_STDOUT, rest) :]


if __name__ == "__main__":
    sys.exit(main())
