"""Is this machine fit to generate load whose numbers can be trusted?"""

import os
import resource
import socket
import time

import numpy as np

from ghlctl.model.finding import Outcome
from ghlctl.model.health import HealthCheck, HealthSummary
from ghlctl.model.run import SCHEMA_VERSION

FILES_WANTED = 4096  # room for some thousand connections on demand
LATE_MS = 2.0  # a timer later than this makes its own share of every response time
ROUND_TRIPS = 200
SLEEPS = 100
SLEEP_S = 0.001


def machine_checks() -> HealthSummary:
    """Look at cores, load, limits, clock, timer and loopback; takes about a fifth of a second."""
    checks = (_cores(), _load(), _files(), _clock(), _timer(), _loopback())
    passed = all(check.outcome is not Outcome.FAIL for check in checks)
    return HealthSummary(SCHEMA_VERSION, checks, passed)


def _cores() -> HealthCheck:
    cores = len(os.sched_getaffinity(0))
    if cores > 1:
        return HealthCheck("cores", Outcome.PASS, f"{cores} cores")
    hint = "generator and receiver share the one core: measure from another machine"
    return HealthCheck("cores", Outcome.WARN, "1 core", hint)


def _load() -> HealthCheck:
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    detail = f"load average {load:.1f} on {cores} cores"
    if load <= cores:
        return HealthCheck("load", Outcome.PASS, detail)
    return HealthCheck("load", Outcome.WARN, detail, "other work here will stand in the numbers")


def _files() -> HealthCheck:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = soft == resource.RLIM_INFINITY
    detail = "open files unlimited" if unlimited else f"{soft} open files"
    if unlimited or soft >= FILES_WANTED:
        return HealthCheck("files", Outcome.PASS, detail)
    return HealthCheck("files", Outcome.WARN, detail, f"ulimit -n {FILES_WANTED}")


def _clock() -> HealthCheck:
    resolution_ns = time.get_clock_info("monotonic").resolution * 1e9
    detail = f"monotonic clock in steps of {resolution_ns:.0f} ns"
    fine = resolution_ns <= 1000  # noqa: PLR2004 - a microsecond: a thousandth of what is reported
    outcome = Outcome.PASS if fine else Outcome.WARN
    return HealthCheck("clock", outcome, detail, "" if fine else "times are rounded to its steps")


def _timer() -> HealthCheck:
    late = np.empty(SLEEPS)
    for turn in range(SLEEPS):
        due = time.perf_counter() + SLEEP_S
        time.sleep(SLEEP_S)
        late[turn] = (time.perf_counter() - due) * 1e3
    p50, p99 = np.quantile(late, [0.5, 0.99])
    detail = f"a timer fires {p50:.2f} ms late, {p99:.2f} ms in the worst hundredth"
    if p99 <= LATE_MS:
        return HealthCheck("timer", Outcome.PASS, detail)
    hint = "the machine is busy or throttled: lateness will show in every run"
    return HealthCheck("timer", Outcome.WARN, detail, hint)


def _loopback() -> HealthCheck:
    try:
        took = _round_trips()
    except OSError as fault:
        hint = "the embedded receiver cannot be reached on this machine"
        return HealthCheck("loopback", Outcome.FAIL, f"no TCP on 127.0.0.1: {fault}", hint)
    p50, p99 = np.quantile(took, [0.5, 0.99])
    detail = f"loopback round trip {p50:.3f} ms, {p99:.3f} ms in the worst hundredth"
    return HealthCheck("loopback", Outcome.PASS, detail)


def _round_trips() -> list[float]:
    """Milliseconds of one byte there and back, both ends in this thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(1)
        near = socket.create_connection(server.getsockname(), timeout=1)
        far, _ = server.accept()
        far.settimeout(1)
    took = []
    with near, far:
        for _ in range(ROUND_TRIPS):
            start = time.perf_counter()
            near.sendall(b"x")
            far.sendall(far.recv(1))
            near.recv(1)
            took.append((time.perf_counter() - start) * 1e3)
    return took
