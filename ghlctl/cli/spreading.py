"""The options that say who sends a load: processes here, workers from elsewhere, and the page."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from ghlctl.load.plan import Spread

MOST_HERE, MOST_JOINING = 256, 1000  # what a master of so many costs stands in benchmarks/README.md
LOCUSTS_PORT = "8089"
_PANEL = "Load"

Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        max=MOST_HERE,
        help="Send from so many processes of this machine.",
        rich_help_panel=_PANEL,
    ),
]
Distributed = Annotated[
    str | None,
    typer.Option(
        "--distributed",
        metavar="HOST:PORT",
        help="Listen there for ghlctl worker; whoever reaches it may join.",
        rich_help_panel=_PANEL,
    ),
]
Expected = Annotated[
    int | None,
    typer.Option(
        "--expect-workers",
        min=1,
        max=MOST_JOINING,
        help="How many join at --distributed.",
        rich_help_panel=_PANEL,
    ),
]
JoinWithin = Annotated[
    str,
    typer.Option(
        "--join-within",
        metavar="TIME",
        help="How long they may take to join.",
        rich_help_panel=_PANEL,
    ),
]
Web = Annotated[
    int | None,
    typer.Option(
        "--web",
        metavar="[PORT]",
        min=0,
        max=65535,
        help="Locust's page for this run, on this machine; 0 is any free port.",
        rich_help_panel=_PANEL,
    ),
]


class PortMayBeLeftOut(TyperCommand):
    """A command whose `--web` may stand alone: then it means Locust's usual port."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _with_port(args))


def _with_port(args: Sequence[str]) -> list[str]:
    following = [*args, "--"][1:]
    said: list[str] = []
    for word, after in zip(args, following, strict=True):
        said.append(word)
        if word == "--web" and not after.lstrip("-").isdigit():
            said.append(LOCUSTS_PORT)
    return said


def spread_of(
    workers: int | None,
    distributed: str | None,
    expected: int | None,
    join_within: str,
    web: int | None,
) -> "Spread":
    """Who sends; raise UsageError for options that make no sense together."""
    from ghlctl.load.plan import Spread
    from ghlctl.scenario.units import duration_s

    if (distributed is None) != (expected is None):
        raise UsageError(
            "--distributed and --expect-workers belong together",
            "--distributed 127.0.0.1:5557 --expect-workers 2",
        )
    within_s = duration_s(join_within)
    if within_s <= 0:
        raise UsageError("workers need some time to join", "--join-within 60s")
    if distributed is None:
        return Spread(workers or 1, web_port=web)
    place_of(distributed)
    return Spread(workers or 0, distributed, expected or 0, within_s, web)


def place_of(text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT; raise UsageError for anything else."""
    host, _, port = text.rpartition(":")
    bare = ":" in host and not (host.startswith("[") and host.endswith("]"))
    if bare or not host.strip("[]") or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:  # noqa: PLR2004 - the last port
        raise UsageError(f"{text!r} is no HOST:PORT", "write it like 127.0.0.1:5557 or [::1]:5557")
    return host.removeprefix("[").removesuffix("]"), int(port)
