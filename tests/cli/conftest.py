"""The command as a user runs it: a process of its own, its streams and its exit status."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from ghlctl.cli.processes import Started, started
from ghlctl.model.summary import LoadSummary

TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error: ")]

    @property
    def hints(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("hint: ")]


class Run(Protocol):
    def __call__(self, *arguments: str, env: dict[str, str] | None = None) -> Said: ...


@pytest.fixture
def ghlctl(tmp_path: Path) -> Run:
    """Run ghlctl in an empty folder, away from any ghlctl.yaml."""

    def run(*arguments: str, env: dict[str, str] | None = None) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "ghlctl", *arguments],
            cwd=tmp_path,
            env=_environment() | (env or {}),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The embedded receiver, optimized, with its upstream, both real processes."""
    state = tmp_path_factory.mktemp("state")
    ports = ["--port", "0", "--upstream-port", "0"]
    with started(["serve", "--profile", "optimized", "--state", str(state), *ports]) as process:
        yield process


def receiver_flags(receiver: Started) -> list[str]:
    said = receiver.said
    return ["--url", said["url"], "--scheme", said["scheme"], "--key", said["key"]]


def status_for(summary: LoadSummary, *, passed: bool) -> int:
    """The exit status of a whole run with these thresholds: a late generator decides nothing."""
    if not summary.generator.keeping_up:
        return 3
    return 0 if passed else 1


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("GHLCTL_")}
    return own | {"COLUMNS": "80", "NO_COLOR": "1"}
