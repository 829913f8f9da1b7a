"""An upstream for the time of one command, beside a receiver that calls it."""

import contextlib
import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghlctl.cli.processes import Started, started
from tests.cli.conftest import Run, receiver_flags


@pytest.fixture(scope="module")
def port() -> int:
    """A free one, which the receiver is told of before anybody listens there.

    Below the ports that the system hands out by itself, or another program could get it meanwhile.
    """
    for candidate in random.sample(range(20_000, 30_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", candidate)):
            return candidate
    pytest.fail("there is no free port")


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Started]:
    """The embedded receiver with an upstream that nobody has started."""
    state = tmp_path_factory.mktemp("state")
    flags = ["--port", "0", "--upstream", f"http://127.0.0.1:{port}", "--state", str(state)]
    with started(["serve", *flags]) as process:
        yield process


def test_a_load_test_sees_effects_in_an_upstream_of_its_own(
    ghlctl: Run, lonely: Started, port: int
) -> None:
    load = ["--iterations", "20", "--concurrency", "2", "--format", "json"]
    flags = [*receiver_flags(lonely), "--serve-upstream", str(port)]
    said = ghlctl("loadtest", *flags, *load)
    assert f"upstream http://127.0.0.1:{port}" in said.err, said.err
    assert json.loads(said.out)["effects"]["seen"] > 0, said.out + said.err
    with socket.socket() as free:
        assert free.connect_ex(("127.0.0.1", port)) != 0, "it is still there"


def test_an_audit_judges_by_effects_in_an_upstream_of_its_own(
    ghlctl: Run, lonely: Started, port: int
) -> None:
    flags = [*receiver_flags(lonely), "--serve-upstream", str(port)]
    said = ghlctl("audit", *flags, "--scope", "SIG-01", "--format", "json")
    codes = {caution["code"] for caution in json.loads(said.out)["cautions"]}
    assert "audit-no-upstream" not in codes, said.out + said.err


def test_a_baseline_is_captured_with_an_upstream_of_its_own(
    ghlctl: Run, lonely: Started, port: int, tmp_path: Path
) -> None:
    load = ["--iterations", "10", "--concurrency", "2", "--skip-audit", "--format", "json"]
    flags = [*receiver_flags(lonely), "--serve-upstream", str(port)]
    said = ghlctl("baseline", "before", *flags, *load)
    assert json.loads(said.out)["effects"]["seen"] > 0, said.out + said.err
    assert list((tmp_path / "reports").rglob("summary.json"))
