"""The engine's process: `python -m ghlctl.load.child`, its plan a line on standard input.

Speaks JSON lines on its standard output. Ends by itself when the plan is done, on SIGINT and
SIGTERM, and when the other end of its standard input is gone.
"""

import gc
import logging
import os
import resource
import select
import signal
import stat
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ghlctl.errors import GhlctlError, NotMeasuredError, StoreError
from ghlctl.load import messages
from ghlctl.load.address import address_of, resolve, tls_context
from ghlctl.load.connection import Route
from ghlctl.load.cost import read_cost
from ghlctl.load.judgement import Account, cautions_of, keeping_up
from ghlctl.load.messages import Finished, FromChild, Noted, Prepared, Progress, Ready, Started
from ghlctl.load.pacing import LEAD_NS, Pacing
from ghlctl.load.piped import Piped
from ghlctl.load.plan import LoadPlan, decode_plan
from ghlctl.load.poller import make_poller, sharpen_timers
from ghlctl.load.pressed import Pressed
from ghlctl.load.producer import AT_ONCE
from ghlctl.load.producing import Producer
from ghlctl.load.recorder import Recorder
from ghlctl.load.retries import rule_of
from ghlctl.load.schedule import (
    ClosedSegment,
    OpenSegment,
    Segment,
    event_names,
    planned,
    segments_of,
)
from ghlctl.load.supply import Supply
from ghlctl.load.wire import Wire
from ghlctl.model.caution import Caution
from ghlctl.scenario.scenario import Burst

_STDIN = 0
_PIPE_BYTES = 65_536
_PROGRESS_S = 0.5
_SWITCH_S = 0.0002  # the wire loop waits at most this long for a thread that holds the lock
_OWN_DESCRIPTORS = 64
_FIRST_SECOND_NS = 1_000_000_000
_LONGEST_LEAD_NS = 5_000_000_000


class Bell:
    """Wakes the wire loop to stop it; may be rung from a signal handler, and before it runs."""

    def __init__(self) -> None:
        self.fd, self._ring = os.pipe()
        os.set_blocking(self._ring, False)
        self.rung = False

    def ring(self) -> None:
        if not self.rung:
            self.rung = True
            os.write(self._ring, b"!")


@dataclass(slots=True)
class Session:
    """One run inside this process."""

    plan: LoadPlan
    segments: tuple[Segment, ...]
    producer: Producer
    supply: Supply
    recorder: Recorder
    wire: Wire
    pacing: Pacing
    bell: Bell
    origin_ns: int
    asked_bound: int
    said_s: float = 0.0

    def run(self) -> None:
        """The wire loop's thread."""
        sharpen_timers()
        self.pacing.run(self.origin_ns)

    def waited_s(self) -> float:
        """Run-queue wait so far of what the schedule depends on: a modest producer is not."""
        modest = isinstance(self.supply, Pressed)
        costs = (read_cost(os.getpid()), None if modest else self.producer.cost())
        return sum(cost.run_queue_wait_s for cost in costs if cost is not None)

    def cpu_s(self) -> float:
        """CPU so far of all that makes this load."""
        costs = (read_cost(os.getpid()), self.producer.cost(), read_cost(self.recorder.pid))
        return sum(cost.cpu_s for cost in costs if cost is not None)

    def progress(self, waited_s: float) -> Progress:
        totals, wire, now = self.recorder.totals, self.wire, time.monotonic_ns()
        due = self.pacing.due(now)
        return Progress(
            elapsed_s=max(0, now - self.origin_ns) / 1e9,
            planned=max(planned(self.segments), due),
            due=due,
            sent=wire.attempts.sent,
            done=totals.done,
            dropped=totals.dropped,
            in_flight=wire.attempts.in_flight,
            connections=wire.attempts.opened,
            errors=dict(totals.errors),
            lateness_p99_ms=totals.lateness.quantile_ms(0.99),
            response_p50_ms=totals.response.quantile_ms(0.5),
            response_p99_ms=totals.response.quantile_ms(0.99),
            run_queue_wait_s=waited_s,
            retries=totals.retries,
            cpu_s=self.cpu_s(),
        )

    def account(self, elapsed_s: float) -> Account:
        return Account(
            totals=self.recorder.totals,
            aborted=self.wire.aborted,
            elapsed_s=elapsed_s,
            hungry_s=self.wire.hungry_ns / 1e9,
            cut_off=self.wire.attempts.cut_off,
            bound=self.wire.attempts.bound,
            asked_bound=self.asked_bound,
            producer_died=self.pacing.producer_died,
            forgone=self.wire.retries.forgone,
        )

    def pump(self) -> None:
        """Called by Locust's user a few times a second."""
        if _parent_is_gone() or self.recorder.fault is not None:
            self.bell.ring()
        now = time.monotonic()
        if now - self.said_s >= _PROGRESS_S:
            self.said_s = now
            _say(self.progress(self.waited_s()))


def main() -> int:
    bell = Bell()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: bell.ring())
    try:
        line = _first_line()
        if not line:
            return 1  # the parent died before it said what to do
        session = _prepare(decode_plan(line), bell)
    except GhlctlError as fault:
        _say(messages.refusal(fault))
        return 1
    return _run(session)


def _first_line() -> bytes:
    """The plan: its headers may be secret, so it is never a file nor an argument."""
    received = bytearray()
    while not received.endswith(b"\n"):
        some = os.read(_STDIN, _PIPE_BYTES)
        if not some:
            return b""
        received += some
    return bytes(received)


def _prepare(plan: LoadPlan, bell: Bell) -> Session:
    """Everything that can fail or takes time, before the first arrival's moment is set."""
    producer = Producer(plan, os.environ)  # makes its sources while Locust is imported here
    recorder = _recorder(plan)
    try:
        import ghlctl.load.control  # noqa: F401, PLC0415 - Locust takes a while: not before the others run

        route = _route(plan)
        segments = segments_of(plan)
        ready = producer.ready()
        supply: Supply = Pressed(producer, plan, os.environ) if ready.stencils else Piped(producer)
        recorder.ready()
        origin_ns = time.monotonic_ns() + _lead_ns(segments[0], ready)
        if plan.agreed_start:
            origin_ns = _agreed(origin_ns)
    except GhlctlError:
        recorder.close()
        producer.close()
        raise
    rule = rule_of(plan, os.environ, counted_from_ns=origin_ns + round(plan.warmup_s * 1e9))
    wire = Wire(route, supply, make_poller(), bell.fd, recorder.take, rule)
    grace_s = plan.timeout_s if plan.grace_s is None else plan.grace_s
    pacing = Pacing(segments, wire, supply, grace_ns=round(grace_s * 1e9))
    asked = max(plan.max_in_flight, _most_slots(segments))
    recorder.start(origin_ns, ready.locations)
    return Session(plan, segments, producer, supply, recorder, wire, pacing, bell, origin_ns, asked)


def _recorder(plan: LoadPlan) -> Recorder:
    bursts = [number for number, stage in enumerate(plan.stages) if isinstance(stage, Burst)]
    return Recorder(Path(plan.folder), event_names(plan), warmup_s=plan.warmup_s, bursts=bursts)


def _agreed(origin_ns: int) -> int:
    """The moment that all engines of a live comparison begin at; never before `origin_ns`."""
    _say(Prepared(origin_ns))
    word = _first_line()
    if not word:
        raise NotMeasuredError("nobody said when to begin", "")
    return max(origin_ns, int(word))


def _route(plan: LoadPlan) -> Route:
    address = address_of(plan.url)
    tls = tls_context(insecure=plan.insecure, ca_file=plan.ca_file) if address.tls else None
    asked = max(plan.max_in_flight, _most_slots(segments_of(plan)))
    bound = min(asked, _descriptors() - _OWN_DESCRIPTORS)
    return Route(address, resolve(address), tls, round(plan.timeout_s * 1e9), bound)


def _most_slots(segments: Sequence[Segment]) -> int:
    return max(
        (each.concurrency for each in segments if isinstance(each, ClosedSegment)), default=1
    )


def _descriptors() -> int:
    """Raise this process's limit on open files as far as it may, and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else sys.maxsize


def _lead_ns(first: Segment, ready: Ready) -> int:
    """Time enough to sign what is due in the first second, before that second begins."""
    if not isinstance(first, OpenSegment):
        return LEAD_NS
    count = int(first.offset_ns.searchsorted(_FIRST_SECOND_NS))
    if ready.stencils:
        count = min(count, AT_ONCE)  # events enough; the signatures are made when they are due
    return LEAD_NS + min(round(1.5e9 * count * ready.cost_s), _LONGEST_LEAD_NS)


def _run(session: Session) -> int:
    from ghlctl.load import control  # noqa: PLC0415 - imported before, see _prepare

    logging.getLogger().addHandler(control.ToCautions(_caution))
    began_unix_ns = time.time_ns() + session.origin_ns - time.monotonic_ns()
    session.supply.begin(0, session.segments[0], began_unix_ns)
    _say(Started(began_unix_ns, planned(session.segments)))
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()  # a collection in the send path would be lateness; the loop makes no cycles
    gc.disable()
    with ThreadPoolExecutor(1, "wire") as pool:
        wire = pool.submit(session.run)
        control.run_locust(lambda: not wire.done(), session.recorder.tallies, session.pump)
    return _finish(session, wire)


def _finish(session: Session, wire: "Future[None]") -> int:
    elapsed_s = (time.monotonic_ns() - session.origin_ns) / 1e9
    waited_s = session.waited_s()  # while the producer can still be asked
    session.producer.close()
    try:
        session.recorder.close()
    except StoreError as fault:
        _say(messages.refusal(fault))
        return 1
    wire.result()  # a defect of the loop ends this process loudly, after the samples are safe
    account = session.account(elapsed_s)
    for caution in cautions_of(account):
        _say(Noted(caution))
    _say(Finished(account.aborted, keeping_up(account), session.progress(waited_s)))
    return 0


def _parent_is_gone() -> bool:
    """Only a pipe says so: by hand, standard input may be anything."""
    if not stat.S_ISFIFO(os.fstat(_STDIN).st_mode):
        return False
    readable, _, _ = select.select([_STDIN], [], [], 0)
    return bool(readable) and not os.read(_STDIN, 1)


def _caution(text: str) -> None:
    _say(Noted(Caution("locust", text, "a warning of the engine's control plane")))


def _say(message: FromChild) -> None:
    try:
        os.write(1, messages.encode(message) + b"\n")
    except BrokenPipeError:  # nobody listens any more; the samples matter more
        return


if __name__ == "__main__":
    sys.exit(main())
