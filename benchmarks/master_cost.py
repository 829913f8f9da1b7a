"""What the master of a distributed run costs: `python -m benchmarks.master_cost [WORKERS]`.

A real master, and a process in which so many simulated workers talk to it over loopback, each on
a connection of its own: 1,000 unless told otherwise. Nobody sends any load.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.bench import say
from benchmarks.many_workers import EVENTS, SAMPLES, SECONDS, locusts_part, report_of
from ghlctl.load import exchange
from ghlctl.load.control import Place, environment_for
from ghlctl.load.crew import Crew, Desk
from ghlctl.load.exchange import WORD, Go
from ghlctl.load.landing import folder_of
from ghlctl.load.merging import merged
from ghlctl.load.plan import LoadPlan, Spread
from ghlctl.load.unpatched import gevent
from ghlctl.load.waiting import wait_for
from ghlctl.model.sample import Samples
from ghlctl.scenario.scenario import Constant
from ghlctl.store.samples import SampleWriter, unite

WORKERS = 1000
Made = TypeVar("Made")
_PATIENCE_S = 120.0


def sizes() -> None:
    say("bytes of a worker's report each second, Locust's own part beside ours:")
    for samples in (3_000, 30_000, 150_000, 1_000_000):
        own = len(exchange.encode(report_of(samples)))
        theirs = len(exchange.encode(locusts_part(SAMPLES)))
        say(f"  after {samples:>9,} requests: {own:,} B and {theirs:,} B")


def talk(workers: int) -> None:
    crew, desk = _master(workers)
    command = [sys.executable, "-m", "benchmarks.many_workers", str(desk.server.port), str(workers)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as crowd:  # noqa: S603 - our own module
        before = _cpu_s()
        if not wait_for(lambda: len(crew) == workers and all(m.fit for m in crew), _PATIENCE_S):
            raise SystemExit(f"only {len(crew)} of {workers} came")
        say(f"joining: {_cpu_s() - before:.2f} s of CPU for {workers:,}")
        if crowd.stdin is None:
            raise TypeError("the crowd was started without a pipe")
        crowd.stdin.write(b"\n")
        crowd.stdin.flush()
        _timed("starting Locust's users", lambda: desk.start(workers, spawn_rate=workers))
        _timed("telling everybody the moment", lambda: crew.tell(Go(0), crew))
        before, began = _cpu_s(), time.monotonic()
        counted = SAMPLES * SECONDS * workers
        heard = _heard_in_time(lambda: desk.stats.total.num_requests >= counted)
        spent_s, took_s = _cpu_s() - before, time.monotonic() - began
        say(f"hearing {SECONDS} reports and heartbeats of each: {spent_s:.2f} s of CPU,")
        each_ms = spent_s * 1e3 / (SECONDS * workers)
        say(f"  {each_ms:.3f} ms for one of both; all {'heard' if heard else 'NOT heard'}")
        say(f"  after {took_s:.1f} s; one core is full at {1e3 / each_ms:,.0f} workers a second")
        reports = [member.report for member in crew if member.report is not None]
        found = _timed(f"merging {len(reports):,} histograms twice", lambda: merged(reports))
        say(f"  merged count {len(found.response):,} of {counted:,}")
        crowd.kill()
    desk.greenlet.kill()


def _heard_in_time(over: Callable[[], bool]) -> bool:
    """Looks as rarely as a master does, so that looking costs nothing here."""
    deadline = time.monotonic() + _PATIENCE_S
    while not over() and time.monotonic() < deadline:
        gevent.sleep(0.02)
    return over()


def _master(workers: int) -> tuple[Crew, Desk]:
    plan = LoadPlan(
        url="http://127.0.0.1:1/",
        provider="ghl",
        scheme="hmac-timestamp",
        key_ref="env:KEY",
        events=dict.fromkeys(EVENTS, 1.0),
        stages=(Constant(1000, 10.0),),
        seed=1,
        folder="unused",
        spread=Spread(workers=0, listen="127.0.0.1:0", expect=workers),
    )
    crew = Crew(plan)
    environment = environment_for(Place(plan.url, None, lambda: None))
    desk = crew.desk = environment.runner = Desk(environment, "127.0.0.1", 0, crew)
    environment.events.worker_report.add_listener(
        lambda client_id, data, **_: crew.note_report(client_id, data[WORD])
    )
    gevent.sleep(0)
    return crew, desk


def samples_of_all(workers: int, rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        for worker in range(workers):
            SampleWriter(folder_of(run, worker)).append(_samples(rows, worker))
        size = sum(file.stat().st_size for file in run.rglob("*.parquet"))
        count = workers * rows
        say(f"samples: {size / count:.0f} B a row on their way")
        _timed(f"uniting {count:,} rows of {workers:,} workers", lambda: unite(run))


def _samples(rows: int, seed: int) -> Samples:
    chance = np.random.default_rng(seed)
    intended = np.sort(chance.integers(0, 10**10, rows))
    sent = intended + chance.integers(10**4, 10**5, rows)
    done = sent + chance.integers(10**6, 10**7, rows)
    names = [chance.bytes(16).hex() + "----" for _ in range(rows)]
    return Samples(
        delivery_id=np.array(names, dtype=object),
        event=np.array(EVENTS, dtype=object)[chance.integers(0, len(EVENTS), rows)],
        intended_ns=intended,
        sent_ns=sent,
        first_byte_ns=done,
        done_ns=done,
        status=np.full(rows, 200),
        error=np.full(rows, "", dtype=object),
        attempt=np.ones(rows, dtype=np.int64),
        stage=np.zeros(rows, dtype=np.int64),
        warmup=np.zeros(rows, dtype=np.bool_),
    )


def _timed(what: str, work: Callable[[], Made]) -> Made:
    before, began = _cpu_s(), time.monotonic()
    made = work()
    say(f"{what}: {_cpu_s() - before:.3f} s of CPU, {time.monotonic() - began:.3f} s")
    return made


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else WORKERS
    sizes()
    talk(workers)
    samples_of_all(workers, 1000)


if __name__ == "__main__":
    main()
