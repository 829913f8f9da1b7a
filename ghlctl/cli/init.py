"""ghlctl init: a first config, scenario, test key and CI job."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ghlctl.cli.output import emit
from ghlctl.errors import UsageError

CONFIG = """\
# Read by every ghlctl command in this folder and below it.
receiver:
  url: http://127.0.0.1:8700/webhooks/ghl
  provider: ghl
  scheme: ghl
  key: file:.ghlctl/keys/ghl-test.key
scenario: scenarios/first.yaml
reports: reports
"""

SCENARIO = """\
# A first load test: a steady trickle of the events that most integrations handle.
name: first
provider: ghl
events: {ContactCreate: 40, ContactUpdate: 30, OpportunityCreate: 15, AppointmentCreate: 15}
arrivals:
  - {constant: 10/s, for: 30s}
warmup: 5s
timeout: 10s
thresholds:
  - "response_time p95 < 600ms"
  - "error_rate < 1%"
"""

WORKFLOW = """\
# Measures your receiver on every pull request. One step is yours to fill in: see below.
name: webhook receiver
on: [pull_request]
permissions: {contents: read}
jobs:
  ghlctl:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {python-version: "3.12"}
      - run: pip install ghlctl
      - name: A test key; your receiver must trust its public half
        run: |
          ghlctl keys generate
          ghlctl keys public > webhook-public-key.pem
      # ---- YOURS TO FILL IN: start your receiver in the background ----
      # It must listen where ghlctl.yaml says and trust webhook-public-key.pem.
      - name: Start the receiver
        run: |
          echo "put the command that starts your receiver here, ending in &" && exit 1
      # ------------------------------------------------------------------
      - name: Wait until it is ready
        run: timeout 60 sh -c 'until ghlctl health; do sleep 2; done'
      - name: Measure it with the scenario of ghlctl.yaml
        # A missed threshold is for the gate to tell; wrong usage ends the job here.
        run: ghlctl loadtest || test $? -ne 2
      - name: Hold it against the scenario's thresholds
        # For a policy, add --policy plan; for a baseline, --against reports/baselines/main.
        run: ghlctl gate latest --artifacts reports/ci
      - uses: actions/upload-artifact@v4
        if: always()
        with: {name: ghlctl-reports, path: reports/}
"""

IGNORED = (".ghlctl/", "reports/*", "!reports/baselines/", "*.parquet")  # keys, runs, samples


class Snippet(StrEnum):
    """Frameworks for which there is a receiver that trusts the test key."""

    EXPRESS = "express"
    FASTAPI = "fastapi"
    FLASK = "flask"
    DJANGO = "django"
    LARAVEL = "laravel"


def init(
    folder: Annotated[str, typer.Argument(metavar="[DIR]", help="Where.")] = ".",
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    snippet: Annotated[
        Snippet | None,
        typer.Option("--snippet", help="Print a receiver that trusts the test key; write nothing."),
    ] = None,
) -> None:
    """Write ghlctl.yaml, a scenario, a test key pair and a CI workflow."""
    if snippet is not None:
        emit(snippet_text(snippet))
        return
    _write(folder, force=force)


def snippet_text(snippet: Snippet) -> str:
    from importlib.resources import files

    place = files("ghlctl.cli").joinpath("snippets", f"{snippet}.txt")
    return place.read_text(encoding="utf-8")


def _write(folder: str, *, force: bool) -> None:
    from ghlctl.signing.catalogue import scheme_named
    from ghlctl.store.key_folder import KeyFolder

    place = Path(folder)
    files = {
        place / "ghlctl.yaml": CONFIG,
        place / "scenarios" / "first.yaml": SCENARIO,
        place / ".github" / "workflows" / "ghlctl.yaml": WORKFLOW,
    }
    there = [str(path) for path in files if path.exists()]
    if there and not force:
        raise UsageError(f"{there[0]} exists already", "--force overwrites it; keys are kept")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        _ignore(place / ".gitignore")
    except OSError as fault:
        raise UsageError(
            f"cannot write {folder}: {fault.strerror}", "name another folder"
        ) from None
    stored = KeyFolder(place / ".ghlctl" / "keys").load_or_make(scheme_named("ghl"))
    written = [*files, place / ".gitignore", stored.private, stored.public]
    emit("\n".join(f"wrote {path}" for path in written))


def _ignore(path: Path) -> None:
    """Add what must not be committed to a .gitignore, and leave the rest of it alone."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    there = {line.strip().strip("/") for line in text.splitlines()}
    missing = [line for line in IGNORED if line.strip("/") not in there]
    start = text if text.endswith("\n") or not text else text + "\n"
    if missing:
        path.write_text(start + "".join(f"{line}\n" for line in missing), encoding="utf-8")
