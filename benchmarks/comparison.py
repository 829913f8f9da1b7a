"""A real A/A and a real A/B of +1 ms: `python -m benchmarks.comparison [PAIRS [MODE ...]]`.

Three embedded receivers, optimized: A, the same again, and one that burns 1 ms of CPU more per
request (`benchmarks.slower`). Each pair of receivers is compared by `ghlctl compare --live`, in
both modes; with 24 pairs that takes eleven minutes.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.bench import say

PAIRS, BURN_MS, RATE_PER_S, SEED = 24, "1", "25", "7"
MODES = ("duet", "abba")
SHOWN = ("response_time mean", "response_time p50", "response_time p95", "response_time p99")


@contextmanager
def receiver(root: Path, *burning: str) -> Iterator[dict[str, Any]]:
    """Running, with what it announced; with `burning`, through benchmarks.slower."""
    module = ["benchmarks.slower", *burning] if burning else ["ghlctl"]
    database = tempfile.mkdtemp(dir=root)
    flags = ["--profile", "optimized", "--port", "0", "--upstream-port", "0", "--format", "json"]
    flags += ["--state", str(root), "--database", f"sqlite:///{database}/receiver.sqlite"]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", *module, "serve", *flags], stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout is None:
            raise TypeError("the receiver was started without a pipe")
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def compared(
    root: Path, mode: str, pairs: int, one: dict[str, Any], other: dict[str, Any]
) -> dict[str, Any]:
    flags = ["--live", "--mode", mode, "--pairs", str(pairs), "--rate", RATE_PER_S, "--seed", SEED]
    flags += ["--scheme", one["scheme"], "--key", one["key"], "--margin", "1", "--margin-ms", "0.1"]
    flags += ["--upstream", one["upstream"], "--upstream", other["upstream"]]
    flags += ["--reports", str(root / "reports"), "--format", "json"]
    command = [sys.executable, "-m", "ghlctl", "compare", one["url"], other["url"], *flags]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603 - our own program
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def show(name: str, result: dict[str, Any]) -> None:
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    say(f"{result['mode']} {name}: {result['verdict']} (load averages {load})")
    for each in result["metrics"]:
        if each["metric"] in SHOWN and each["low"] is not None:
            change, low, high = (f"{100 * each[end]:+.1f} %" for end in ("change", "low", "high"))
            ms = "" if each["change_ms"] is None else f", {each['change_ms']:+.2f} ms"
            say(f"  {each['metric']:<20} {change} [{low}, {high}]{ms} {each['verdict']}")


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        root = Path(folder)
        a = running.enter_context(receiver(root))
        again = running.enter_context(receiver(root))
        slower = running.enter_context(receiver(root, BURN_MS))
        for mode in sys.argv[2:] or MODES:
            show("A/A", compared(root, mode, pairs, a, again))
            show("A/B +1 ms", compared(root, mode, pairs, a, slower))


if __name__ == "__main__":
    main()
