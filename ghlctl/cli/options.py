"""Options that mean the same on every command, said once."""

from typing import Annotated

import typer

from ghlctl.cli.output import Format

_RECEIVER = "Receiver"
_RESULT = "Result"

Url = Annotated[
    str | None,
    typer.Option("--url", help="Where the receiver takes deliveries.", rich_help_panel=_RECEIVER),
]
Provider = Annotated[
    str | None,
    typer.Option(
        "--provider",
        help="Who sends: ghl, ghl-documented, ghl-workflow.",
        rich_help_panel=_RECEIVER,
    ),
]
Scheme = Annotated[
    str | None,
    typer.Option(
        "--scheme",
        help="How deliveries are signed; ghlctl keys schemes lists them.",
        rich_help_panel=_RECEIVER,
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="REF",
        help="Signing key as env:NAME, file:PATH or keyring:NAME.",
        rich_help_panel=_RECEIVER,
    ),
]
VerifyToken = Annotated[
    str | None,
    typer.Option(
        "--verify-token",
        metavar="REF",
        help="Meta's verify token, as env:NAME or file:PATH.",
        rich_help_panel=_RECEIVER,
    ),
]
Upstream = Annotated[
    str | None,
    typer.Option(
        "--upstream",
        metavar="URL",
        help="The upstream whose ledger shows the effects.",
        rich_help_panel=_RECEIVER,
    ),
]
ServeUpstream = Annotated[
    int | None,
    typer.Option(
        "--serve-upstream",
        metavar="PORT",
        min=0,
        max=65535,
        help="Run the upstream here for the time of this command.",
        rich_help_panel=_RECEIVER,
    ),
]
Header = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        metavar="'NAME: VALUE'",
        help="A header for every request; repeatable.",
        rich_help_panel=_RECEIVER,
    ),
]
Authorized = Annotated[
    bool,
    typer.Option(
        "--authorized",
        help="You may send load and attacks to a host that is not private.",
        rich_help_panel=_RECEIVER,
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="Start the embedded receiver for this command: baseline or optimized.",
        rich_help_panel=_RECEIVER,
    ),
]
Switches = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="SWITCH=VALUE",
        help="Turn one switch of the embedded receiver.",
        rich_help_panel=_RECEIVER,
    ),
]
ConfigFile = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", help="ghlctl.yaml, else found upward from here."),
]
Reports = Annotated[
    str | None,
    typer.Option("--reports", metavar="DIR", help="Where runs are kept.", show_default="reports"),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", min=0, help="Repeat the same people and events; ids are always fresh."),
]
OutputFormat = Annotated[
    Format, typer.Option("--format", help="Form of the result.", rich_help_panel=_RESULT)
]
Output = Annotated[
    str,
    typer.Option(
        "--output",
        metavar="FILE",
        help="Where the result goes; - is stdout.",
        rich_help_panel=_RESULT,
    ),
]

ScenarioFile = Annotated[
    str | None,
    typer.Option("--scenario", metavar="FILE", help="What to send.", rich_help_panel="Load"),
]
Iterations = Annotated[
    int | None,
    typer.Option("--iterations", min=1, help="Closed model: this many.", rich_help_panel="Load"),
]
Concurrency = Annotated[
    int | None,
    typer.Option("--concurrency", min=1, help="Closed model: senders.", rich_help_panel="Load"),
]
Rate = Annotated[
    float | None,
    typer.Option("--rate", metavar="PER_S", help="Open model: arrivals/s.", rich_help_panel="Load"),
]
Duration = Annotated[
    str | None,
    typer.Option("--duration", metavar="TIME", help="Open model: 30s, 5m.", rich_help_panel="Load"),
]
Replay = Annotated[
    str | None,
    typer.Option(
        "--replay", metavar="FILE", help="Captured deliveries, signed anew.", rich_help_panel="Load"
    ),
]
Speed = Annotated[
    float | None,
    typer.Option("--speed", metavar="TIMES", help="Of a replay; 2: twice.", rich_help_panel="Load"),
]
Thresholds = Annotated[
    list[str] | None,
    typer.Option(
        "--threshold",
        metavar="EXPR",
        help="e.g. 'response_time p95 < 600ms'; repeatable.",
        rich_help_panel=_RESULT,
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Exit 4 where a verdict is unclear.", rich_help_panel=_RESULT),
]
Suppressions = Annotated[
    str | None,
    typer.Option(
        "--suppressions",
        metavar="FILE",
        help="Accepted risks: id, reason, owner, expiry.",
        rich_help_panel=_RESULT,
    ),
]
RoundTrip = Annotated[
    float | None,
    typer.Option("--rtt", metavar="MS", min=0, help="The upstream's simulated round trip."),
]
ServiceTime = Annotated[
    float | None,
    typer.Option("--latency", metavar="MS", min=0, help="The upstream's median service time."),
]
Faults = Annotated[
    float | None,
    typer.Option("--faults", min=0, max=1, help="Share of upstream calls that fail."),
]
OAuth = Annotated[
    bool, typer.Option("--oauth", help="Access tokens come from POST /oauth/token, and end.")
]
