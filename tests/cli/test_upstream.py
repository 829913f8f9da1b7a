"""The fake HighLevel API as its user starts it."""

import json
import re
from pathlib import Path

import httpx
import pytest
import typer

from ghlctl.cli.app import app
from ghlctl.cli.processes import started
from ghlctl.upstream.specification import highlevel
from tests.cli.conftest import Run, receiver_flags

PAGE = (Path(__file__).parents[2] / "docs" / "upstream.md").read_text()


def test_what_it_is_told_by_flag_is_what_it_does(tmp_path: Path) -> None:
    path = tmp_path / "effects.jsonl"
    flags = ["--port", "0", "--rtt", "0", "--latency", "0", "--ledger", str(path)]
    faults = ["--fault", "429=100%@0s-1000s", "--fault", "hang=0.1@2000-", "--locations", "3"]
    more = ["--rtt-sigma", "0.5", "--latency-sigma", "0", "--oauth", "--token-life", "60"]
    with started(["upstream", *flags, *faults, *more]) as process:
        url = process.said["url"]
        settings = httpx.get(f"{url}/_ghlctl/health").json()["settings"]
        assert httpx.post(f"{url}/my/own/hook", json={"x": 1}).status_code == 429
    assert [fault["kind"] for fault in settings["faults"]] == ["status", "hang"]
    assert (settings["oauth"], settings["token_life_s"], settings["locations"]) == (True, 60, 3)
    assert (settings["rtt_sigma"], settings["service_sigma"]) == (0.5, 0)
    line = json.loads(path.read_text())
    assert (line["path"], line["status"], line["applied"]) == ("/my/own/hook", 429, False)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--fault", "melt=1%"],
        ["--fault", "503=1%@9-3"],
        ["--rtt-sigma", "nan"],
        ["--token-life", "inf"],
        ["--ledger", "/nowhere/effects.jsonl"],
    ],
)
def test_what_it_cannot_do_is_said_in_one_line(ghlctl: Run, wrong: list[str]) -> None:
    said = ghlctl("upstream", "--port", "0", *wrong)
    assert (said.status, said.out) == (2, "")
    assert len(said.errors) == 1
    assert "Traceback" not in said.err


def test_a_receiver_signs_on_and_acts(ghlctl: Run, tmp_path: Path) -> None:
    flags = ["--port", "0", "--upstream-port", "0", "--state", str(tmp_path), "--oauth"]
    with started(["serve", *flags]) as process:
        upstream = str(process.said["upstream"])
        assert httpx.put(f"{upstream}/contacts/c", headers=_as("loc-L"), json={}).status_code == 401
        load = ["--iterations", "5", "--concurrency", "1", "--format", "json"]
        said = ghlctl("loadtest", *receiver_flags(process), "--upstream", upstream, *load)
    effects = json.loads(said.out)["effects"]
    assert (effects["lost"], effects["duplicated"]) == (0, 0), said.err
    assert effects["seen"] > 0


def _as(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Version": "2021-07-28"}


def test_its_page_names_options_that_exist_and_counts_its_operations() -> None:
    known = {
        option
        for command in typer.main.get_command(app).commands.values()  # type: ignore[attr-defined] # a group has them
        for parameter in command.params
        for option in parameter.opts
    }
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) <= known
    assert f"{len(highlevel().operations)} operations" in PAGE
