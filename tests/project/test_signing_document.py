"""docs/signing.md says of every scheme what the scheme says of itself, and names real commands."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from ghlctl.cli.app import app
from ghlctl.signing.catalogue import SCHEMES
from ghlctl.signing.challenge import CHALLENGES
from ghlctl.signing.scheme import Scheme

TEXT = (Path(__file__).parents[2] / "docs" / "signing.md").read_text()
HEAD = "| scheme | headers | covers | tolerance | where it is weak |\n|---|---|---|---|---|\n"


def row(scheme: Scheme) -> str:
    headers = ", ".join(f"`{name}`" for name in scheme.headers) or "–"
    age = "–" if scheme.tolerance_s is None else f"{scheme.tolerance_s:g} s"
    covers = ", ".join(scheme.covers) or "nothing"
    return f"| `{scheme.name}` | {headers} | {covers} | {age} | {scheme.weakness} |"


def test_the_table_of_schemes_is_the_catalogue() -> None:
    table = HEAD + "\n".join(map(row, SCHEMES.values()))
    assert f"-->\n{table}\n<!-- end of schemes -->" in TEXT


def test_every_provider_that_asks_first_is_named() -> None:
    assert {name for name in CHALLENGES if name.title() not in TEXT} == set()


def commands() -> list[str]:
    blocks = re.findall(r"```\n(.*?)```", TEXT, re.DOTALL)
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("ghlctl ")]


@pytest.mark.parametrize("line", commands())
def test_every_command_in_it_can_be_read(line: str) -> None:
    command = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    inner = getattr(command, "commands", {})[words[0]]
    known = {option for each in inner.params for option in each.opts}
    for name, deeper in getattr(inner, "commands", {}).items():
        if name == words[1]:
            known = {option for each in deeper.params for option in each.opts}
    assert {word for word in words if word.startswith("--")} <= known, line
