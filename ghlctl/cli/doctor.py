"""ghlctl doctor: is this machine fit to measure with?"""

from ghlctl.cli.options import Output, OutputFormat
from ghlctl.cli.output import Format, as_json, emit
from ghlctl.errors import ExitStatus


def doctor(form: OutputFormat = Format.TEXT, output: Output = "-") -> ExitStatus:
    """Look at this machine: clock, cores, load, file limits, timer, loopback."""
    from ghlctl.cli.health import listed
    from ghlctl.load.machine import machine_checks

    summary = machine_checks()
    emit(as_json(summary) if form is Format.JSON else listed(summary), output)
    return ExitStatus.FINE if summary.passed else ExitStatus.NOT_MEASURED
