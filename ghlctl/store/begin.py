"""The first entry of every run."""

import secrets
from datetime import UTC, date, datetime
from typing import Any

from ghlctl import __version__
from ghlctl.model.address import shown_url
from ghlctl.model.run import SCHEMA_VERSION, Run, RunKind, RunState
from ghlctl.store.environment import this_environment
from ghlctl.store.runs import run_id

_URLS = ("http://", "https://")


def new_run(
    kind: RunKind, name: str, *, scenario: dict[str, Any], seed: int, receiver: str, scheme: str
) -> Run:
    """A run that begins now on this machine, with an id of its own; its URLs without secrets."""
    now = datetime.now(UTC)
    return Run(
        schema_version=SCHEMA_VERSION,
        id=run_id(kind, f"{now:%Y%m%dT%H%M%SZ}", secrets.token_hex(3)),
        kind=kind,
        state=RunState.RUNNING,
        name=name,
        scenario=_shown(scenario),
        seed=seed,
        receiver=_shown_text(receiver),
        scheme=scheme,
        environment=this_environment(),
        started_at=utc_text(now),
        tool_version=__version__,
    )


def _shown(scenario: dict[str, Any]) -> dict[str, Any]:
    return {name: _shown_value(value) for name, value in scenario.items()}


def _shown_value(value: Any) -> Any:
    match value:
        case dict():
            return _shown(value)
        case list() | tuple():
            return [_shown_value(each) for each in value]
        case str():
            return _shown_text(value)
        case _:
            return value


def _shown_text(text: str) -> str:
    """A receiver may also be named in words, which are left as they are."""
    return shown_url(text) if text.startswith(_URLS) else text


def utc_text(moment: datetime) -> str:
    """ISO 8601 with milliseconds and Z, as run.json has it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_now() -> str:
    return utc_text(datetime.now(UTC))


def today_utc() -> date:
    return datetime.now(UTC).date()
