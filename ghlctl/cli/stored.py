"""Stored runs as values: what was summarised, or what a killed run left behind."""

from typing import TYPE_CHECKING

from ghlctl.errors import StoreError

if TYPE_CHECKING:
    from ghlctl.model.run import Run
    from ghlctl.model.sample import Floats
    from ghlctl.model.summary import LoadSummary
    from ghlctl.report.document import AuditView, LoadView
    from ghlctl.store.runs import RunFolder


def load_of(folder: "RunFolder") -> "LoadSummary":
    """A run's load summary; raise StoreError where it measured no load."""
    summary = stored_load(folder)
    if summary is None:
        raise StoreError(f"run {folder.id} measured no load", "name a load test or a baseline")
    return summary


def stored_load(folder: "RunFolder") -> "LoadSummary | None":
    """The summary as written, or made now from the samples of a run that was killed."""
    from ghlctl.store.samples import has_samples

    summary = folder.read_load()
    if summary is None and has_samples(folder.path):
        return _summary_of_killed(folder)
    return summary


def ended_run(folder: "RunFolder") -> "Run":
    """run.json, with the state that a reader may rely on."""
    import msgspec

    from ghlctl.store.runs import state_on_disk

    run = folder.read_run()
    return msgspec.structs.replace(run, state=state_on_disk(run))


def load_view(folder: "RunFolder", label: str) -> "LoadView | None":
    """What a report shows of a run's load; None where it measured none."""
    from ghlctl.analysis.curves import percentile_curve, response_time_curve, timeline
    from ghlctl.report.document import LoadView, Timeline
    from ghlctl.store.samples import has_samples, read_samples

    summary = stored_load(folder)
    if summary is None:
        return None
    if not has_samples(folder.path):  # a committed baseline is its summary alone
        return LoadView(label, ended_run(folder), summary, ())
    samples = read_samples(folder.path)
    line = timeline(samples)
    times = _end_to_end(folder, ended_run(folder).origin_unix_ns)
    return LoadView(
        label=label,
        run=ended_run(folder),
        summary=summary,
        curve=response_time_curve(samples),
        end_to_end_curve=None if times is None else percentile_curve(times),
        timeline=Timeline(
            line.second,
            line.planned,
            line.sent,
            line.acknowledged,
            line.errors,
            line.p50,
            line.p95,
            line.warmup_s,
        ),
    )


def audit_view(folder: "RunFolder", label: str) -> "AuditView | None":
    from ghlctl.report.document import AuditView

    audit = folder.read_audit()
    return None if audit is None else AuditView(label, audit)


def _end_to_end(folder: "RunFolder", origin_unix_ns: int) -> "Floats | None":
    """End-to-end times (ms) of the counted deliveries; None where no effects were matched."""
    from ghlctl.analysis.effects import end_to_end_of
    from ghlctl.store.effects import read_effects
    from ghlctl.store.samples import read_samples

    effects = read_effects(folder.path)
    if not effects or not origin_unix_ns:
        return None
    return end_to_end_of(read_samples(folder.path), effects, origin_unix_ns).ms


def _summary_of_killed(folder: "RunFolder") -> "LoadSummary":
    from ghlctl.analysis.summary import summarise
    from ghlctl.model.caution import Caution
    from ghlctl.model.summary import GeneratorSummary
    from ghlctl.store.samples import read_samples

    return summarise(
        ended_run(folder),
        read_samples(folder.path),
        matched=None,
        generator=GeneratorSummary(cpu_s=0.0, workers=1, keeping_up=True),
        receiver_cost=None,
        cautions=(
            Caution(
                "killed",
                "the run was killed: this is what was on disk, without the generator's own account",
                "measure again before relying on it",
            ),
        ),
    )
