"""ghlctl upstream: the fake HighLevel API alone, with its ledger."""

import json
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
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of faults and latencies.")
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="How it says where it listens.")
    ] = Format.TEXT,
    exit_with_parent: Annotated[bool, typer.Option("--exit-with-parent", hidden=True)] = False,
) -> None:
    """Run a HighLevel API v2 on this machine until it is interrupted."""
    import msgspec

    from ghlctl.cli.processes import die_with_parent
    from ghlctl.upstream.serve import serve_upstream
    from ghlctl.upstream.settings import UpstreamSettings

    if exit_with_parent:
        die_with_parent()
    given = {"rtt_ms": rtt, "service_ms": latency, "fault_rate": faults, "seed": seed}
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = msgspec.structs.replace(UpstreamSettings(), **chosen)

    def announce(listening: int) -> None:
        url = f"http://{host}:{listening}"
        emit(json.dumps({"url": url}) if form is Format.JSON else f"upstream  {url}")

    serve_upstream(settings, host=host, port=port, announce=announce)
