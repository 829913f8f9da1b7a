"""Every generator that is installed here, as a command that sends signed load for some seconds.

Each makes a body with a fresh id and time, and an HMAC-SHA256 of it, for every request, over ten
kept connections; vegeta, which cannot sign, sends requests that were signed before.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CONNECTIONS = 10
_SCRIPTS = Path(__file__).with_name("scripts")


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    command: list[str]
    environ: dict[str, str] = field(default_factory=dict)


def installed(url: str, seconds: int) -> Iterator[Peer]:
    """This project's engine first; BENCHMARK_AUTOCANNON names that package's folder."""
    origin = url.rpartition("/webhooks")[0]
    ten = str(CONNECTIONS)
    yield Peer("ghlctl", [sys.executable, "-m", "benchmarks.engine", url, ten, str(seconds)])
    locust = [sys.executable, "-m", "locust", "--headless", "--only-summary", "-u", ten, "-r", ten]
    for name, file in (("FastHttpUser", "fast_http_user.py"), ("HttpUser", "http_user.py")):
        place = str(Path(__file__).with_name(file))
        yield Peer(name, [*locust, "-t", f"{seconds}s", "-H", origin, "-f", place])
    if wrk := shutil.which("wrk"):
        script = str(_SCRIPTS / "wrk.lua")
        yield Peer("wrk", [wrk, "-t1", f"-c{ten}", f"-d{seconds}s", "-s", script, url])
    if k6 := shutil.which("k6"):
        script = str(_SCRIPTS / "k6.js")
        quiet = ["--quiet", "--no-usage-report"]
        yield Peer("k6", [k6, "run", *quiet, "--vus", ten, "--duration", f"{seconds}s", script])
    node, package = shutil.which("node"), os.environ.get("BENCHMARK_AUTOCANNON", "")
    if node and package:
        yield Peer("autocannon", [node, str(_SCRIPTS / "autocannon.cjs"), ten, str(seconds)])
    if vegeta := shutil.which("vegeta"):
        targets = f"{sys.executable} -m benchmarks.signed {url} 20000 > $TMPDIR/targets"
        attack = f"{vegeta} attack -format=json -rate=0 -max-workers={ten} -duration={seconds}s"
        command = f"{targets} && exec {attack} -targets=$TMPDIR/targets > /dev/null"
        yield Peer("vegeta", ["sh", "-c", command])
