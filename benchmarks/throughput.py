"""Requests per CPU second of the generator, interleaved with Locust's FastHttpUser.

`python -m benchmarks.throughput [ROUNDS]`. Ten connections, closed model, every request with a
fresh body, timestamp and HMAC-SHA256. Start-up is taken out by the difference of two lengths;
CPU is of all the generator's processes, so that a busy machine changes the figures little.
"""

import csv
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.bench import SECRET, measure, receiver, say
from ghlctl.scenario.scenario import Closed

SHORT_S, LONG_S = 2, 6
CONNECTIONS = 10
Cost = tuple[int, float]


def ghlctl_engine(url: str, seconds: int) -> Cost:
    outcome, samples = measure(url, Closed(CONNECTIONS, for_s=float(seconds)))
    return len(samples), outcome.generator.cpu_s


def locust_fast_http_user(url: str, seconds: int) -> Cost:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        prefix = Path(folder) / "run"
        locustfile = Path(__file__).with_name("fast_http_user.py")
        users = ["-u", str(CONNECTIONS), "-r", str(CONNECTIONS), "-t", f"{seconds}s"]
        subprocess.run(  # noqa: S603 - the peer under comparison, no shell
            [
                *(sys.executable, "-m", "locust", "-f", str(locustfile), "--headless", *users),
                *("-H", url.rpartition("/webhooks")[0], "--csv", str(prefix), "--only-summary"),
            ],
            check=True,
            capture_output=True,
            env={**os.environ, "BENCHMARK_KEY": SECRET},
        )
        with Path(f"{prefix}_stats.csv").open() as lines:
            total = next(row for row in csv.DictReader(lines) if row["Name"] == "Aggregated")
    if int(total["Failure Count"]):
        raise SystemExit("some of the peer's requests failed: the figures would mean nothing")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return int(total["Request Count"]), cpu_s


def per_cpu_second(send: Callable[[str, int], Cost], url: str) -> float:
    few, few_s = send(url, SHORT_S)
    many, many_s = send(url, LONG_S)
    return (many - few) / (many_s - few_s)


def main(rounds: int) -> None:
    generators = {"ghlctl": ghlctl_engine, "FastHttpUser": locust_fast_http_user}
    found: dict[str, list[float]] = {name: [] for name in generators}
    with receiver() as target:
        for _ in range(rounds):
            for name, send in generators.items():
                found[name].append(per_cpu_second(send, target.url))
    say(f"load averages {os.getloadavg()}, {os.cpu_count()} cores, {rounds} rounds")
    for name, rates in found.items():
        say(f"{name:14} {statistics.median(rates):8.0f} requests/CPU s  {[*map(round, rates)]}")
    ratio = statistics.median(found["ghlctl"]) / statistics.median(found["FastHttpUser"])
    say(f"ratio {ratio:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
