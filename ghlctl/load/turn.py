"""One worker's part in one run: welcomed, prepared, sent on the master's mark, accounted for."""

import resource
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ghlctl.errors import GhlctlError, NotMeasuredError, UsageError
from ghlctl.load import control, messages, parent
from ghlctl.load.address import address_of
from ghlctl.load.bell import Bell
from ghlctl.load.clocks import this_machine
from ghlctl.load.exchange import (
    Bye,
    Ended,
    Fit,
    FromMaster,
    Go,
    Halt,
    Reached,
    Report,
    Taken,
    Welcome,
    Zero,
)
from ghlctl.load.judgement import cautions_of, keeping_up
from ghlctl.load.messages import Refused, Said
from ghlctl.load.outbox import Outbox
from ghlctl.load.plan import LoadPlan
from ghlctl.load.session import Ending, Preparation, Session, end, open_session, prepare, running
from ghlctl.load.tie import Tie, report_every
from ghlctl.load.waiting import aside
from ghlctl.model.caution import Caution
from ghlctl.store.samples import has_samples
from ghlctl.transport.address import addresses_of, require_authorised

_TO_BEGIN_S = 3600.0  # others may still be awaited; the master says when it gives up
_LAST_WORD_S = 5.0
_TO_LEAVE_S = 600.0  # samples may be many, and the way back slow
Tell = Callable[[messages.FromChild], None]


@dataclass(slots=True)
class Heard:
    """What the master has said so far; its word to stop rings the bell."""

    bell: Bell
    welcome: Welcome | None = None
    go: Go | None = None
    zeros: dict[int, int] = field(default_factory=dict)
    refused: Refused | None = None
    halted: bool = False
    dismissed: bool = False
    outbox: Outbox | None = None

    def hear(self, said: FromMaster) -> None:
        match said:
            case Welcome():
                self.welcome = said
            case Go():
                self.go = said
            case Zero(segment, after_ns):
                self.zeros[segment] = after_ns
            case Refused():
                self.refused = said
            case Halt():
                self.halted = True
                self.bell.ring()
            case Taken() if self.outbox is not None:
                self.outbox.taken()
            case Bye():
                self.dismissed = True
            case _:
                pass


@dataclass(slots=True)
class Meeting:
    """Asked by the wire loop's thread when a segment begins; the tie's thread carries it over."""

    origin_ns: int
    zeros: dict[int, int]
    asked: deque[Reached] = field(default_factory=deque)
    known: set[int] = field(default_factory=set)

    def agree(self, segment: int, earliest_ns: int) -> int | None:
        if segment not in self.known:
            self.known.add(segment)
            self.asked.append(Reached(segment, earliest_ns - self.origin_ns))
        after_ns = self.zeros.get(segment)
        return None if after_ns is None else self.origin_ns + after_ns


@dataclass(frozen=True, slots=True)
class Turn:
    """What a worker needs while it takes part; `warnings` are Locust's so far."""

    tie: Tie
    heard: Heard
    bell: Bell
    warnings: list[Caution]
    tell: Tell


def take_part(turn: Turn) -> bool:
    """Send this worker's share; whether all of it could be sent.

    Raise a GhlctlError for a run that it cannot take part in, or that was broken off.
    """
    turn.tie.hear = turn.heard.hear
    _await(turn, lambda: turn.heard.welcome is not None)
    if turn.heard.welcome is None:
        raise NotMeasuredError("the master did not say what to send", "is it one of ghlctl")
    plan, machine = turn.heard.welcome.plan, turn.heard.welcome.machine
    report_every(plan.share.of)
    turn.tell(Said(f"joined as worker {plan.share.index} of {plan.share.of}"))
    with _folder(turn, plan) as folder:
        own = msgspec.structs.replace(plan, folder=folder)
        try:
            prepared = aside(lambda: _prepare(own, machine))
        except GhlctlError as fault:
            turn.tie.say(messages.refusal(fault))
            turn.tie.wait_calmly(lambda: turn.heard.refused is not None, _LAST_WORD_S)
            raise
        turn.tie.say(Fit(prepared.lead_ns))
        _await(turn, lambda: turn.heard.go is not None)
        return _send(turn, prepared, away=folder != plan.folder)


@contextmanager
def _folder(turn: Turn, plan: LoadPlan) -> Iterator[str]:
    """The one that the master named; else one of our own, until the master has what is in it."""
    if plan.folder:
        yield plan.folder
        return
    own = Path(tempfile.mkdtemp(prefix="ghlctl-worker-"))
    try:
        yield str(own)
    finally:
        if turn.heard.dismissed or not has_samples(own):
            shutil.rmtree(own, ignore_errors=True)
        else:
            turn.tell(Said(f"the master does not have all samples: they are in {own}"))


def _prepare(plan: LoadPlan, machine: str) -> Preparation:
    """Keys, names and permissions are looked at here, on the machine that will send."""
    require_authorised(plan.url, plan.authorized)
    address = address_of(plan.url)
    found = addresses_of(address.host, address.port)
    if machine != this_machine() and any(each.is_loopback for each in found):
        raise UsageError(
            f"the receiver's host {address.host} means another machine here than at the master",
            "name the receiver by an address that is the same for all workers",
        )
    return prepare(plan, lambda: None)


def _send(turn: Turn, prepared: Preparation, *, away: bool) -> bool:
    tie, heard = turn.tie, turn.heard
    if heard.go is None:
        raise NotMeasuredError("the master did not say when to begin", "is it one of ghlctl")
    meeting = Meeting(heard.go.origin_ns, heard.zeros)
    session = open_session(prepared, turn.bell, heard.go.origin_ns, meeting.agree)
    tie.report = lambda: _report(session)
    outbox = heard.outbox = Outbox(Path(prepared.plan.folder), tie.say) if away else None
    with running(session) as wire:
        while not wire.done():
            control.breathe(lambda: wire.done() or bool(meeting.asked))
            _pump(turn, session, meeting)
            if outbox is not None:
                outbox.look()
    ending = aside(lambda: end(session, wire))
    left = turn.bell.rung and not heard.halted
    control.add_all(tie.stats(), session.recorder.tallies)
    if outbox is not None:
        outbox.rest()
        _await(turn, lambda: outbox.empty, _TO_LEAVE_S, calmly=True)
    tie.report_now()
    tie.say(_ended(turn, session, ending, left=left))
    _await(turn, lambda: heard.dismissed, _TO_LEAVE_S, calmly=True)
    return not ending.account.aborted


def _pump(turn: Turn, session: Session, meeting: Meeting) -> None:
    while meeting.asked:
        turn.tie.say(meeting.asked.popleft())
    broken = session.recorder.fault is not None
    unwanted = turn.heard.refused is not None or turn.tie.master_is_gone
    if broken or unwanted or parent.is_gone():
        turn.bell.ring()
    control.add_all(turn.tie.stats(), session.recorder.tallies)


def _report(session: Session) -> Report:
    totals = session.recorder.totals
    progress = session.progress(session.waited_s())
    return Report(progress, totals.lateness.pack(), totals.response.pack())


def _ended(turn: Turn, session: Session, ending: Ending, *, left: bool) -> Ended:
    totals, account = session.recorder.totals, ending.account
    return Ended(
        report=Report(ending.progress, totals.lateness.pack(), totals.response.pack()),
        aborted=account.aborted,
        left=left,
        keeping_up=keeping_up(account),
        cautions=(*cautions_of(account), *turn.warnings),
        cpu_s=sum(map(_cpu_s, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))),
    )


def _cpu_s(whose: int) -> float:
    usage = resource.getrusage(whose)
    return usage.ru_utime + usage.ru_stime


def _await(
    turn: Turn, condition: Callable[[], bool], most_s: float = _TO_BEGIN_S, *, calmly: bool = False
) -> None:
    """Until the condition holds; raise for a refusal. `calmly`: a rung bell is no news any more."""

    def over() -> bool:
        return condition() or turn.heard.refused is not None

    wait = turn.tie.wait_calmly if calmly else turn.tie.wait
    wait(over, most_s)
    if turn.heard.refused is not None:
        raise messages.as_error(turn.heard.refused)
