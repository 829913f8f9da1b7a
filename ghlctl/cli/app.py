"""The command tree, and how every refusal reaches a person."""

import re
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from ghlctl import __version__
from ghlctl.cli import (
    audit,
    baseline,
    compare,
    compliance,
    demo,
    doctor,
    events,
    gate,
    health,
    init,
    keys,
    ladder,
    listen,
    loadtest,
    report,
    runs,
    schema,
    send,
    serve,
    sign,
    trend,
    upstream,
    verify,
    worker,
)
from ghlctl.cli.interrupts import signals_interrupt
from ghlctl.cli.output import complain, emit, write_what_can_be_encoded
from ghlctl.cli.spreading import PortMayBeLeftOut
from ghlctl.errors import ExitStatus, GhlctlError

app = typer.Typer(
    name="ghlctl",
    help="Benchmark and audit the receivers of signed webhooks, GoHighLevel's first.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(asked: bool) -> None:
    if asked:
        emit(f"ghlctl {__version__}")
        raise typer.Exit


@app.callback()
def ghlctl(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version."),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)
app.add_typer(keys.app, name="keys")
app.command("serve")(serve.serve)
app.command("upstream")(upstream.upstream)
app.command("events")(events.events)
app.command("send")(send.send)
app.command("sign")(sign.sign)
app.command("verify")(verify.verify)
app.command("listen")(listen.listen)
app.command("health")(health.health)
app.add_typer(baseline.app, name="baseline")
app.command("loadtest", cls=PortMayBeLeftOut)(loadtest.loadtest)
app.command("worker")(worker.worker)
app.add_typer(audit.app, name="audit")
app.command("compare")(compare.compare)
app.add_typer(compliance.app, name="compliance")
app.command("ladder")(ladder.ladder)
app.command("trend")(trend.trend)
app.command("gate")(gate.gate)
app.command("report")(report.report)
app.add_typer(runs.app, name="runs")
app.command("schema")(schema.schema)


def run(argv: Sequence[str]) -> int:
    """Run one command; the exit status is the contract's, and no traceback is an answer."""
    write_what_can_be_encoded()
    try:
        with signals_interrupt():
            status = app(args=list(argv), prog_name="ghlctl", standalone_mode=False)
    except GhlctlError as refusal:
        complain(refusal.message, refusal.hint)
        return refusal.status
    except typer.TyperException as misuse:
        complain(_one_line(misuse), "ghlctl --help, or --help after the command")
        return ExitStatus.USAGE
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except BrokenPipeError:
        # The reader of stdout went away; closing the stream keeps Python from saying so at exit.
        sys.stderr.close()
        return ExitStatus.FINE
    # A command returns this for a Ctrl-C that it answered itself, typer for one that nobody did.
    return _interrupted() if status == ExitStatus.INTERRUPTED else int(status or ExitStatus.FINE)


def _interrupted() -> ExitStatus:
    # An interrupt that passed through a compiled text, as a dataclass is while its module loads,
    # makes CPython end by SIGINT whatever the exit status; another text takes that mark away.
    exec("")  # noqa: S102 - nothing is executed, see above
    complain("interrupted", "")
    return ExitStatus.INTERRUPTED


_UNKNOWN_CHOICE = re.compile(r"'(?:-+|\[)?([\w-]+)\]?': .*?('.*') is not one of (.*)")


def _one_line(misuse: Exception) -> str:
    text = getattr(misuse, "format_message", misuse.__str__)()
    line = " ".join(str(text).split()).rstrip(".")
    choice = _UNKNOWN_CHOICE.search(line)
    if choice is None:
        return line
    known = choice[3].replace("'", "")
    return f"unknown {choice[1].lower()} {choice[2]}; known: {known}"
