"""What load costs while it goes on: CPU of receiver and generator, read with every progress."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ghlctl.load.cost import read_cost
from ghlctl.load.messages import Progress
from ghlctl.model.block import CpuReading


@dataclass(slots=True)
class Meter:
    """Passes progress on to `heard`; `receiver_pid` is None where the receiver runs elsewhere."""

    receiver_pid: int | None
    heard: Callable[[Progress], None] | None
    _read: list[tuple[int, float | None, float]] = field(default_factory=list)

    def read(self, progress: Progress) -> None:
        cost = None if self.receiver_pid is None else read_cost(self.receiver_pid)
        self._read.append((time.time_ns(), cost.cpu_s if cost else None, progress.cpu_s))
        if self.heard is not None:
            self.heard(progress)

    def readings(self, origin_unix_ns: int) -> list[CpuReading]:
        """On the run's own clock."""
        return [CpuReading(at - origin_unix_ns, *seconds) for at, *seconds in self._read]
