"""A distributed run before its zero: workers started, let in, prepared, their clocks compared."""

import os
import subprocess
import sys
import time

from ghlctl.errors import NotMeasuredError
from ghlctl.load import messages, parent
from ghlctl.load.bell import Bell
from ghlctl.load.clocks import PINGS, offset_from
from ghlctl.load.crew import Crew
from ghlctl.load.exchange import Join, Ping, encode_order
from ghlctl.load.member import Member
from ghlctl.load.messages import Said
from ghlctl.load.unpatched import gevent
from ghlctl.load.waiting import wait_for
from ghlctl.transport.address import addresses_of

_LOOK_S = 0.02
_LOST_TRIP_S = 5.0
_PREPARING_S = 60.0


def start_workers(crew: Crew, port: int) -> None:
    """One process for each worker of this machine; their orders come through a pipe."""
    order = encode_order(Join("127.0.0.1", port, crew.token, crew.plan.spread.join_within_s))
    for _ in range(crew.plan.spread.workers):
        command = [sys.executable, "-m", "ghlctl.load.worker"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - our own module
        crew.processes[process.pid] = process
        if process.stdin is None:
            raise TypeError("a worker was started without a pipe")
        os.write(process.stdin.fileno(), order + b"\n")


def gather(crew: Crew, bell: Bell, address: str) -> None:
    """Return when everybody is there and prepared; raise a GhlctlError when that does not come."""
    spread = crew.plan.spread
    if spread.listen:
        parent.say(Said(f"waiting for {spread.expect} of: ghlctl worker {address}"))
        if not is_loopback(address):
            parent.say(Said(f"whoever reaches {address} can join, and read the plan: no password"))
    deadline = time.monotonic() + spread.join_within_s
    while len(crew) < spread.together:
        if time.monotonic() > deadline:
            raise NotMeasuredError(
                f"{len(crew)} of {spread.together} workers joined"
                f" within {spread.join_within_s:.0f} s",
                f"start the others: ghlctl worker {address}" if spread.listen else "try again",
            )
        _look(crew, bell)
    crew.close()
    deadline = time.monotonic() + _PREPARING_S
    while not all(member.fit for member in crew):
        if time.monotonic() > deadline:
            slow = next(member for member in crew if member.fit is None)
            raise NotMeasuredError(f"{slow.name} was not ready in time", "is its machine busy")
        _look(crew, bell)


def compare_clocks(crew: Crew) -> None:
    """Measure how far the clocks of those from elsewhere are off ours."""
    for member in crew:
        if member.process is None and not member.gone:
            member.trips.clear()
            ask_clock(crew, member)
            if not member.trips:
                raise NotMeasuredError(f"{member.name} does not answer", "look at the network")
            member.offset = offset_from(member.trips)
            member.apart_ns = member.offset.uncertainty_ns


def ask_clock(crew: Crew, member: Member) -> None:
    """Some messages there and back, one after another; lost ones are not waited for long."""
    for number in range(1, PINGS + 1):
        crew.tell(Ping(time.monotonic_ns()), [member])
        if not wait_for(lambda: len(member.trips) >= number, _LOST_TRIP_S):  # noqa: B023 - called in this turn only
            return


def is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    found = addresses_of(host, 0)
    return bool(found) and all(each.is_loopback for each in found)


def _look(crew: Crew, bell: Bell) -> None:
    """Wait a little; raise for whatever makes further waiting useless."""
    gevent.sleep(_LOOK_S)
    if bell.rung or parent.is_gone():
        raise NotMeasuredError("the run was stopped before it began", "start it again")
    for member in crew:
        if member.refused is not None:
            fault = messages.as_error(member.refused)
            raise type(fault)(f"{member.name} cannot take part: {fault.message}", fault.hint)
    for process in crew.processes.values():
        if process.poll() is not None:
            raise NotMeasuredError("a worker's process ended before it began", "see its last words")
    for member in crew.find_lost(time.monotonic_ns()):
        raise NotMeasuredError(f"{member.name} went before the run began: {member.gone}", "")
