"""One load run against one benchmark receiver, and what both say afterwards."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ghlctl.load.plan import LoadPlan
from ghlctl.load.process import LoadOutcome, run_load
from ghlctl.model.sample import Samples
from ghlctl.scenario.scenario import Stage
from ghlctl.store.samples import read_samples

SECRET = "a benchmark's secret"  # noqa: S105 - signs nothing that anybody trusts


@dataclass(slots=True)
class Receiver:
    """`served_ms`: the median of its own service time, known after its end."""

    url: str
    served_ms: list[float] = field(default_factory=list)


@contextmanager
def receiver(*behaviour: float) -> Iterator[Receiver]:
    process = subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", "benchmarks.receiver", *map(str, behaviour)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.stdout is None:
        raise TypeError("the receiver was started without a pipe")
    started = Receiver(f"http://127.0.0.1:{process.stdout.readline().strip()}/webhooks/ghl")
    try:
        yield started
    finally:
        said, _ = process.communicate()
        started.served_ms.append(float(said or 0))


def measure(
    url: str, *stages: Stage, scheme: str = "hmac-timestamp"
) -> tuple[LoadOutcome, Samples]:
    with tempfile.TemporaryDirectory() as folder:
        plan = LoadPlan(
            url=url,
            provider="ghl",
            scheme=scheme,
            key_ref="env:BENCHMARK_KEY",
            events={"ContactCreate": 1.0, "ContactUpdate": 1.0},
            stages=stages,
            seed=1,
            folder=folder,
        )
        outcome = run_load(plan, environ={**os.environ, "BENCHMARK_KEY": SECRET})
        samples = read_samples(Path(folder))
        if not samples.acknowledged.all():
            raise SystemExit("some requests failed: the figures would mean nothing")
        return outcome, samples


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
