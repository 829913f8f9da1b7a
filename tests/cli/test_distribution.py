"""The options of a spread load test, as a person types them."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from ghlctl.cli.processes import Started
from ghlctl.cli.spreading import _with_port, place_of
from ghlctl.errors import UsageError

Run = Any


def flags(receiver: Started) -> list[str]:
    said = receiver.said
    return ["--url", said["url"], "--scheme", said["scheme"], "--key", said["key"]]


def test_a_load_test_from_two_workers_says_what_each_did(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    load = ["--rate", "40", "--duration", "2s", "--workers", "2", "--web", "0"]
    said = ghlctl("loadtest", *flags(receiver), *load, "--format", "json")
    assert "Locust's page for this run: http://127.0.0.1:" in said.err
    summary = json.loads(said.out)
    assert summary["planned"] == summary["sent"] == 80
    generator = summary["generator"]
    assert generator["workers"] == 2
    assert [each["sent"] for each in generator["by_worker"]] == [40, 40]
    assert said.status == (0 if generator["keeping_up"] else 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--distributed", "127.0.0.1:0"), "--distributed and --expect-workers belong together"),
        (("--expect-workers", "2"), "--distributed and --expect-workers belong together"),
        (("--distributed", ":5557", "--expect-workers", "1"), "':5557' is no HOST:PORT"),
        (("--workers", "2", "--join-within", "0s"), "workers need some time to join"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    ghlctl: Run, options: tuple[str, ...], message: str
) -> None:
    said = ghlctl("loadtest", "--url", "http://127.0.0.1:1/", *options)
    assert said.status == 2
    assert said.errors == [f"error: {message}"]
    assert said.hints


def test_workers_that_never_join_end_the_run_in_time(
    ghlctl: Run, receiver: Started, tmp_path: Path
) -> None:
    wait = ["--distributed", "127.0.0.1:0", "--expect-workers", "2", "--join-within", "1s"]
    said = ghlctl("loadtest", *flags(receiver), "--rate", "10", *wait)
    assert said.status == 3
    assert said.errors == ["error: 0 of 2 workers joined within 1 s"]
    (run,) = (tmp_path / "reports").iterdir()
    assert json.loads((run / "run.json").read_text())["state"] == "aborted"


def test_a_page_whose_port_is_taken_is_refused(ghlctl: Run, receiver: Started) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = ghlctl("loadtest", *flags(receiver), "--rate", "10", "--web", port)
    assert said.status == 2
    assert said.errors == [f"error: the web page cannot have port {port}: Address already in use"]


def test_a_worker_needs_a_place_to_join(ghlctl: Run) -> None:
    said = ghlctl("worker", "nowhere")
    assert said.status == 2
    assert said.errors == ["error: 'nowhere' is no HOST:PORT"]


def test_the_port_of_the_page_may_be_left_out() -> None:
    assert _with_port([]) == []
    assert _with_port(["--web"]) == ["--web", "8089"]
    assert _with_port(["--web", "--rate", "5"]) == ["--web", "8089", "--rate", "5"]
    assert _with_port(["--web", "0", "--rate", "5"]) == ["--web", "0", "--rate", "5"]
    assert _with_port(["--rate", "5"]) == ["--rate", "5"]


@pytest.mark.parametrize(
    "text", ["", ":1", "host", "host:", "host:port", "host:65536", "::1", "[]:1"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no HOST:PORT"):
        place_of(text)


def test_an_ipv6_place_is_written_in_brackets() -> None:
    assert place_of("[::1]:5557") == ("::1", 5557)
