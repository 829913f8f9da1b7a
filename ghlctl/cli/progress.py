"""What a person sees while load is sent: a few lines on a terminal, nothing elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ghlctl.load.messages import Progress
    from ghlctl.model.threshold import Threshold

BAR_CHARS = 24


@dataclass(frozen=True, slots=True)
class Plan:
    """What progress is held against; `lasts_s` is None where only the receiver can tell."""

    title: str
    lasts_s: float | None
    thresholds: "tuple[Threshold, ...]" = ()


@contextmanager
def shown_progress(plan: Plan) -> "Iterator[Callable[[Progress], None] | None]":
    """A callback that redraws stderr, or None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    def drawn(progress: "Progress") -> Text:
        screen = Text("\n").join(Text(line) for line in progress_lines(plan, progress))
        screen.highlight_regex(r"✗ .*", "red")
        return screen

    with Live(console=Console(stderr=True), transient=True, refresh_per_second=4) as live:
        yield lambda progress: live.update(drawn(progress))


def progress_lines(plan: Plan, progress: "Progress") -> list[str]:
    """Where the run stands, in lines that fit 80 columns."""
    failed = {kind: count for kind, count in progress.errors.items() if count}
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(failed.items()))
    achieved = progress.done / progress.elapsed_s if progress.elapsed_s > 0 else 0.0
    return [
        f"{plan.title}  {_bar(plan, progress)}  {_left(plan, progress)}",
        (
            f"  done {progress.done} of {progress.planned}, {achieved:.1f}/s, "
            f"in flight {progress.in_flight}, dropped {progress.dropped}"
        ),
        (
            f"  response p50 {_ms(progress.response_p50_ms)}, p99 {_ms(progress.response_p99_ms)}, "
            f"lateness p99 {_ms(progress.lateness_p99_ms)}"
        ),
        f"  errors {sum(failed.values())}{': ' if kinds else ''}{kinds}",
        *_bounds(plan, progress),
    ]


def _bounds(plan: Plan, progress: "Progress") -> Iterator[str]:
    """The thresholds that can be judged before the end, as they stand now."""
    from ghlctl.load.abort import standing

    for threshold in plan.thresholds:
        holds = standing(threshold, progress)
        if holds is not None:
            yield f"  {'✓' if holds else '✗'} {threshold.expr}"


def _share(plan: Plan, progress: "Progress") -> float:
    whole, part = float(progress.planned), float(progress.done)
    if plan.lasts_s is not None:
        whole, part = plan.lasts_s, progress.elapsed_s
    return min(1.0, part / whole) if whole else 0.0


def _bar(plan: Plan, progress: "Progress") -> str:
    full = round(_share(plan, progress) * BAR_CHARS)
    return "━" * full + "┄" * (BAR_CHARS - full)


def _left(plan: Plan, progress: "Progress") -> str:
    if plan.lasts_s is None:
        return f"{progress.elapsed_s:.0f} s so far"
    return f"{max(0.0, plan.lasts_s - progress.elapsed_s):.0f} s left"


def _ms(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.1f} ms"
