"""What the documents promise holds in the program."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer

from ghlctl.cli.app import app
from ghlctl.errors import ExitStatus

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LOCKS = sorted(ROOT.glob("requirements*.lock"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def commands_in_readme() -> list[str]:
    """Every `ghlctl …` that stands in code, without comments and placeholders of prose."""
    blocks = re.findall(r"```\n(.*?)```", README, re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    spans = re.findall(r"`(ghlctl [^`]+)`", README)
    return [line for line in [*lines, *spans] if line.startswith("ghlctl ")]


def words_known() -> dict[str, set[str]]:
    """Options by command path, as the program has them."""
    known: dict[str, set[str]] = {}

    def walk(command: object, path: str) -> None:
        parameters = getattr(command, "params", [])
        known[path] = {option for each in parameters for option in each.opts}
        for name, inner in getattr(command, "commands", {}).items():
            walk(inner, f"{path} {name}".strip())

    walk(typer.main.get_command(app), "")
    return known


@pytest.mark.parametrize("line", commands_in_readme())
def test_every_command_of_the_readme_exists_with_its_options(line: str) -> None:
    known = words_known()
    words = shlex.split(line.replace("…", ""))[1:]
    path = words[0]
    if len(words) > 1 and f"{path} {words[1]}" in known:
        path = f"{path} {words[1]}"
    elif f"{path} run" in known:
        path = f"{path} run"
    assert path in known, line
    options = {word for word in words if word.startswith("--")}
    assert options <= known[path] | {"--help"}, line


def test_the_readme_lists_every_exit_status() -> None:
    listed = {int(number) for number in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert listed == {status.value for status in ExitStatus}


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_links_between_documents_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert "://" in target or (ROOT / target).exists(), target


def test_the_architecture_fits_on_a_page_and_names_every_package() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    assert len(text.splitlines()) <= 100
    packages = {path.parent.name for path in (ROOT / "ghlctl").glob("*/__init__.py")}
    assert {name for name in packages if not re.search(rf"\b{name}\b", text)} == set()


def test_every_direct_dependency_has_its_reason_beside_it() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    extras = [name for extra in PROJECT["optional-dependencies"].values() for name in extra]
    for requirement in [*PROJECT["dependencies"], *extras]:
        beside = [line for line in lines if line.strip().startswith(f'"{requirement}"')]
        assert beside, requirement
        for line in beside:
            assert len(line.partition("#")[2].strip()) > 10, requirement


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_carry_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(r"^[a-z0-9][^=\s]*==\S+", text, re.MULTILINE)
    assert pins
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_locks_hold_every_direct_dependency() -> None:
    text = (ROOT / "requirements.lock").read_text()
    for requirement in PROJECT["dependencies"]:
        name = re.split(r"[<>=;\[ ]", requirement)[0]
        assert re.search(rf"^{re.escape(name)}==", text, re.MULTILINE | re.IGNORECASE), name


def test_no_ignore_stands_without_its_reason() -> None:
    bare = re.compile(
        r"# (noqa|type: ignore)(:? *(\[[a-z-]+\]|[A-Z]+[0-9]+(, *[A-Z]+[0-9]+)*))?\s*$"
    )
    for path in [*ROOT.glob("ghlctl/**/*.py"), *ROOT.glob("tests/**/*.py")]:
        for line in path.read_text().splitlines():
            found = bare.search(line)
            assert found is None or _same_reason_above(path, line), f"{path.name}: {line}"


def _same_reason_above(path: Path, line: str) -> bool:
    """A reason given once in a file stands for the same code further down in it."""
    code = line.rpartition("# ")[2].strip()
    return f"# {code} - " in path.read_text() or f"# {code} – " in path.read_text()
