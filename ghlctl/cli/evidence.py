"""What a gate is given: stored runs, or single results in files of their own."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ghlctl.errors import StoreError

if TYPE_CHECKING:
    from ghlctl.model.estimate import CompareSummary
    from ghlctl.model.finding import AuditSummary
    from ghlctl.model.health import HealthSummary
    from ghlctl.model.summary import LoadSummary
    from ghlctl.store.runs import RunFolder, RunStore


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was named; `folder` where it is a whole run on disk."""

    name: str
    folder: "RunFolder | None" = None
    load: "LoadSummary | None" = None
    audit: "AuditSummary | None" = None
    health: "HealthSummary | None" = None
    comparison: "CompareSummary | None" = None

    @property
    def summaries(
        self,
    ) -> "tuple[LoadSummary | AuditSummary | HealthSummary | CompareSummary, ...]":
        all_ = (self.load, self.audit, self.health, self.comparison)
        return tuple(each for each in all_ if each is not None)


def evidence_at(store: "RunStore", reference: str) -> Evidence:
    """A run by all the names that it has, or a file that holds one result."""
    from ghlctl.cli.stored import stored_load
    from ghlctl.store.runs import RUN_FILE, SUMMARY_FILE

    path = Path(reference)
    in_run = path.name in (RUN_FILE, SUMMARY_FILE) and (path.parent / RUN_FILE).is_file()
    if path.is_file() and not in_run:
        return _in_file(path)
    folder = store.find(reference)
    return Evidence(
        folder.id,
        folder,
        stored_load(folder),
        folder.read_audit(),
        comparison=folder.read_comparison(),
    )


def compared_with(baseline: Evidence, candidate: Evidence, store: "RunStore") -> "CompareSummary":
    """Both loads, before and after; a summary alone says nothing of the machine it came from.

    `store`: where noise floors were measured.
    """
    from msgspec.structs import replace

    from ghlctl.analysis.comparison import compare
    from ghlctl.cli.compare import compare_runs
    from ghlctl.model.caution import Caution

    if baseline.folder is not None and candidate.folder is not None:
        return compare_runs(baseline.folder, candidate.folder, store)
    summary = compare(_load_of(baseline), _load_of(candidate))
    unknown = Caution(
        "environment-unknown",
        "a summary alone does not say on which machine it was measured",
        "commit run.json beside summary.json, or measure both on one machine",
    )
    return replace(summary, cautions=(unknown, *summary.cautions))


def _in_file(path: Path) -> Evidence:
    from ghlctl.model.estimate import CompareSummary
    from ghlctl.model.finding import AuditSummary
    from ghlctl.model.health import HealthSummary
    from ghlctl.model.summary import LoadSummary
    from ghlctl.store.results import read_result

    match read_result(path):
        case LoadSummary() as load:
            return Evidence(path.name, load=load)
        case AuditSummary() as audit:
            return Evidence(path.name, audit=audit)
        case HealthSummary() as health:
            return Evidence(path.name, health=health)
        case CompareSummary() as comparison:
            return Evidence(path.name, comparison=comparison)


def _load_of(evidence: Evidence) -> "LoadSummary":
    if evidence.load is None:
        raise StoreError(f"{evidence.name} measured no load", "name a load test or a baseline")
    return evidence.load
