"""What a process costs this machine, as the kernel accounts for it."""

import os
from dataclasses import dataclass
from pathlib import Path

_UTIME, _STIME, _CUTIME, _CSTIME = 11, 12, 13, 14  # after the command's name, see proc(5)
_WAIT = 1  # schedstat: time on a CPU, time waiting for one, timeslices


@dataclass(frozen=True, slots=True)
class ProcessCost:
    """`cpu_s` includes ended children; `run_queue_wait_s`: all threads, ready but not running."""

    cpu_s: float
    run_queue_wait_s: float


def read_cost(pid: int) -> ProcessCost | None:
    """The cost so far of a living process on Linux; None where it cannot be read."""
    place = Path("/proc") / str(pid)
    try:
        cpu_s = _cpu_s((place / "stat").read_text())
        waits = [_wait_ns(task / "schedstat") for task in (place / "task").iterdir()]
    except OSError:
        return None
    return ProcessCost(cpu_s, sum(waits) / 1e9)


def _cpu_s(stat: str) -> float:
    fields = stat.rpartition(")")[2].split()
    ticks = sum(int(fields[place]) for place in (_UTIME, _STIME, _CUTIME, _CSTIME))
    return ticks / os.sysconf("SC_CLK_TCK")


def _wait_ns(schedstat: Path) -> int:
    try:
        return int(schedstat.read_text().split()[_WAIT])
    except FileNotFoundError:  # a thread that ended while its process was being read
        return 0
