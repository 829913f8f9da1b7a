"""ghlctl serve --supervised: receivers come and go, and whoever connects waits."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ghlctl.cli.supervision import LONGEST_PAUSE_S, pause_s
from tests.cli.conftest import Run

SERVE = ["serve", "--supervised", "--port", "0", "--format", "json"]
UPSTREAM = ["--upstream", "http://127.0.0.1:9"]


@contextmanager
def supervised(
    folder: Path, *more: str
) -> Iterator[tuple["subprocess.Popen[bytes]", dict[str, Any]]]:
    command = [sys.executable, "-m", "ghlctl", *SERVE, *UPSTREAM, *more]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log)
    with process:
        assert process.stdout
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()


def test_whoever_comes_while_none_runs_is_answered_by_the_next(tmp_path: Path) -> None:
    with supervised(tmp_path) as (process, said):
        health = said["url"].replace("/webhooks/ghl", "/health")

        def running() -> int:
            token = (tmp_path / ".ghlctl" / "health.token").read_text()
            headers = {"Authorization": f"Bearer {token}"}
            return int(httpx.get(health, headers=headers, timeout=60).json()["pid"])

        first = running()
        assert first == said["receiver_pid"] != said["pid"] == process.pid
        os.kill(first, signal.SIGKILL)
        second = running()
        process.send_signal(signal.SIGHUP)
        third = second
        while third == second:
            try:
                third = running()
            except httpx.TransportError:
                continue  # it was answering while it ended
        assert len({first, second, third}) == 3
        process.terminate()
        assert process.wait(60) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(health)
    assert "ended with signal 9, another starts" in (tmp_path / "log").read_text()


def _await_end(pid: int) -> None:
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail(f"process {pid} did not end")


def test_each_receiver_goes_on_with_the_record_of_the_one_before(
    tmp_path: Path, ghlctl: Run
) -> None:
    (tmp_path / "key").write_text("a key of more than sixteen letters")
    record, key = tmp_path / "record.jsonl", f"file:{tmp_path / 'key'}"
    more = ["--audit-log", str(record), "--compliance-key", key, "--opt-out-field", "sold=no"]
    more += ["--set", "health=open"]
    with supervised(tmp_path, *more) as (process, said):
        pids = set()
        for _ in range(2):
            assert httpx.post(said["url"], content=b"{}", timeout=60).status_code == 401
            health = said["url"].replace("/webhooks/ghl", "/health")
            pid = int(httpx.get(health, timeout=60).json()["pid"])
            os.kill(pid, signal.SIGTERM)
            _await_end(pid)  # until then it may still take what comes
            pids.add(pid)
        httpx.get(health, timeout=60)
        process.terminate()
        assert process.wait(60) == 0
    assert len(pids) == 2
    assert record.read_bytes().count(b'"refused"') == 2
    assert ghlctl("compliance", "verify", str(record), "--key", key).status == 0
    assert not (tmp_path / ".ghlctl" / "compliance.key").exists()


def test_a_receiver_that_cannot_start_is_not_started_again(ghlctl: Run) -> None:
    said = ghlctl(*SERVE, *UPSTREAM, "--set", "cache=redis")
    assert said.status == 2
    assert len(said.errors) == len(said.hints) == 1
    assert "another starts" not in said.err


def test_one_that_fails_again_and_again_is_started_ever_later() -> None:
    pauses = [pause_s(n) for n in range(1, 12)]
    assert pauses[0] == 0.0
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_S


def test_whoever_gives_a_public_half_is_not_told_to_sign_with_it(
    ghlctl: Run, tmp_path: Path
) -> None:
    ghlctl("keys", "generate")
    for half, words in (("key", "sign with --key"), ("pub", "sign with the private half of --key")):
        command = [sys.executable, "-m", "ghlctl", "serve", "--port", "0", *UPSTREAM]
        key = f"file:.ghlctl/keys/ghl-test.{half}"
        with subprocess.Popen(
            [*command, "--key", key], cwd=tmp_path, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout
            lines = [process.stdout.readline().decode().strip() for _ in range(3)]
            process.terminate()
        assert lines[2] == f"{words} {key}"
