"""The engine's process: `python -m ghlctl.load.child`, its plan a line on standard input.

Sends everything itself or, for a plan that is spread, is the master of the workers that do. It
ends by itself when the plan is done, on SIGINT and SIGTERM, and when its parent is gone.
"""

import logging
import sys
import time

from ghlctl.errors import GhlctlError, NotMeasuredError
from ghlctl.load import messages, parent
from ghlctl.load.bell import Bell, rung_by_signals
from ghlctl.load.judgement import cautions_of, keeping_up
from ghlctl.load.messages import Finished, Noted, Prepared, Started
from ghlctl.load.plan import LoadPlan, decode_plan
from ghlctl.load.schedule import planned
from ghlctl.load.session import Session, abandoned_unless_open, end, open_session, prepare, running

_PROGRESS_S = 0.5


def main() -> int:
    bell = rung_by_signals()
    parent.keep_stdout_clean()
    try:
        line = parent.first_line()
        if not line:
            return 1  # the parent died before it said what to do
        plan = decode_plan(line)
        if plan.spread.alone:
            return _send(plan, bell)
        from ghlctl.load.master import conduct  # noqa: PLC0415 - Locust takes a while, see _send

        return conduct(plan, bell)
    except GhlctlError as fault:
        parent.say(messages.refusal(fault))
        return 1


def _send(plan: LoadPlan, bell: Bell) -> int:
    prepared = prepare(plan, _import_locust)
    from ghlctl.load import control  # noqa: PLC0415 - imported before, while the producer started

    logging.getLogger().addHandler(control.ToCautions(parent.pass_warning_on))
    place = control.Place(plan.url, plan.spread.web_port, bell.ring)
    with control.locust_alone(place) as stats:
        with abandoned_unless_open(prepared):
            origin_ns = time.monotonic_ns() + prepared.lead_ns
            if plan.agreed_start:
                origin_ns = _agreed(origin_ns)
            session = open_session(prepared, bell, origin_ns)
        parent.say(Started(session.began_unix_ns, planned(prepared.segments)))
        pump = _Pump(session, bell)
        with running(session) as wire:
            while not wire.done():
                control.breathe(wire.done)
                control.add_all(stats(), session.recorder.tallies)
                pump.turn()
        ending = end(session, wire)
    for caution in cautions_of(ending.account):
        parent.say(Noted(caution))
    aborted = ending.account.aborted
    parent.say(Finished(aborted, keeping_up(ending.account), ending.progress))
    return 0


def _import_locust() -> None:
    import ghlctl.load.control  # noqa: F401, PLC0415 - it takes a while: not before the producer runs


def _agreed(origin_ns: int) -> int:
    """The moment that all engines of a live comparison begin at; never before `origin_ns`."""
    parent.say(Prepared(origin_ns))
    word = parent.first_line()
    if not word:
        raise NotMeasuredError("nobody said when to begin", "")
    return max(origin_ns, int(word))


class _Pump:
    """What is looked after a few times a second while the wire loop runs."""

    def __init__(self, session: Session, bell: Bell) -> None:
        self._session = session
        self._bell = bell
        self._said_s = 0.0

    def turn(self) -> None:
        if parent.is_gone() or self._session.recorder.fault is not None:
            self._bell.ring()
        now = time.monotonic()
        if now - self._said_s >= _PROGRESS_S:
            self._said_s = now
            parent.say(self._session.progress(self._session.waited_s()))


if __name__ == "__main__":
    sys.exit(main())
