"""All formats by name. A new format is one file and one line here."""

from collections.abc import Callable
from importlib import import_module

from ghlctl.errors import UsageError
from ghlctl.report.document import Document

Render = Callable[[Document], str]

FORMATS: tuple[str, ...] = (
    "text",
    "html",
    "markdown",
    "json",
    "csv",
    "junit",
    "sarif",
    "codequality",
    "openmetrics",
    "bencher",
    "github-benchmark",
)
"""Names of formats, each that of its module here, imported only when asked for."""

SAMPLES_LOG = "hdr"
"""Made of one run's samples and no document: the intervals of an HdrHistogram log."""


def format_named(name: str) -> Render:
    """The render function of a format; UsageError for a name that is not listed."""
    if name not in FORMATS:
        known = ", ".join((*FORMATS, SAMPLES_LOG))
        raise UsageError(f"unknown report format {name!r}", f"known formats: {known}")
    render: Render = import_module(f"ghlctl.report.{name.replace('-', '_')}").render
    return render
