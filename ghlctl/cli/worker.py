"""ghlctl worker: takes part in another machine's load test."""

import os
from typing import Annotated

import typer

from ghlctl.cli.output import say
from ghlctl.errors import ExitStatus

Place = Annotated[str, typer.Argument(metavar="HOST:PORT", help="Where its --distributed listens.")]
Within = Annotated[
    str, typer.Option("--within", metavar="TIME", help="How long to wait for the master.")
]


def worker(place: Place, within: Within = "60s") -> ExitStatus:
    """Join a distributed load test and send a share of it; ends with that run.

    The key that the run names is read on this machine: set the same variable, or have the same
    file here.
    """
    from ghlctl.cli.spreading import place_of
    from ghlctl.load.exchange import Join
    from ghlctl.load.joining import join_run
    from ghlctl.scenario.units import duration_s

    host, port = place_of(place)
    order = Join(host, port, within_s=duration_s(within))
    served = join_run(order, environ=os.environ, on_said=say)
    if served.interrupted:
        return ExitStatus.INTERRUPTED
    say("the share was sent" if served.whole else "the run was stopped before its end")
    return ExitStatus.FINE if served.whole else ExitStatus.NOT_MEASURED
