"""Runs on disk: reports/<utc>-<kind>-<id>/, the only interface between measuring and judging."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from ghlctl.errors import StoreError
from ghlctl.model.estimate import CompareSummary
from ghlctl.model.finding import AuditSummary, Exchange
from ghlctl.model.run import SCHEMA_VERSION, Run, RunKind, RunState
from ghlctl.model.summary import LoadSummary

RUN_FILE = "run.json"
SUMMARY_FILE = "summary.json"
FINDINGS_FILE = "findings.json"
COMPARISON_FILE = "comparison.json"
ARMS = "arms"
TRANSCRIPTS_FILE = "transcripts.jsonl"
BASELINES = "baselines"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's folder; the files in it are written by name and replaced whole."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    def write_run(self, run: Run) -> None:
        write_json(self.path / RUN_FILE, run)

    def read_run(self) -> Run:
        return _read(self.path / RUN_FILE, Run, self.id)

    def write_load(self, summary: LoadSummary) -> None:
        write_json(self.path / SUMMARY_FILE, summary)

    def read_load(self) -> LoadSummary | None:
        """None where the run measured no load."""
        path = self.path / SUMMARY_FILE
        return _read(path, LoadSummary, self.id) if path.exists() else None

    def write_audit(self, audit: AuditSummary) -> None:
        write_json(self.path / FINDINGS_FILE, audit)

    def append_transcript(self, check: str, exchanges: Sequence[Exchange]) -> None:
        """Every exchange of a check, one JSON object a line, as soon as the check has ended."""
        lines = [msgspec.json.encode({"check": check, "exchange": each}) for each in exchanges]
        with (self.path / TRANSCRIPTS_FILE).open("ab") as stream:
            stream.writelines(line + b"\n" for line in lines)

    def append_line(self, name: str, value: msgspec.Struct) -> None:
        """One JSON object more in a file of lines."""
        with (self.path / name).open("ab") as stream:
            stream.write(msgspec.json.encode(value) + b"\n")

    def read_lines(self, name: str, kind: type[Value]) -> list[Value]:
        """The lines of such a file, none where there is no file; StoreError for damaged ones."""
        path = self.path / name
        if not path.exists():
            return []
        try:
            return [msgspec.json.decode(line, type=kind) for line in path.read_bytes().splitlines()]
        except msgspec.MsgspecError as fault:
            raise StoreError(f"{name} of run {self.id} is damaged: {fault}") from None

    def write_value(self, name: str, value: msgspec.Struct) -> None:
        write_json(self.path / name, value)

    def read_value(self, name: str, kind: type[Value]) -> Value | None:
        """None where there is no such file."""
        path = self.path / name
        return _read(path, kind, self.id) if path.exists() else None

    def write_comparison(self, comparison: CompareSummary) -> None:
        write_json(self.path / COMPARISON_FILE, comparison)

    def read_comparison(self) -> CompareSummary | None:
        """None where the run is no live comparison, or one that ended before it could say."""
        path = self.path / COMPARISON_FILE
        return _read(path, CompareSummary, self.id) if path.exists() else None

    def create_arm(self, letter: str, run: Run) -> "RunFolder":
        """A live comparison's arm: a run inside this run."""
        path = self.path / ARMS / letter
        path.mkdir(parents=True)
        arm = RunFolder(path)
        arm.write_run(run)
        return arm

    def arms(self) -> "dict[str, RunFolder]":
        """By letter; empty where the run is no live comparison."""
        return {folder.path.name: folder for folder in _folders(self.path / ARMS)}

    def read_audit(self) -> AuditSummary | None:
        """None where the run audited nothing."""
        path = self.path / FINDINGS_FILE
        return _read(path, AuditSummary, self.id) if path.exists() else None


@dataclass(frozen=True, slots=True)
class RunStore:
    """The folder of runs; baselines are runs with a name, under baselines/."""

    root: Path

    def create(self, run: Run) -> RunFolder:
        """Raise StoreError when the folder cannot be written or the id is taken."""
        return self._create(self.root / run.id, run)

    def create_baseline(self, name: str, run: Run) -> RunFolder:
        path = self.root / BASELINES / name
        if path.exists():
            raise StoreError(
                f"baseline {name!r} exists already",
                f"ghlctl baseline delete {name}, or another name",
            )
        return self._create(path, run)

    def _create(self, path: Path, run: Run) -> RunFolder:
        try:
            path.mkdir(parents=True)
        except OSError as fault:
            raise StoreError(
                f"the run cannot be written: {fault.strerror}: {path}",
                "choose a folder with --reports",
            ) from None
        folder = RunFolder(path)
        folder.write_run(run)
        return folder

    def runs(self) -> list[RunFolder]:
        """Every run, oldest first; folders without a run.json are not runs."""
        return _folders(self.root)

    def baselines(self) -> list[RunFolder]:
        return _folders(self.root / BASELINES)

    def find(self, reference: str) -> RunFolder:
        """A run or baseline by path, id, unambiguous part of an id, its name, or `latest`."""
        if not reference.strip():
            raise StoreError("no run was named", "ghlctl runs list shows what there is")
        direct = Path(reference)
        if (direct / RUN_FILE).is_file():
            return RunFolder(direct)
        if direct.name in (RUN_FILE, SUMMARY_FILE) and (direct.parent / RUN_FILE).is_file():
            return RunFolder(direct.parent)
        runs, baselines = self.runs(), self.baselines()
        named = [folder for folder in baselines if folder.id == reference]
        if reference == "latest":
            named = runs[-1:]
        ids = [(run.id, run) for run in runs] + [(_run_id(each), each) for each in baselines]
        matches = named or [folder for run, folder in ids if run == reference]
        return _only(matches or [folder for run, folder in ids if reference in run], reference)

    def delete(self, reference: str) -> RunFolder:
        return _deleted(self.find(reference))

    def delete_baseline(self, name: str) -> RunFolder:
        matches = [folder for folder in self.baselines() if folder.id == name]
        return _deleted(_only(matches, name))


def write_json(path: Path, value: msgspec.Struct) -> None:
    """Indented, and whole or not at all."""
    _replace(path, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def state_on_disk(run: Run) -> RunState:
    """What a reader may say of a run that no longer runs: RUNNING there means killed."""
    return RunState.ABORTED if run.state is RunState.RUNNING else run.state


def run_id(kind: RunKind, started_utc: str, suffix: str) -> str:
    """`started_utc` as YYYYmmddTHHMMSSZ, so that names sort by time."""
    return f"{started_utc}-{kind.value}-{suffix}"


def _replace(path: Path, content: bytes) -> None:
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def _deleted(folder: RunFolder) -> RunFolder:
    shutil.rmtree(folder.path)
    return folder


def _folders(root: Path) -> list[RunFolder]:
    if not root.is_dir():
        return []
    return [RunFolder(path) for path in sorted(root.iterdir()) if (path / RUN_FILE).is_file()]


def _run_id(baseline: RunFolder) -> str:
    """The id in run.json, as the folder is called by the baseline's name; "" where damaged."""
    try:
        return baseline.read_run().id
    except StoreError:
        return ""


def _only(matches: Sequence[RunFolder], reference: str) -> RunFolder:
    if not matches:
        raise StoreError(
            f"no run or baseline {reference!r}", "ghlctl runs list shows what there is"
        )
    if len(matches) > 1:
        names = ", ".join(match.id for match in matches[:4])
        raise StoreError(f"{reference!r} could mean {len(matches)} runs", f"one of: {names}")
    return matches[0]


def _read(path: Path, kind: type[Value], run: str) -> Value:
    try:
        content = path.read_bytes()
        version = msgspec.json.decode(content, type=dict[str, object]).get("schema_version")
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"{path.name} of run {run} has schema version {version}, this is {SCHEMA_VERSION}",
                "read it with the ghlctl version that wrote it",
            )
        return msgspec.json.decode(content, type=kind)
    except OSError as fault:
        raise StoreError(f"{path.name} of run {run} cannot be read: {fault.strerror}") from None
    except msgspec.MsgspecError as fault:
        raise StoreError(f"{path.name} of run {run} is damaged: {fault}", "measure again") from None
