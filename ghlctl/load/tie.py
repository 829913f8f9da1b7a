"""A worker's tie to its master: Locust's worker runner, our messages through it, and its end."""

import os
import socket
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from ghlctl import __version__
from ghlctl.errors import NotMeasuredError
from ghlctl.load import exchange, parent
from ghlctl.load.bell import Bell
from ghlctl.load.clocks import this_machine
from ghlctl.load.control import Place, environment_for
from ghlctl.load.crew import SILENCE_S
from ghlctl.load.exchange import WORD, FromMaster, FromWorker, Hello, Join, Ping, Pong, Report
from ghlctl.load.unpatched import gevent, locust_version, runners

_LOOK_S = 0.01
_RETRIES = 10**9  # the patience is ours, see join
_REPORT_S = 1.0
_REPORTS_PER_S = 500  # of all workers together: what keeps a master of thousands idle enough


class Tie:
    """`hear` gets what the master says, but for pings, which are answered at once."""

    def __init__(self, environment: Any, runner: Any, bell: Bell) -> None:
        self.hear: Callable[[FromMaster], None] = lambda _: None
        self.report: Callable[[], Report | None] = lambda: None
        self.stats: Callable[[], Any] = lambda: environment.stats
        self._runner = runner
        self._bell = bell
        self._heard_s = time.monotonic()
        runner.register_message(WORD, lambda **given: self._take(given["msg"].data))
        environment.events.heartbeat_received.add_listener(self._note_heartbeat)
        environment.events.report_to_master.add_listener(self._add_report)

    def say(self, message: FromWorker) -> None:
        self._runner.send_message(WORD, exchange.encode(message))

    def report_now(self) -> None:
        """Locust's statistics and our report, beside those that go out every second or so."""
        self._runner._send_stats()  # noqa: SLF001 - Locust has no public name for it

    @property
    def master_is_gone(self) -> bool:
        return time.monotonic() - self._heard_s > SILENCE_S

    def wait(self, condition: Callable[[], bool], most_s: float) -> bool:
        """Let Locust work until the condition holds; whether it came to hold in time.

        Raise NotMeasuredError where this worker was told to go, and when the master is gone.
        """
        return self.wait_calmly(lambda: self._bell.rung or condition(), most_s) and self._stay()

    def wait_calmly(self, condition: Callable[[], bool], most_s: float) -> bool:
        """The same for a worker that is going already."""
        deadline = time.monotonic() + most_s
        while not condition():
            if parent.is_gone():
                raise stopped()
            if self.master_is_gone:
                raise master_gone()
            if time.monotonic() > deadline:
                return False
            gevent.sleep(_LOOK_S)
        return True

    def _stay(self) -> bool:
        if self._bell.rung:
            raise stopped()
        return True

    def _take(self, text: bytes) -> None:
        self._heard_s = time.monotonic()
        try:
            said = exchange.from_master(text)
        except msgspec.MsgspecError as fault:
            raise NotMeasuredError(f"the master speaks otherwise: {fault}", _OTHER) from None
        match said:
            case Ping(sent_ns):
                self.say(Pong(sent_ns, time.monotonic_ns(), time.time_ns()))
            case _:
                self.hear(said)

    def _note_heartbeat(self, **_: Any) -> None:
        self._heard_s = time.monotonic()

    def _add_report(self, data: dict[str, Any], **_: Any) -> None:
        report = self.report()
        if report is not None:
            data[WORD] = exchange.encode(report)


_OTHER = "use the same version of ghlctl on both machines"


def stopped() -> NotMeasuredError:
    return NotMeasuredError("this worker was stopped", "its run counts as one that lost a worker")


def master_gone() -> NotMeasuredError:
    return NotMeasuredError(
        f"nothing was heard of the master for {SILENCE_S:.0f} s",
        "look there how the run ended; this worker can join another",
    )


def report_every(workers: int) -> None:
    """How often a worker reports: less often where there are very many."""
    runners.WORKER_REPORT_INTERVAL = max(_REPORT_S, workers / _REPORTS_PER_S)


@contextmanager
def joined(order: Join, bell: Bell) -> Iterator[Tie]:
    """The tie to the master that listens there; raise NotMeasuredError when nobody does in time."""
    runners.MASTER_HEARTBEAT_TIMEOUT = runners.CONNECT_RETRY_COUNT = _RETRIES
    environment = environment_for(Place("", None, bell.ring))
    # Locust says nothing to a worker that waits, so the waiting is done beside it.
    joining = gevent.spawn(environment.create_worker_runner, order.host, order.port)
    deadline = time.monotonic() + order.within_s
    while not joining.ready():
        if bell.rung or parent.is_gone():
            raise stopped()
        if time.monotonic() > deadline:
            raise NotMeasuredError(
                f"no master answered at {order.host}:{order.port} within {order.within_s:.0f} s",
                "start it there with --distributed, and --expect-workers above zero",
            )
        gevent.sleep(_LOOK_S)
    runner = joining.get()
    environment.parsed_options = Namespace()  # else Locust reads the person's own locust.conf
    try:
        yield Tie(environment, runner, bell)
    finally:
        runner.greenlet.kill(block=False)
        runner.client.close(linger=0)


def introduce(tie: Tie, order: Join) -> None:
    tie.say(
        Hello(
            version=__version__,
            locust=locust_version,
            host=socket.gethostname(),
            pid=os.getpid(),
            machine=this_machine(),
            token=order.token,
        )
    )
