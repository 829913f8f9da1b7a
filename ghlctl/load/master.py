"""The engine's process where workers send: Locust's master, which sends nothing itself."""

import logging
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ghlctl.errors import GhlctlError, NotMeasuredError
from ghlctl.load import messages, parent
from ghlctl.load.bell import Bell
from ghlctl.load.control import Place, ToCautions, environment_for
from ghlctl.load.crew import SILENCE_S, Crew, Desk
from ghlctl.load.exchange import Go, Halt, Zero
from ghlctl.load.gathering import compare_clocks, gather, start_workers
from ghlctl.load.messages import Noted, Said, Started
from ghlctl.load.pacing import LEAD_NS
from ghlctl.load.plan import LoadPlan
from ghlctl.load.reckoning import Course, progress_of, reckon
from ghlctl.load.schedule import planned, segments_of
from ghlctl.load.unpatched import gevent, runners
from ghlctl.load.web import web_page

_LOOK_S = 0.02
_PROGRESS_S = 0.5
_PROGRESS_SHARE = 0.1  # of the master's time
_TRAVEL_NS = 200_000_000  # for the message that sets a moment to reach everybody before it
_ENDING_S = 30.0
_LOOPBACK = "127.0.0.1"
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - recognised here, never chosen


def conduct(plan: LoadPlan, bell: Bell) -> int:
    """Run the plan with its workers; raise a GhlctlError when it cannot begin."""
    logging.getLogger().addHandler(ToCautions(parent.pass_warning_on))
    crew = Crew(plan)
    with _desk_of(crew, bell) as address:
        try:
            gather(crew, bell, address)
            compare_clocks(crew)
        except GhlctlError as fault:
            crew.dismiss(messages.refusal(fault))
            raise
        course = _begin(crew)
        _follow(crew, course, bell)
        finished, cautions = reckon(crew, course)
        crew.dismiss()
    if crew.fault is not None:
        raise crew.fault
    for caution in cautions:
        parent.say(Noted(caution))
    parent.say(finished)
    return 0


@contextmanager
def _desk_of(crew: Crew, bell: Bell) -> Iterator[str]:
    """Listen, with workers of our own started, until the block ends; yields where to join."""
    spread = crew.plan.spread
    host, port = _listening_place(spread.listen)
    environment = environment_for(Place(crew.plan.url, None, bell.ring))
    runners.HEARTBEAT_LIVENESS = round(SILENCE_S)
    runners.HEARTBEAT_DEAD_INTERNAL = -(10**9)
    desk = crew.desk = environment.runner = Desk(environment, host, port, crew)
    environment.events.worker_report.add_listener(
        lambda client_id, data, **_: crew.note_report(client_id, data)
    )
    with web_page(environment, spread.web_port, bell.ring):
        try:
            start_workers(crew, desk.server.port)
            yield f"{_shown_host(spread.listen, host)}:{desk.server.port}"
        finally:
            for process in crew.processes.values():
                _end(process)
            desk.greenlet.kill(block=True)
            desk.server.socket.close(linger=1000)  # a last word may still be on its way


def _listening_place(listen: str) -> tuple[str, int]:
    """Loopback, unless a place was named; raise NotMeasuredError where nobody can listen."""
    if not listen:
        return _LOOPBACK, 0
    name, _, port = listen.rpartition(":")
    try:
        found = socket.getaddrinfo(name.strip("[]"), int(port), type=socket.SOCK_STREAM)
        family, _, _, _, place = found[0]
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(place)
    except OSError as fault:
        raise NotMeasuredError(
            f"the master cannot listen at {listen}: {fault.strerror}",
            "name an address of this machine and a free port, or port 0",
        ) from None
    return str(place[0]), int(port)


def _shown_host(listen: str, host: str) -> str:
    """By which name others reach us; of all our addresses at once there is none."""
    return "THIS_MACHINE" if host in _EVERYWHERE else listen.rpartition(":")[0] or host


def _begin(crew: Crew) -> Course:
    """Set the zero, far enough ahead for whoever needs longest."""
    crew.desk.start(len(crew), spawn_rate=len(crew))
    lead_ns = max(member.fit.lead_ns for member in crew if member.fit is not None)
    origin_ns = time.monotonic_ns() + lead_ns + _TRAVEL_NS
    for member in crew:
        crew.tell(Go(origin_ns + member.offset.ns), [member])
    began_unix_ns = time.time_ns() + origin_ns - time.monotonic_ns()
    parent.say(Started(began_unix_ns, planned(segments_of(crew.plan))))
    return Course(origin_ns, len(segments_of(crew.plan)))


def _follow(crew: Crew, course: Course, bell: Bell) -> None:
    """Until nobody has anything left to do."""
    next_s = time.monotonic() + _PROGRESS_S
    while crew.busy:
        gevent.sleep(_LOOK_S)
        now_ns = time.monotonic_ns()
        crew.find_lost(now_ns)
        _note_losses(crew, course, now_ns)
        _meet(crew, course)
        if course.halted_ns is None and (bell.rung or parent.is_gone() or crew.fault is not None):
            course.halted_ns = now_ns - course.origin_ns
            crew.tell(Halt(), crew.busy)
        if course.halted_ns is not None:
            _give_up(crew, course, now_ns)
        if time.monotonic() >= next_s:
            next_s = _say_progress(crew, course)


def _say_progress(crew: Crew, course: Course) -> float:
    """When to say it again: merging a thousand histograms may not become the master's work."""
    began_s = time.monotonic()
    parent.say(progress_of(crew, course))
    took_s = time.monotonic() - began_s
    return began_s + max(_PROGRESS_S, took_s / _PROGRESS_SHARE)


def _note_losses(crew: Crew, course: Course, now_ns: int) -> None:
    for member in crew:
        if member.lost and member.client_id not in course.losses:
            course.losses[member.client_id] = now_ns - course.origin_ns
            parent.say(Said(f"{member.name} is lost: {member.gone or 'it was stopped there'}"))
            if member.gone and member.process is not None:
                member.process.kill()  # one that only hung may not go on beside the reckoning


def _meet(crew: Crew, course: Course) -> None:
    """Set the zero of a later segment when everybody who is still there has come to it."""
    for number in range(1, course.segments):
        waiting = [member for member in crew.busy if number in member.reached]
        if number in course.zeros or not waiting or len(waiting) < len(crew.busy):
            continue
        soon_ns = time.monotonic_ns() - course.origin_ns + LEAD_NS + _TRAVEL_NS
        after_ns = max(soon_ns, *(member.reached[number] for member in waiting))
        course.zeros[number] = after_ns
        crew.tell(Zero(number, after_ns), waiting)


def _give_up(crew: Crew, course: Course, now_ns: int) -> None:
    """Nobody may take for ever to end a run that was stopped."""
    late_s = (now_ns - course.origin_ns - (course.halted_ns or 0)) / 1e9
    for member in crew.busy if late_s > _ENDING_S else ():
        member.gone = f"it did not end within {_ENDING_S:.0f} s"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """A worker of ours ends when its pipe does; its CPU is then counted among our children's."""
    if process.stdin is not None:
        process.stdin.close()
    deadline = time.monotonic() + SILENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        gevent.sleep(_LOOK_S)
    if process.poll() is None:
        process.kill()
        process.wait()
