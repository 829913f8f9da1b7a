"""What this machine is, as far as it changes numbers."""

import os
import platform
from pathlib import Path

from ghlctl.model.run import Environment


def this_environment() -> Environment:
    return Environment(
        system=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        cpu=_cpu_model(),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        memory_bytes=_memory_bytes(),
        python=platform.python_version(),
        load_1m=os.getloadavg()[0],
    )


def same_machine(one: Environment, other: Environment) -> bool:
    """Whether numbers of both may be held against each other; load is not part of it."""
    return (one.system, one.machine, one.cpu, one.cores, one.python) == (
        other.system,
        other.machine,
        other.cpu,
        other.cores,
        other.python,
    )


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
