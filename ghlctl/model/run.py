"""A run: everything one command measured, and where."""

from enum import StrEnum
from typing import Any

import msgspec

from ghlctl.model.caution import Caution

SCHEMA_VERSION = 1


class RunKind(StrEnum):
    LOADTEST = "loadtest"
    BASELINE = "baseline"
    AUDIT = "audit"
    DEMO = "demo"


class RunState(StrEnum):
    """RUNNING on disk without a living process is a killed run: it is read as ABORTED."""

    RUNNING = "running"
    COMPLETE = "complete"
    ABORTED = "aborted"


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The machine as far as it changes numbers; never a host name, a user or a path."""

    system: str
    machine: str
    cpu: str
    cores: int
    memory_bytes: int
    python: str
    load_1m: float


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """run.json. `origin_unix_ns` is the wall clock at the samples' monotonic zero, 0 if unknown."""

    schema_version: int
    id: str
    kind: RunKind
    state: RunState
    name: str
    scenario: dict[str, Any]
    seed: int
    receiver: str
    scheme: str
    environment: Environment
    started_at: str
    ended_at: str = ""
    tool_version: str = ""
    origin_unix_ns: int = 0
    cautions: tuple[Caution, ...] = ()
