"""A supervised receiver, its upstream and the line between them, for one fault."""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import msgspec

from benchmarks.losses.proxy import Line, line_to
from ghlctl.reference.failpoints import VARIABLE
from ghlctl.reference.population import population_in
from ghlctl.store.health_token import health_headers
from ghlctl.upstream.settings import UpstreamSettings

CLOCK = "LOSSES_CLOCK"
_UPSTREAM = """
import sys, msgspec
from ghlctl.upstream.serve import serve_upstream
from ghlctl.upstream.settings import UpstreamSettings
serve_upstream(
    msgspec.json.decode(sys.argv[1], type=UpstreamSettings),
    host="127.0.0.1", port=0, announce=lambda port: print(port, flush=True),
)
"""
# Python runs this before anything else in every process of the receiver: its clock is then wrong.
_WRONG_CLOCK = f"""
import os, time
true, place = time.time, os.environ.get("{CLOCK}")
def wrong():
    try:
        with open(place) as said:
            return true() + float(said.read() or 0)
    except (OSError, ValueError):
        return true()
if place:
    time.time = wrong
"""
QUICK = UpstreamSettings(rtt_ms=10, service_ms=15, limit=1_000_000, limit_daily=100_000_000)


@dataclass(slots=True)
class Scene:
    """Where everything of one fault is; `urls` are of one receiver, or of several."""

    folder: Path
    upstream: str
    line: Line
    urls: list[str] = field(default_factory=list)
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    key: bytes = b""

    @property
    def database(self) -> Path:
        return self.folder / "receiver.sqlite"

    @property
    def failpoint(self) -> Path:
        return self.folder / "failpoint"

    def log(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("receiver-*.log")))

    def deaths(self) -> int:
        return len(re.findall(r"ended with signal 9", self.log()))

    def set_clock(self, ahead_s: float) -> None:
        draft = self.folder / "clock.part"
        draft.write_text(str(ahead_s))
        draft.replace(self.folder / "clock")

    async def pid(self) -> int:
        """The receiver that runs now; waits for one that starts."""
        place = self.urls[0].replace("/webhooks/ghl", "/health")
        headers = dict(health_headers(self.folder))
        async with aiohttp.ClientSession(headers=headers) as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(place) as response:
                        return int((await response.json())["pid"])


@asynccontextmanager
async def scene(
    *flags: str,
    population: Path,
    upstream: UpstreamSettings = QUICK,
    receivers: int = 1,
) -> AsyncIterator[Scene]:
    """`flags` are more of `ghlctl serve`; `population` a folder that keeps the listings."""
    async with AsyncExitStack() as parts:
        folder = Path(parts.enter_context(TemporaryDirectory(prefix="ghlctl-losses-")))
        shared = population_in(population)
        (folder / shared.name).symlink_to(shared.resolve())
        (folder / "sitecustomize.py").write_text(_WRONG_CLOCK)
        fake = await asyncio.to_thread(_start_upstream, upstream)
        parts.callback(_stop, fake)
        port = int(await asyncio.to_thread(_line, fake))
        line = await parts.enter_async_context(line_to(port))
        stage = Scene(folder, f"http://127.0.0.1:{port}", line)
        for number in range(receivers):
            process = await asyncio.to_thread(_start_receiver, stage, flags, number)
            parts.push_async_callback(asyncio.to_thread, _stop, process)
            said: dict[str, Any] = json.loads(await asyncio.to_thread(_line, process))
            stage.processes.append(process)
            stage.urls.append(said["url"])
            stage.key = await asyncio.to_thread(Path(said["key"].removeprefix("file:")).read_bytes)
        yield stage


def _start_upstream(settings: UpstreamSettings) -> "subprocess.Popen[bytes]":
    told = msgspec.json.encode(settings).decode()
    command = [sys.executable, "-c", _UPSTREAM, told]
    return subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own program


def _start_receiver(stage: Scene, flags: Sequence[str], number: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "ghlctl", "serve", "--supervised", "--port", "0"]
    command += ["--upstream", stage.line.url, "--state", str(stage.folder), "--format", "json"]
    paths = [str(stage.folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        VARIABLE: str(stage.failpoint),
        CLOCK: str(stage.folder / "clock"),
        "PYTHONPATH": os.pathsep.join(paths),
    }
    with (stage.folder / f"receiver-{number}.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own program
            [*command, *flags], stdout=subprocess.PIPE, stderr=log, env=environment
        )


def _line(process: "subprocess.Popen[bytes]") -> str:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise RuntimeError("a part of the scene did not start")
    return line.decode()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
