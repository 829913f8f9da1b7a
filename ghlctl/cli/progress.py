"""What a person sees while load is sent: one line on a terminal, nothing elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ghlctl.load.messages import Progress


@contextmanager
def shown_progress(title: str) -> "Iterator[Callable[[Progress], None] | None]":
    """A callback that redraws a line on stderr, or None where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(stderr=True), transient=True, refresh_per_second=4) as live:
        yield lambda progress: live.update(Text(progress_line(title, progress)))


def progress_line(title: str, progress: "Progress") -> str:
    """Where the run stands, in one line."""
    failed = sum(progress.errors.values())
    p50, p99 = (_ms(value) for value in (progress.response_p50_ms, progress.response_p99_ms))
    return (
        f"{title}  {progress.elapsed_s:.0f} s  {progress.done} of {progress.planned}"
        f"  in flight {progress.in_flight}  p50 {p50}  p99 {p99}  errors {failed}"
    )


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
