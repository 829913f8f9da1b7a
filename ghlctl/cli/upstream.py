"""ghlctl upstream: the fake HighLevel API alone, with its ledger."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ghlctl.cli import options
from ghlctl.cli.output import Format, emit


def upstream(
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")
    ] = 8701,
    rtt: options.RoundTrip = None,
    latency: options.ServiceTime = None,
    faults: options.Faults = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="KIND=SHARE[@FROM-TO]",
            help="503=35%@10s-70s, or reset, hang, slow; seconds after the first call. Repeatable.",
        ),
    ] = None,
    rtt_sigma: Annotated[
        float | None,
        typer.Option("--rtt-sigma", min=0, help="Spread of round trips: 0, none."),
    ] = None,
    latency_sigma: Annotated[
        float | None,
        typer.Option("--latency-sigma", min=0, help="Spread of service times: 0.25."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of faults and latencies.")
    ] = None,
    locations: Annotated[
        int | None, typer.Option("--locations", min=0, help="How many may call; 0 for any number.")
    ] = None,
    oauth: options.OAuth = False,
    token_life: Annotated[
        float | None,
        typer.Option("--token-life", metavar="S", min=1, help="Seconds until a token ends: 86399."),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option("--ledger", metavar="FILE", help="Write the ledger to a new file as well."),
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="How it says where it listens.")
    ] = Format.TEXT,
    exit_with_parent: Annotated[bool, typer.Option("--exit-with-parent", hidden=True)] = False,
) -> None:
    """Run a HighLevel API v2 on this machine until it is interrupted."""
    import msgspec

    from ghlctl.cli.processes import die_with_parent
    from ghlctl.upstream.faults import fault_from
    from ghlctl.upstream.serve import serve_upstream
    from ghlctl.upstream.settings import UpstreamSettings

    if exit_with_parent:
        die_with_parent()
    given = {
        "rtt_ms": rtt,
        "rtt_sigma": rtt_sigma,
        "service_ms": latency,
        "service_sigma": latency_sigma,
        "fault_rate": faults,
        "faults": tuple(fault_from(one) for one in fault or []),
        "seed": seed,
        "locations": locations,
        "oauth": oauth,
        "token_life_s": token_life,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = msgspec.structs.replace(UpstreamSettings(), **chosen)

    def announce(listening: int) -> None:
        url = f"http://{host}:{listening}"
        emit(json.dumps({"url": url}) if form is Format.JSON else f"upstream  {url}")

    serve_upstream(settings, host=host, port=port, announce=announce, ledger_file=ledger)
