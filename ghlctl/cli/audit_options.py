"""What audit is given beside the receiver, as flags over the audit section of ghlctl.yaml."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ghlctl.errors import UsageError

if TYPE_CHECKING:
    from ghlctl.audit.receiver import Bounds, HookName, Means
    from ghlctl.cli.settings import Receiver
    from ghlctl.scenario.audit_config import AuditConfig

OWN_LOG_S = 3.0  # its audit log takes two for what it refuses
"""Within this a receiver that runs for one command has written to its log, or never does."""

_MEANS = "Means"
_ASKING = "Asking"

Scope = Annotated[
    str | None,
    typer.Option(
        "--scope",
        metavar="TOPIC,…",
        help="Topics, validations, ids or names; ghl_integration is all.",
        rich_help_panel=_ASKING,
    ),
]
Intrusive = Annotated[
    bool,
    typer.Option(
        "--intrusive",
        help="Also what may disturb the receiver: huge bodies, bursts, slow connections.",
        rich_help_panel=_ASKING,
    ),
]
Timing = Annotated[
    bool,
    typer.Option(
        "--timing", help="Also tens of thousands of timed requests.", rich_help_panel=_ASKING
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Print what would be asked; send nothing.", rich_help_panel=_ASKING
    ),
]
MaxRequests = Annotated[
    int | None,
    typer.Option("--max-requests", min=1, help="Send no more than this.", rich_help_panel=_ASKING),
]
Logs = Annotated[
    list[str] | None,
    typer.Option(
        "--log", metavar="FILE", help="The receiver's log; repeatable.", rich_help_panel=_MEANS
    ),
]
ProbeCmd = Annotated[
    str | None,
    typer.Option(
        "--probe-cmd",
        metavar="CMD",
        help="Gets a delivery's id, ends with 0 if it was acted on, with 1 if not.",
        rich_help_panel=_MEANS,
    ),
]
StateUrl = Annotated[
    str | None,
    typer.Option(
        "--state-url",
        metavar="URL",
        help="With {contact}, {email} or {canary}: 2xx with it if it was acted on.",
        rich_help_panel=_MEANS,
    ),
]
ActedPattern = Annotated[
    str | None,
    typer.Option(
        "--acted-pattern",
        metavar="REGEX",
        help="With {contact}, {email} or {canary}: the log line of an act.",
        rich_help_panel=_MEANS,
    ),
]
StoreCmd = Annotated[
    str | None,
    typer.Option(
        "--store-cmd",
        metavar="CMD",
        help="Prints what the receiver keeps about {contact} or {email}.",
        rich_help_panel=_MEANS,
    ),
]
OldestCmd = Annotated[
    str | None,
    typer.Option(
        "--oldest-cmd",
        metavar="CMD",
        help="Prints times of what the receiver keeps, one a line.",
        rich_help_panel=_MEANS,
    ),
]
HookRestart = Annotated[
    str | None,
    typer.Option("--hook-restart", metavar="CMD", help="Restarts it.", rich_help_panel=_MEANS),
]
HookRestartWithoutKey = Annotated[
    str | None,
    typer.Option(
        "--hook-restart-without-key",
        metavar="CMD",
        help="Restarts it without its key.",
        rich_help_panel=_MEANS,
    ),
]
HookRotate = Annotated[
    str | None,
    typer.Option(
        "--hook-rotate",
        metavar="CMD",
        help="Makes it trust the second key too.",
        rich_help_panel=_MEANS,
    ),
]
HookRevoke = Annotated[
    str | None,
    typer.Option(
        "--hook-revoke",
        metavar="CMD",
        help="Makes it trust the first key no longer.",
        rich_help_panel=_MEANS,
    ),
]
SecondKey = Annotated[
    str | None,
    typer.Option(
        "--second-key", metavar="REF", help="For rotation: file:PATH.", rich_help_panel=_MEANS
    ),
]
PublicKey = Annotated[
    str | None,
    typer.Option(
        "--public-key",
        metavar="REF",
        help="The receiver's public key, where it is not the test key's.",
        rich_help_panel=_MEANS,
    ),
]
SourceDir = Annotated[
    str | None,
    typer.Option(
        "--source", metavar="DIR", help="The receiver's source, to look at.", rich_help_panel=_MEANS
    ),
]
RetentionDays = Annotated[
    float | None,
    typer.Option("--retention-days", min=0, help="The declared retention.", rich_help_panel=_MEANS),
]
RateLimit = Annotated[
    float | None,
    typer.Option(
        "--rate-limit", metavar="PER_S", min=0, help="The declared limit.", rich_help_panel=_MEANS
    ),
]


@dataclass(frozen=True, slots=True)
class MeansFlags:
    """As the command line has them; None, empty or false where nothing was said."""

    logs: Sequence[str] | None = None
    probe_cmd: str | None = None
    state_url: str | None = None
    acted_pattern: str | None = None
    store_cmd: str | None = None
    oldest_cmd: str | None = None
    restart: str | None = None
    restart_without_key: str | None = None
    rotate: str | None = None
    revoke: str | None = None
    second_key: str | None = None
    public_key: str | None = None
    source: str | None = None
    intrusive: bool = False
    timing: bool = False
    rate_limit_per_s: float | None = None
    retention_days: float | None = None

    def __post_init__(self) -> None:
        """An empty flag is a variable that was not set."""
        for name in self.__slots__:
            said = getattr(self, name)
            if isinstance(said, str) and not said.strip():
                flag = name.replace("_", "-")
                raise UsageError(f"--{flag} is empty", "leave it out, or say what it is")


def means_of(
    flags: MeansFlags, config: "AuditConfig", receiver: "Receiver | None" = None
) -> "Means":
    """Flags over config, and over both what a receiver has that was started for this.

    Such a one may be disturbed, too.
    """
    from ghlctl.audit.receiver import Means

    own = receiver is not None and receiver.pid is not None
    logs = receiver.logs if receiver is not None else ()
    store_cmd = receiver.store_cmd if receiver is not None else ""
    second_key = (receiver.second_key_ref if receiver is not None else None) or ""
    source = flags.source or config.source
    return Means(
        logs=tuple(Path(log) for log in flags.logs or config.logs or logs),
        probe_cmd=flags.probe_cmd or config.probe_cmd,
        state_url=flags.state_url or config.state_url,
        acted_pattern=flags.acted_pattern or config.acted_pattern,
        store_cmd=flags.store_cmd or config.store_cmd or store_cmd,
        oldest_cmd=flags.oldest_cmd or config.oldest_cmd,
        hooks=_hooks(flags, config),
        second_key=_key(flags.second_key or config.second_key or second_key),
        public_key=_key(flags.public_key or config.public_key),
        source=Path(source) if source else None,
        intrusive=flags.intrusive or config.intrusive or own,
        timing=flags.timing or config.timing,
        rate_limit_per_s=_said(flags.rate_limit_per_s, config.rate_limit_per_s),
        retention_days=_said(flags.retention_days, config.retention_days),
        needed_fields=tuple(config.needed_fields),
    )


def _hooks(flags: MeansFlags, config: "AuditConfig") -> "dict[HookName, str]":
    from ghlctl.audit.receiver import HookName

    said = {
        HookName.RESTART: flags.restart or config.hooks.restart,
        HookName.RESTART_WITHOUT_KEY: flags.restart_without_key or config.hooks.restart_without_key,
        HookName.ROTATE: flags.rotate or config.hooks.rotate,
        HookName.REVOKE: flags.revoke or config.hooks.revoke,
    }
    return {name: command for name, command in said.items() if command}


def _key(reference: str) -> bytes | None:
    from ghlctl.store.keys import resolve_key

    return resolve_key(reference, os.environ) if reference else None


def _said(flag: float | None, config: float | None) -> float | None:
    return config if flag is None else flag


def bounds_for(
    receiver: "Receiver", config: "AuditConfig", *, max_requests: int | None = None
) -> "Bounds":
    """Gentle with other machines, quicker on this one; the config has the last word."""
    from dataclasses import replace

    from ghlctl.audit.receiver import Bounds
    from ghlctl.transport.hearing import on_this_machine

    bounds = Bounds()
    if on_this_machine(receiver.url):
        bounds = replace(bounds, requests_per_s=200.0)
    if receiver.logs:
        bounds = replace(bounds, log_within_s=OWN_LOG_S)
    if config.requests_per_s is not None:
        bounds = replace(bounds, requests_per_s=config.requests_per_s)
    most = max_requests or config.max_requests
    return bounds if most is None else replace(bounds, requests=most)
