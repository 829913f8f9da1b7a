"""Thresholds that end a run early: held against its progress, not only against its end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ghlctl.analysis.thresholds import ParsedThreshold, holds, parse_threshold
from ghlctl.errors import UsageError
from ghlctl.load.messages import Progress
from ghlctl.model.threshold import Level, Threshold
from ghlctl.scenario.units import duration_s

STOPPED = "stopped"
"""Code of the caution that a run stopped in this way carries."""


def _error_rate(progress: Progress) -> float | None:
    failed = sum(count for kind, count in progress.errors.items() if kind != "dropped")
    return failed / progress.done if progress.done else None


_KNOWN_EARLY: dict[tuple[str, str], Callable[[Progress], float | None]] = {
    ("error_rate", ""): _error_rate,
    ("response_time", "p50"): lambda progress: progress.response_p50_ms,
    ("response_time", "p99"): lambda progress: progress.response_p99_ms,
    ("lateness", "p99"): lambda progress: progress.lateness_p99_ms,
    ("dropped", ""): lambda progress: float(progress.dropped),
}


@dataclass(frozen=True, slots=True)
class _Watched:
    bound: ParsedThreshold
    value: Callable[[Progress], float | None]
    after_s: float


def stopper(thresholds: Sequence[Threshold]) -> Callable[[Progress], str | None] | None:
    """What ends a run: a function from its progress to the reason, or None where nothing may.

    Values are over the whole run so far, warm-up included. Raise UsageError for a threshold whose
    value is known only at the end.
    """
    watched = [_watched(each) for each in thresholds if each.abort and each.level is not Level.OFF]
    if not watched:
        return None

    def reason(progress: Progress) -> str | None:
        broken = (each for each in watched if _broken(each, progress))
        return next((f"{each.bound.expression} did not hold" for each in broken), None)

    return reason


def standing(threshold: Threshold, progress: Progress) -> bool | None:
    """Whether a threshold holds so far; None where only the end can tell."""
    bound = parse_threshold(threshold.expr)
    value = _early_value(bound)
    known = None if value is None else value(progress)
    return None if known is None else holds(bound, known)


def _early_value(bound: ParsedThreshold) -> Callable[[Progress], float | None] | None:
    if bound.tags or bound.relative:
        return None
    return _KNOWN_EARLY.get((bound.subject, bound.aggregate))


def _watched(threshold: Threshold) -> _Watched:
    bound = parse_threshold(threshold.expr)
    value = _early_value(bound)
    if value is None:
        names = ", ".join(" ".join(words).strip() for words in _KNOWN_EARLY)
        raise UsageError(
            f"{threshold.expr!r} cannot abort a run: its value is known only at the end",
            f"what can: {names}",
        )
    return _Watched(bound, value, duration_s(threshold.after))


def _broken(watched: _Watched, progress: Progress) -> bool:
    value = watched.value(progress)
    late_enough = progress.elapsed_s >= watched.after_s
    return late_enough and value is not None and not holds(watched.bound, value)
