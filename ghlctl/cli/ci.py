"""What a CI service reads: the step summary, annotations, and files to keep."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ghlctl.cli.output import say
from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from ghlctl.report.document import Document

ARTIFACTS = {
    "junit.xml": "junit",
    "gl-code-quality.json": "codequality",
    "metrics.txt": "openmetrics",
    "summary.md": "markdown",
}
"""Files by the names that GitLab's own examples give them, and their formats."""


def make_artifacts_folder(folder: str) -> None:
    """Raise UsageError before anything is judged that could then not be written."""
    if not folder.strip():
        raise UsageError("--artifacts is empty", "name a folder, or leave it out")
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise _unwritable(folder, fault) from None


def write_artifacts(document: "Document", folder: str) -> None:
    """Every file a CI service can show; raise UsageError where the folder cannot be written."""
    from ghlctl.report.catalogue import format_named

    try:
        for name, form in ARTIFACTS.items():
            (Path(folder) / name).write_text(format_named(form)(document), encoding="utf-8")
    except OSError as fault:
        raise _unwritable(folder, fault) from None


def _unwritable(folder: str, fault: OSError) -> UsageError:
    hint = "name another folder with --artifacts"
    return UsageError(f"cannot write {folder}: {fault.strerror}", hint)


def on_github() -> bool:
    return bool(_summary_file()) or _takes_annotations()


def tell_github(document: "Document") -> None:
    """The summary of the step, and annotations on stderr, so that stdout stays whole."""
    from ghlctl.report.annotations import annotations

    summary = _summary_file()
    if summary:
        _append_summary(document, Path(summary))
    if _takes_annotations():
        for line in annotations(document):
            say(line)


def _summary_file() -> str:
    return os.environ.get("GITHUB_STEP_SUMMARY", "")


def _takes_annotations() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def _append_summary(document: "Document", path: Path) -> None:
    """Whatever other steps wrote counts towards the limit; a summary too many fails nothing."""
    from ghlctl.report.markdown import render_within, room_in_summary

    try:
        there = path.stat().st_size if path.exists() else 0
        with path.open("a", encoding="utf-8") as stream:
            stream.write(render_within(document, room_in_summary(there)))
    except OSError as fault:
        say(f"caution: the step summary could not be written: {fault.strerror}")
