"""The target of the throughput benchmark: the C program beside this file, or else Python."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PATH = "/webhooks/ghl"
_SOURCE = Path(__file__).with_name("target.c")


@dataclass(frozen=True, slots=True)
class Target:
    """`written_in`: C or Python, which costs its own core more."""

    port: int
    written_in: str
    _asked: IO[str]
    _said: IO[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def answered(self) -> tuple[int, float]:
        """Requests answered so far, and the CPU seconds that took."""
        self._asked.write("\n")
        self._asked.flush()
        count, cpu_ns = self._said.readline().split()
        return int(count), int(cpu_ns) / 1e9


@contextmanager
def running(core: int) -> Iterator[Target]:
    with tempfile.TemporaryDirectory() as folder:
        written_in, command = _command(Path(folder), core)
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if process.stdin is None or process.stdout is None:
            raise TypeError("the target was started without pipes")
        try:
            port = int(process.stdout.readline())
            yield Target(port, written_in, process.stdin, process.stdout)
        finally:
            process.communicate()


def _command(folder: Path, core: int) -> tuple[str, list[str]]:
    compiler = shutil.which("cc")
    if compiler is None:
        return "Python", [sys.executable, "-m", "benchmarks.receiver"]
    program = folder / "target"
    subprocess.run([compiler, "-O2", "-o", str(program), str(_SOURCE)], check=True)  # noqa: S603 - compiles the file beside this one
    return "C", [str(program), str(core)]
