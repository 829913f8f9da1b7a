"""What a large run costs to read, summarise and compare: `python -m benchmarks.summary [ROWS]`.

Makes two runs of ten million samples each on disk, then measures in a process of its own, as wall
and CPU time and as the most memory that process ever held: reading and summarising one of them, and
comparing both by what a run leaves behind.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.bench import say
from ghlctl.analysis.blocks import blocks_of
from ghlctl.analysis.comparison import compare
from ghlctl.analysis.summary import counted_part, cuts_of, summarise
from ghlctl.cli.shapes import shapes_of
from ghlctl.model.run import Run, RunKind
from ghlctl.model.sample import Samples
from ghlctl.model.summary import GeneratorSummary, LoadSummary
from ghlctl.store.begin import new_run
from ghlctl.store.blocks import write_blocks
from ghlctl.store.runs import RunFolder, RunStore
from ghlctl.store.samples import SampleWriter, read_timings

ROWS = 10_000_000
BLOCK_S, RATE_PER_S, ERROR_SHARE = 4.0, 2000, 0.001
EVENTS = np.array(["ContactCreate", "ContactUpdate", "OpportunityCreate"], dtype=object)


def make(folder: Path, rows: int, seed: int) -> None:
    """Samples in the order in which requests end, as the engine writes them."""
    writer, chance = SampleWriter(folder), np.random.default_rng(seed)
    for first in range(0, rows, 1_000_000):
        count = min(1_000_000, rows - first)
        due = (np.arange(first, first + count) * (1e9 / RATE_PER_S)).astype(np.int64)
        sent = due + chance.integers(1_000, 500_000, count)
        done = sent + (chance.lognormal(3, 0.5, count) * 1e6).astype(np.int64)
        order = np.argsort(done)
        numbers = np.array([f"{first + i:032x}" for i in range(count)], dtype=object)
        constant = {name: np.full(count, value) for name, value in _CONSTANT.items()}
        rows_ = Samples(
            delivery_id=numbers,
            event=EVENTS[chance.integers(0, len(EVENTS), count)],
            intended_ns=due,
            sent_ns=sent,
            first_byte_ns=done,
            done_ns=done,
            warmup=due < round(BLOCK_S * 1e9),
            error=np.where(chance.random(count) < ERROR_SHARE, "status", "").astype(object),
            **constant,
        )
        writer.append(rows_.where(order))
    writer.close()


_CONSTANT = {"status": 200, "attempt": 1, "stage": 0}


def summarised(folder: RunFolder, run: Run) -> LoadSummary:
    began, spent = time.perf_counter(), time.process_time()
    samples = read_timings(folder.path)
    _told("read", began, spent)
    began, spent = time.perf_counter(), time.process_time()
    generator = GeneratorSummary(cpu_s=1.0, workers=1, keeping_up=True)
    summary = summarise(
        run, samples, matched=None, generator=generator, receiver_cost=None, block_s=BLOCK_S
    )
    _told("summarise", began, spent)
    began, spent = time.perf_counter(), time.process_time()
    counted = counted_part(samples)
    write_blocks(folder.path, blocks_of(counted, cuts_of(counted, BLOCK_S), None))
    _told("cut and write blocks", began, spent)
    return summary


def measure(paths: list[str]) -> None:
    """In the process that is measured."""
    folders = [RunFolder(Path(path)) for path in paths]
    folders[0].write_load(summarised(folders[0], folders[0].read_run()))
    other = folders[1].read_load() or summarised(folders[1], folders[1].read_run())
    folders[1].write_load(other)
    began, spent = time.perf_counter(), time.process_time()
    one = folders[0].read_load()
    if one is None:
        raise TypeError("the summary was written above")
    result = compare(one, other, shapes=shapes_of(*folders))
    _told(f"compare ({result.verdict})", began, spent)


def _told(what: str, began: float, spent: float) -> None:
    wall, cpu = time.perf_counter() - began, time.process_time() - spent
    say(f"{what}: {wall:.2f} s, {cpu:.2f} s of CPU, {_peak_gib():.2f} GiB at most")


def _peak_gib() -> float:
    # Of this program alone: what getrusage says begins with the memory of who started it.
    lines = Path("/proc/self/status").read_text().splitlines()
    held = next(line for line in lines if line.startswith("VmHWM"))
    return int(held.split()[1]) / 2**20


def main() -> None:
    if len(sys.argv) > 2:  # noqa: PLR2004 - the folders of both runs
        measure(sys.argv[1:])
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as root:
        store = RunStore(Path(root))
        folders = []
        for seed in (1, 2):
            run = new_run(
                RunKind.LOADTEST, "large", scenario={}, seed=seed, receiver="", scheme="none"
            )
            folders.append(store.create(run))
            make(folders[-1].path, rows, seed)
        say(f"load averages {os.getloadavg()}, {os.cpu_count()} cores")
        say(f"{rows:,} samples a run, {RATE_PER_S:,}/s, blocks of {BLOCK_S:g} s")
        paths = [str(folder.path) for folder in folders]
        subprocess.run([sys.executable, "-m", "benchmarks.summary", *paths], check=True)  # noqa: S603 - our own module


if __name__ == "__main__":
    main()
