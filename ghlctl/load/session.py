"""One run inside an engine's process: prepared, opened at a moment, run, accounted for."""

import gc
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ghlctl.errors import GhlctlError
from ghlctl.load.address import address_of, resolve, tls_context
from ghlctl.load.bell import Bell
from ghlctl.load.connection import Route
from ghlctl.load.cost import read_cost
from ghlctl.load.judgement import Account
from ghlctl.load.messages import Progress, Ready
from ghlctl.load.pacing import LEAD_NS, Agree, Pacing, alone
from ghlctl.load.piped import Piped
from ghlctl.load.plan import LoadPlan
from ghlctl.load.poller import make_poller, sharpen_timers
from ghlctl.load.pressed import Pressed
from ghlctl.load.producer import AT_ONCE
from ghlctl.load.producing import Producer
from ghlctl.load.recorder import Recorder
from ghlctl.load.retries import rule_of
from ghlctl.load.schedule import ClosedSegment, OpenSegment, Segment, event_names, planned
from ghlctl.load.split import own_segments
from ghlctl.load.supply import Supply
from ghlctl.load.wire import Wire
from ghlctl.scenario.scenario import Burst

_SWITCH_S = 0.0002  # the wire loop waits at most this long for a thread that holds the lock
_OWN_DESCRIPTORS = 64
_FIRST_SECOND_NS = 1_000_000_000
_LONGEST_LEAD_NS = 5_000_000_000


@dataclass(frozen=True, slots=True)
class Preparation:
    """Everything that can fail or takes time; `lead_ns` must lie before the first arrival."""

    plan: LoadPlan
    segments: tuple[Segment, ...]
    producer: Producer
    supply: Supply
    recorder: Recorder
    route: Route
    locations: tuple[str, ...]
    asked_bound: int
    lead_ns: int


@dataclass(slots=True)
class Session:
    """A prepared run whose first arrival has its moment, `origin_ns` of the monotonic clock."""

    prepared: Preparation
    wire: Wire
    pacing: Pacing
    origin_ns: int
    began_unix_ns: int

    @property
    def recorder(self) -> Recorder:
        return self.prepared.recorder

    def run(self) -> None:
        """The wire loop's thread."""
        sharpen_timers()
        self.pacing.run(self.origin_ns)

    def waited_s(self) -> float:
        """Run-queue wait so far of what the schedule depends on: a modest producer is not."""
        modest = isinstance(self.prepared.supply, Pressed)
        costs = (read_cost(os.getpid()), None if modest else self.prepared.producer.cost())
        return sum(cost.run_queue_wait_s for cost in costs if cost is not None)

    def cpu_s(self) -> float:
        """CPU so far of all that makes this load."""
        prepared = self.prepared
        costs = (
            read_cost(os.getpid()),
            prepared.producer.cost(),
            read_cost(prepared.recorder.pid),
        )
        return sum(cost.cpu_s for cost in costs if cost is not None)

    def progress(self, waited_s: float) -> Progress:
        totals, wire, now = self.recorder.totals, self.wire, time.monotonic_ns()
        due = self.pacing.due(now)
        return Progress(
            elapsed_s=max(0, now - self.origin_ns) / 1e9,
            planned=max(planned(self.prepared.segments), due),
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
            asked_bound=self.prepared.asked_bound,
            producer_died=self.pacing.producer_died,
            forgone=self.wire.retries.forgone,
        )


@dataclass(frozen=True, slots=True)
class Ending:
    """What is known when every row is on disk."""

    account: Account
    progress: Progress


def prepare(plan: LoadPlan, meanwhile: Callable[[], None]) -> Preparation:
    """Raise a GhlctlError for what cannot begin; `meanwhile` is done while the others start."""
    producer = Producer(plan, os.environ)
    recorder = _recorder(plan)
    try:
        meanwhile()
        segments = own_segments(plan)
        asked = max(plan.max_in_flight, _most_slots(segments))
        route = _route(plan, asked)
        ready = producer.ready()
        supply: Supply = Pressed(producer, plan, os.environ) if ready.stencils else Piped(producer)
        recorder.ready()
    except GhlctlError:
        recorder.close()
        producer.close()
        raise
    _settle_memory()
    return Preparation(
        plan=plan,
        segments=segments,
        producer=producer,
        supply=supply,
        recorder=recorder,
        route=route,
        locations=ready.locations,
        asked_bound=asked,
        lead_ns=_lead_ns(segments[0], ready),
    )


def _recorder(plan: LoadPlan) -> Recorder:
    bursts = [number for number, stage in enumerate(plan.stages) if isinstance(stage, Burst)]
    return Recorder(Path(plan.folder), event_names(plan), warmup_s=plan.warmup_s, bursts=bursts)


def _settle_memory() -> None:
    """A collection in the send path would be lateness; the loop makes no cycles."""
    gc.collect()
    gc.freeze()
    gc.disable()


def open_session(
    prepared: Preparation, bell: Bell, origin_ns: int, agree: Agree = alone
) -> Session:
    """Set the first arrival's moment; `agree` says when each later segment begins."""
    plan = prepared.plan
    rule = rule_of(plan, os.environ, counted_from_ns=origin_ns + round(plan.warmup_s * 1e9))
    take = prepared.recorder.take
    wire = Wire(prepared.route, prepared.supply, make_poller(), bell.fd, take, rule)
    grace_s = plan.timeout_s if plan.grace_s is None else plan.grace_s
    grace_ns = round(grace_s * 1e9)
    pacing = Pacing(prepared.segments, wire, prepared.supply, grace_ns=grace_ns, agree=agree)
    began_unix_ns = time.time_ns() + origin_ns - time.monotonic_ns()
    prepared.recorder.start(origin_ns, prepared.locations)
    prepared.supply.begin(0, prepared.segments[0], began_unix_ns)
    return Session(prepared, wire, pacing, origin_ns, began_unix_ns)


@contextmanager
def abandoned_unless_open(prepared: Preparation) -> Iterator[None]:
    """End what was prepared where the run is not begun after all."""
    try:
        yield
    except GhlctlError:
        prepared.recorder.close()
        prepared.producer.close()
        raise


@contextmanager
def running(session: Session) -> "Iterator[Future[None]]":
    """The wire loop on a thread of its own; what it yields is done when that has ended."""
    sys.setswitchinterval(_SWITCH_S)
    with ThreadPoolExecutor(1, "wire") as pool:
        yield pool.submit(session.run)


def end(session: Session, wire: "Future[None]") -> Ending:
    """Close everything; raise StoreError where samples could not be written."""
    elapsed_s = (time.monotonic_ns() - session.origin_ns) / 1e9
    waited_s = session.waited_s()  # while the producer can still be asked
    session.prepared.producer.close()
    session.recorder.close()
    wire.result()  # a defect of the loop ends this process loudly, after the samples are safe
    return Ending(session.account(elapsed_s), session.progress(waited_s))


def _route(plan: LoadPlan, asked: int) -> Route:
    address = address_of(plan.url)
    tls = tls_context(insecure=plan.insecure, ca_file=plan.ca_file) if address.tls else None
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
