"""Requests per CPU second of every generator installed here: `python -m benchmarks.throughput`.

`python -m benchmarks.throughput [ROUNDS [NAME ...]]`. One after another, interleaved in rounds,
each on one core, against the same small target on another. Counted in a steady window: requests
by the target, CPU by the kernel, of all processes of the generator; start-up is left out.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bench import SECRET, say
from benchmarks.peers import Peer, installed
from benchmarks.target import Target, running
from ghlctl.load.cost import read_cost
from ghlctl.providers.catalogue import provider_named
from ghlctl.providers.deliver import encode

WARM_S, WINDOW_S, SPARE_S, SILENCE_S = 1.5, 4.0, 4, 0.7
_PINNED = "import os, sys; os.sched_setaffinity(0, {%d}); os.execvp(sys.argv[1], sys.argv[1:])"


def rate(peer: Peer, target: Target, environ: dict[str, str], core: int) -> tuple[float, float]:
    """Requests per CPU second of the generator, and per second, in the steady window."""
    process = subprocess.Popen(  # noqa: S603 - the generators under comparison
        [sys.executable, "-c", _PINNED % core, *peer.command],
        env={**environ, **peer.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for_the_first(target, process)
        time.sleep(WARM_S)
        began, (before, _), spent = time.monotonic(), target.answered(), _cpu_s(process.pid)
        time.sleep(WINDOW_S)
        took, (after, _) = time.monotonic() - began, target.answered()
        return (after - before) / (_cpu_s(process.pid) - spent), (after - before) / took
    finally:
        _stop(process)
        _wait_for_silence(target)


def _wait_for_silence(target: Target) -> None:
    """Processes of a generator may outlive it: what they send is not the next one's first."""
    before = -1
    while (now := target.answered()[0]) != before:
        before = now
        time.sleep(SILENCE_S)


def _wait_for_the_first(target: Target, process: "subprocess.Popen[bytes]") -> None:
    before, _ = target.answered()
    while target.answered()[0] == before:
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended before it began")
        time.sleep(0.05)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """The process and what it started, all in a session of their own."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(SPARE_S + 5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _cpu_s(pid: int) -> float:
    """CPU seconds of a living process and everything under it."""
    cost = read_cost(pid)
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return (cost.cpu_s if cost else 0.0) + sum(map(_cpu_s, children))


def _body(folder: Path) -> Path:
    """An event as large as the engine's own are on average, as the peers' scripts read it."""
    source, wanted = provider_named("ghl").source(1), range(920, 980)
    while len(text := encode(source.event("ContactCreate", at=1.8e9, delivery_id="0" * 36))):
        if len(text) in wanted:
            break
    path = folder / "body.json"
    path.write_bytes(text)
    return path


def main(rounds: int, names: list[str]) -> None:
    cores = sorted(os.sched_getaffinity(0))
    found: dict[str, list[tuple[float, float]]] = {}
    seconds = round(WARM_S + WINDOW_S) + SPARE_S
    with tempfile.TemporaryDirectory() as folder, running(cores[0]) as target:
        environ = {
            **os.environ,
            "BENCHMARK_KEY": SECRET,
            "BENCHMARK_URL": target.url,
            "BENCHMARK_BODY": str(_body(Path(folder))),
            "TMPDIR": folder,
        }
        for _ in range(rounds):
            for peer in installed(target.url, seconds):
                if not names or peer.name in names:
                    found.setdefault(peer.name, []).append(rate(peer, target, environ, cores[-1]))
        say(f"target in {target.written_in}, {len(cores)} cores, load averages {os.getloadavg()}")
    _report(found)


def _report(found: dict[str, list[tuple[float, float]]]) -> None:
    ours = statistics.median(each for each, _ in found.get("ghlctl", [(float("nan"), 0.0)]))
    say(f"{'generator':14} {'requests/CPU s':>14} {'requests/s':>11} {'ghlctl is':>10}  rounds")
    for name, rates in found.items():
        per_cpu, per_s = (statistics.median(column) for column in zip(*rates, strict=True))
        each = " ".join(f"{one:.0f}" for one, _ in rates)
        say(f"{name:14} {per_cpu:14.0f} {per_s:11.0f} {ours / per_cpu:9.1f}x  {each}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, sys.argv[2:])
